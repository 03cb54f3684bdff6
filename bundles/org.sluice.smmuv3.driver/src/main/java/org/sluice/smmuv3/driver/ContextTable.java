package org.sluice.smmuv3.driver;

import org.sluice.api.IommuException;
import org.sluice.smmuv3.arch.ContextDescriptor;
import org.sluice.spi.memory.PageAllocator;
import org.sluice.spi.memory.PhysicalMemory;

/**
 * The context descriptors of one device, by SubstreamID. Descriptor 0 is for untagged traffic. One thread at a time; the SMMU
 * reads along.
 */
abstract class ContextTable {
    /** Bytes of a leaf of a two-level table. */
    static final long LEAF_BYTES = 64L << 10;

    /** SubstreamID bits that a leaf, or a linear table, resolves at most. */
    static final int LEAF_BITS = Long.numberOfTrailingZeros(LEAF_BYTES / ContextDescriptor.BYTES);

    private final StreamEntry.ContextTablePointer pointer;

    ContextTable(StreamEntry.ContextTablePointer pointer) {
        this.pointer = pointer;
    }

    /**
     * How many SubstreamID bits a device's table covers.
     *
     * @param features of the SMMU
     * @param pasidBits of the device
     */
    static int substreamBits(Features features, int pasidBits) {
        int limit = features.has(Feature.TWO_LEVEL_CONTEXT_TABLE) ? features.substreamBits() : LEAF_BITS;
        return Math.min(pasidBits, Math.min(limit, features.substreamBits()));
    }

    /**
     * Allocates a table without contexts.
     *
     * @throws IommuException ENOMEM
     */
    static ContextTable create(int substreamBits, PhysicalMemory memory, PageAllocator allocator) {
        return substreamBits > LEAF_BITS
                ? TwoLevelContextTable.create(substreamBits, memory, allocator)
                : LinearContextTable.create(substreamBits, memory, allocator);
    }

    /** The table at an address, as it is. */
    static ContextTable at(long base, int substreamBits, PhysicalMemory memory, PageAllocator allocator) {
        return substreamBits > LEAF_BITS
                ? new TwoLevelContextTable(base, substreamBits, memory, allocator)
                : new LinearContextTable(base, substreamBits, memory, allocator);
    }

    /** What a stream table entry says about it. */
    final StreamEntry.ContextTablePointer pointer() {
        return pointer;
    }

    /** Width of the SubstreamIDs that it covers. */
    final int substreamBits() {
        return pointer.substreamBits();
    }

    /** Whether a descriptor exists: its leaf is linked, if there are two levels. */
    abstract boolean exists(int substreamId);

    /**
     * Makes sure that a descriptor exists.
     *
     * @return whether a leaf was linked for it, so that the SMMU must forget the first-level descriptor that was there
     * @throws IommuException ENOMEM; nothing changed
     */
    abstract boolean prepare(int substreamId);

    /** Physical address in bytes of a descriptor that exists. */
    abstract long entry(int substreamId);

    /** Visits every descriptor that exists, in ascending order. */
    abstract void forEach(EntryVisitor visitor);

    /** Bytes of the table that a stream table entry names. */
    abstract long baseBytes();

    /**
     * A second table in which one descriptor can be rewritten while the SMMU uses this one; the others are the same, and from
     * now on only the copy may change them.
     *
     * @param substreamId of a descriptor that exists
     * @throws IommuException ENOMEM; nothing changed
     */
    abstract ContextTable copy(int substreamId);

    /** Frees what a {@link #copy} for a descriptor does not share. The SMMU reads this table no more. */
    abstract void freeCopied(int substreamId);

    /** Frees all of it. The SMMU reads it no more. */
    abstract void free();

    /** Copies words. */
    static void copyBytes(PhysicalMemory memory, long from, long to, long bytes) {
        for (long offset = 0; offset < bytes; offset += Long.BYTES) {
            memory.write64(to + offset, memory.read64(from + offset));
        }
    }
}
