package org.sluice.smmuv2.model;

import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.function.Predicate;

/**
 * Leaves by 4 KiB page of the input address, tagged by VMID and ASID. A look-up neither locks nor allocates.
 *
 * <p>Every fill carries the generation that was read before its walk began, and is dropped if an invalidation came since. Fills
 * and invalidations exclude each other, so that nothing that was walked before an invalidation is found after it.
 */
final class Tlb {
    private static final int PAGE = 12;
    private static final int ANY_ASID = -1;
    private static final long MIX = 0x9e3779b97f4a7c15L;

    private final AtomicReferenceArray<Entry> entries;
    private volatile long generation;

    /** One translation; {@code asid} is {@link #ANY_ASID} for global leaves and for stage 2 alone. */
    private record Entry(int vmid, int asid, boolean stage2Only, boolean ahead, long page, Mapping leaf) {
        boolean overlaps(long first, long bytes) {
            long start = leaf.input();
            return start - first >= 0 ? start - first < bytes : first - start < 1L << leaf.log2size();
        }
    }

    /**
     * A cache of so many entries.
     *
     * @param size power of two, or 0 for none
     */
    Tlb(int size) {
        entries = new AtomicReferenceArray<>(size);
    }

    long generation() {
        return generation;
    }

    /** The leaf for an address, or null. */
    Mapping lookup(int vmid, int asid, boolean stage2Only, long input) {
        if (entries.length() == 0) {
            return null;
        }
        long page = input >> PAGE;
        Entry entry = entries.get(slot(vmid, page));
        return entry != null
                        && entry.page == page
                        && entry.vmid == vmid
                        && entry.stage2Only == stage2Only
                        && (entry.asid == ANY_ASID || entry.asid == asid)
                ? entry.leaf
                : null;
    }

    /**
     * Keeps a leaf for the page of an address, unless an invalidation came meanwhile.
     *
     * @param ahead the leaf was not asked for
     * @param began {@link #generation} before the walk
     */
    void fill(int vmid, int asid, boolean stage2Only, boolean ahead, long input, Mapping leaf, long began) {
        if (entries.length() == 0) {
            return;
        }
        long page = input >> PAGE;
        int tag = stage2Only || leaf.global() ? ANY_ASID : asid;
        Entry entry = new Entry(vmid, tag, stage2Only, ahead, page, leaf);
        synchronized (this) {
            if (generation == began) {
                entries.set(slot(vmid, page), entry);
            }
        }
    }

    private int slot(int vmid, long page) {
        long mixed = (page ^ (long) vmid << 40) * MIX;
        return (int) (mixed >>> 40) & entries.length() - 1;
    }

    void invalidateAll() {
        remove(entry -> true);
    }

    void invalidateVmid(int vmid) {
        remove(entry -> entry.vmid == vmid);
    }

    /** Entries of one ASID; global ones stay. */
    void invalidateAsid(int vmid, int asid) {
        remove(entry -> entry.vmid == vmid && entry.asid == asid);
    }

    /**
     * Entries for an address.
     *
     * @param asid whose, and global ones; or a negative number for all
     * @param spareAhead entries that were fetched ahead stay: a defect
     * @param spareBlocks entries of leaves above a page stay: a defect
     */
    void invalidateAddress(int vmid, int asid, long input, boolean spareAhead, boolean spareBlocks) {
        long first = input & -1L << PAGE;
        remove(entry -> entry.vmid == vmid
                && !entry.stage2Only
                && !(spareAhead && entry.ahead)
                && !(spareBlocks && entry.leaf.log2size() > PAGE)
                && (asid < 0 || entry.asid == ANY_ASID || entry.asid == asid)
                && entry.overlaps(first, 1L << PAGE));
    }

    /** Entries of stage 2 alone for an intermediate address. Those of both stages together do not know it, and stay. */
    void invalidateIpa(int vmid, long ipa) {
        long first = ipa & -1L << PAGE;
        remove(entry -> entry.vmid == vmid && entry.stage2Only && entry.overlaps(first, 1L << PAGE));
    }

    private synchronized void remove(Predicate<Entry> victim) {
        generation++;
        for (int i = 0; i < entries.length(); i++) {
            Entry entry = entries.get(i);
            if (entry != null && victim.test(entry)) {
                entries.set(i, null);
            }
        }
    }
}
