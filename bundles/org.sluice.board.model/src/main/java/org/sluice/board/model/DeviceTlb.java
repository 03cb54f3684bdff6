package org.sluice.board.model;

import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.sluice.spi.board.AtsCompletion;
import org.sluice.spi.board.Dma;
import org.sluice.spi.board.IommuModel;

/**
 * The address translation cache of an endpoint, direct-mapped by page. Any thread; a look-up neither locks nor allocates. A
 * completion is kept only if nothing was invalidated since it was asked for.
 */
final class DeviceTlb {
    private static final int PAGE_BITS = 12;
    private static final int EVERY_ADDRESS = 64;

    private final AtomicReferenceArray<Entry> entries;
    private final AtomicLong generation = new AtomicLong();

    /**
     * A translation.
     *
     * @param pasid PASID, or {@link Dma#NO_PASID}
     * @param privileged for whom it was asked
     * @param address untranslated, where it begins
     * @param completion what it is
     */
    record Entry(int pasid, boolean privileged, long address, AtsCompletion completion) {
        static Entry of(int pasid, boolean privileged, long address, AtsCompletion completion) {
            return new Entry(pasid, privileged, address & -completion.bytes(), completion);
        }

        boolean matches(int otherPasid, boolean otherPrivileged, long other) {
            return pasid == otherPasid && privileged == otherPrivileged && (other & -completion.bytes()) == address;
        }

        /** Whether an access may use it; an untranslated one it leaves to the IOMMU. */
        boolean permits(int flags) {
            if ((flags & IommuModel.WRITE) != 0) {
                return completion.write();
            }
            return (flags & Dma.EXECUTE) != 0 ? completion.execute() : completion.read();
        }

        long output(long input) {
            return completion.address() + (input - address);
        }
    }

    /**
     * A cache of nothing.
     *
     * @param size entries, a power of two
     */
    DeviceTlb(int size) {
        entries = new AtomicReferenceArray<>(size);
    }

    private int index(int pasid, long address) {
        long hash = ((address >>> PAGE_BITS) * 0x9e3779b97f4a7c15L ^ pasid * 0xd1b54a32d192ed03L) >>> 32;
        return (int) hash & entries.length() - 1;
    }

    /** The translation of an address, or null. */
    Entry lookup(int pasid, boolean privileged, long address) {
        Entry entry = entries.get(index(pasid, address));
        return entry != null && entry.matches(pasid, privileged, address) ? entry : null;
    }

    /** What {@link #fill} wants to know of the time before the request. */
    long generation() {
        return generation.get();
    }

    /** Keeps a translation under an address that it covers, unless anything was invalidated since. */
    synchronized void fill(Entry entry, long address, long began) {
        if (generation.get() == began) {
            entries.set(index(entry.pasid(), address), entry);
        }
    }

    /**
     * Drops translations.
     *
     * @param global with a PASID: of every PASID
     */
    synchronized void invalidate(int pasid, boolean global, long address, int log2bytes) {
        generation.incrementAndGet();
        for (int i = 0; i < entries.length(); i++) {
            Entry entry = entries.get(i);
            if (entry != null
                    && (entry.pasid() == pasid || global && entry.pasid() != Dma.NO_PASID)
                    && overlap(entry, address, log2bytes)) {
                entries.set(i, null);
            }
        }
    }

    // both ranges are aligned to their sizes, so one contains the other if they meet at all
    private static boolean overlap(Entry entry, long address, int log2bytes) {
        if (log2bytes >= EVERY_ADDRESS) {
            return true;
        }
        long mask = -1L << log2bytes & -entry.completion().bytes();
        return ((entry.address() ^ address) & mask) == 0;
    }

    /** Drops all. */
    synchronized void clear() {
        generation.incrementAndGet();
        for (int i = 0; i < entries.length(); i++) {
            entries.set(i, null);
        }
    }
}
