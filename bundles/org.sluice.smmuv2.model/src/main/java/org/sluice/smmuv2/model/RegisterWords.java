package org.sluice.smmuv2.model;

/**
 * Storage of one page of registers. Reads are volatile in effect, writes are made under the owner's lock; a 64-bit register
 * is two words, lower first.
 */
final class RegisterWords {
    private final int[] words;

    RegisterWords(int bytes) {
        words = new int[bytes / Integer.BYTES];
    }

    synchronized int get(int offset) {
        return words[offset / Integer.BYTES];
    }

    synchronized long getLong(int offset) {
        int index = offset / Integer.BYTES;
        return words[index] & 0xffffffffL | (long) words[index + 1] << Integer.SIZE;
    }

    synchronized void set(int offset, int value) {
        words[offset / Integer.BYTES] = value;
    }

    synchronized void setLong(int offset, long value) {
        int index = offset / Integer.BYTES;
        words[index] = (int) value;
        words[index + 1] = (int) (value >>> Integer.SIZE);
    }
}
