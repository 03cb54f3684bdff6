package org.sluice.smmuv3.model;

import org.sluice.spi.memory.PhysicalMemory;

/** Reads 64-byte structures. */
final class Structures {
    private Structures() {}

    /**
     * Reads a structure, its first word first: once software published that word with release, the rest is what it wrote
     * before.
     */
    static void read(PhysicalMemory memory, long address, long[] words) {
        for (int i = 0; i < words.length; i++) {
            words[i] = memory.read64Acquire(address + (long) i * Long.BYTES);
        }
    }
}
