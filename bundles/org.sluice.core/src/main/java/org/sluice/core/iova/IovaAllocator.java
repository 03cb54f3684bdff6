package org.sluice.core.iova;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.core.gate.SwapGate;

/**
 * Hands out the IOVAs of one address space: aligned to their size rounded up to a power of two, the highest first, as Linux's
 * {@code iova.c} does. In front of the {@link FreeRanges} each thread keeps IOVAs of the six smallest sizes (1 to 32 pages),
 * which need no lock at all. It is part of the core's ledger: no bundle that can be swapped holds any of it.
 *
 * <p><b>Why no lock.</b> A thread touches its {@link IovaStacks} only while it holds a pin of the swap gate, which costs its
 * full fence whether there are stacks or not. Whoever wants everybody's closes the table of stacks and then drains the gate: by
 * the order that the gate guarantees, each thread either finds it closed or was waited for. Until it is open again threads use
 * the free ranges directly, under their lock.
 *
 * <p>Frames are IOVAs divided by the granule; the free ranges are of frames, whatever lies in front of them is of IOVAs. Frame
 * 0 is never handed out: 0 says that there is none.
 */
public final class IovaAllocator {
    /** Sizes that are cached: 1, 2, 4, 8, 16 and 32 pages. */
    static final int ORDERS = 6;

    private static final long FOUR_GIB = 1L << 32;

    private final SwapGate gate;
    private final int shift;
    private final int zerosBeforeGranule;
    private final long firstFrame;
    private final long lastFrame;
    private final long last32;
    private final FreeRanges free = new FreeRanges(); // guarded by itself
    private final Depot[] depots = new Depot[ORDERS];
    private final IovaStacks caches = new IovaStacks();
    private final Object flushing = new Object();
    private final List<long[]> reserved = new ArrayList<>(); // first and last frame, ascending; guarded by free
    private final Runnable depotGrew;
    private final int depotLimit = Math.max(1, Runtime.getRuntime().availableProcessors());

    /** Smallest size in pages that was not found below 4 GiB since something was given back there; guarded by free. */
    private long failedBelow4G = Long.MAX_VALUE;

    /**
     * An allocator for a whole address space.
     *
     * @param gate that those who allocate hold
     * @param firstIova bytes
     * @param lastIova bytes, inclusive, unsigned
     * @param granule smallest page in bytes, a power of two of at least 4096
     * @param depotGrew is told when more full magazines lie about than processors could use; {@link #trim} helps
     */
    public IovaAllocator(SwapGate gate, long firstIova, long lastIova, long granule, Runnable depotGrew) {
        this.gate = gate;
        this.shift = Long.numberOfTrailingZeros(granule);
        this.zerosBeforeGranule = Long.SIZE - shift;
        this.firstFrame = Math.max(1, firstIova >>> shift);
        this.lastFrame = lastIova >>> shift;
        this.last32 = FOUR_GIB - 1 >>> shift;
        this.depotGrew = depotGrew;
        for (int order = 0; order < ORDERS; order++) {
            depots[order] = new Depot();
        }
        free.give(firstFrame, lastFrame);
    }

    /**
     * Size of a page.
     *
     * @return bytes
     */
    public long granule() {
        return 1L << shift;
    }

    /**
     * Keeps a range from being handed out, for ever. Outside of the gate.
     *
     * @param iova first byte
     * @param last byte, inclusive, unsigned
     * @param nanos longest wait for operations that are inside
     * @return false if part of it is handed out; nothing changes then
     */
    public boolean reserve(long iova, long last, long nanos) {
        long from = Math.max(firstFrame, iova >>> shift);
        long to = Math.min(lastFrame, last >>> shift);
        if (from > to) {
            return true;
        }
        // What lies in a cache is free, but would be handed out again.
        flushCaches(nanos);
        synchronized (free) {
            long known = free.count(from, to);
            for (long[] other : reserved) {
                known += Math.max(0, Math.min(to, other[1]) - Math.max(from, other[0]) + 1);
            }
            if (known != to - from + 1) {
                return false;
            }
            free.withhold(from, to);
            keepApart(from, to);
            return true;
        }
    }

    /** Reserved ranges do not overlap, so that each frame counts once. */
    private void keepApart(long from, long to) {
        long start = from;
        for (long[] other : List.copyOf(reserved)) {
            if (other[0] <= to && other[1] >= start) {
                if (start < other[0]) {
                    reserved.add(new long[] {start, other[0] - 1});
                }
                start = other[1] + 1;
            }
        }
        if (start <= to) {
            reserved.add(new long[] {start, to});
        }
        reserved.sort(Comparator.comparingLong(range -> range[0]));
    }

    /**
     * Takes an IOVA.
     *
     * @param pin of the gate, held by this thread; null while an outer operation holds it, which is slower
     * @param size bytes, a multiple of the granule, above 0
     * @param limit last byte that may be used, unsigned
     * @return the IOVA in bytes, aligned; 0 if there is none: {@link #flushCaches} outside of the gate and try once more
     */
    public long allocate(long[] pin, long size, long limit) {
        long iova = allocateAtHand(pin, size, limit);
        if (iova != 0) {
            return iova;
        }
        int order = order(size);
        long[] stacks = order < ORDERS && pin != null ? caches.of(pin) : null;
        return stacks != null ? allocateBehind(stacks, order, limit) : allocateFromRanges(size, limit);
    }

    /**
     * Takes an IOVA of this size that this thread gave back. It is so short that compilers put it where it is called,
     * which they do not do with {@link #allocate}, whose ways end in the tree of free ranges.
     *
     * @param pin of the gate, held by this thread; null while an outer operation holds it
     * @param size bytes, a multiple of the granule, above 0
     * @param limit last byte that may be used, unsigned
     * @return the IOVA in bytes, aligned; 0 if there is none at hand: then {@link #allocate}
     */
    public long allocateAtHand(long[] pin, long size, long limit) {
        int order = order(size);
        if (order < ORDERS && pin != null) {
            long[] stacks = caches.of(pin);
            if (stacks != null) {
                long iova = stacks[IovaStacks.LOOSE + order];
                if (iova != 0 && fits(iova, size, limit)) {
                    stacks[IovaStacks.LOOSE + order] = 0;
                    return iova;
                }
                int base = IovaStacks.base(order);
                int count = (int) stacks[base];
                if (count > 0 && fits(stacks[base + count], size, limit)) {
                    stacks[base] = count - 1;
                    return stacks[base + count];
                }
            }
        }
        return 0;
    }

    private static boolean fits(long iova, long size, long limit) {
        long beforeRoundedUp = -1L >>> Long.numberOfLeadingZeros(size - 1);
        return Long.compareUnsigned(iova + beforeRoundedUp, limit) <= 0;
    }

    /** Sizes up to 32 pages are rounded up to a power of two, so that the caches have few sizes. */
    private int order(long size) {
        return zerosBeforeGranule - Long.numberOfLeadingZeros(size - 1);
    }

    /** Another IOVA of the thread's than the one on top, or one from the depot, or from the ranges. */
    private long allocateBehind(long[] stacks, int order, long limit) {
        int base = IovaStacks.base(order);
        if (stacks[base] == 0) {
            Magazine full = depots[order].pop();
            if (full != null) {
                System.arraycopy(full.iovas, 0, stacks, base + 1, Magazine.CAPACITY);
                stacks[base] = Magazine.CAPACITY;
                depots[order].keep(full);
            }
        }
        for (int at = base + (int) stacks[base]; at > base; at--) {
            long iova = stacks[at];
            if (fits(iova, 1L << order + shift, limit)) {
                stacks[at] = stacks[base + (int) stacks[base]];
                stacks[base]--;
                return iova;
            }
        }
        return allocateFromRanges(1L << order + shift, limit);
    }

    /**
     * Gives an IOVA back. No device uses it any more.
     *
     * @param pin of the gate, held by this thread; null while an outer operation holds it, which is slower
     * @param iova as {@link #allocate} gave it
     * @param size as then
     * @throws IommuException EINVAL it is free already (noticed for what no cache holds)
     */
    public void free(long[] pin, long iova, long size) {
        if (freeAtHand(pin, iova, size)) {
            return;
        }
        int order = order(size);
        long[] stacks = order < ORDERS && pin != null ? caches.of(pin) : null;
        if (stacks == null) {
            freeToRanges(iova >>> shift, order < ORDERS ? 1L << order : size >>> shift);
            return;
        }
        int base = IovaStacks.base(order);
        int count = (int) stacks[base];
        // It need not be full: the caches may have been closed a moment ago and open now.
        if (count == IovaStacks.CAPACITY) {
            count = spill(stacks, order);
        }
        stacks[base + 1 + count] = iova;
        stacks[base] = count + 1;
    }

    /**
     * Gives an IOVA back if there is room at hand for it; the counterpart of {@link #allocateAtHand}.
     *
     * @param pin of the gate, held by this thread; null while an outer operation holds it
     * @param iova as {@link #allocate} or {@link #allocateAtHand} gave it; no device uses it any more
     * @param size as then
     * @return false if nothing happened: then {@link #free}
     */
    public boolean freeAtHand(long[] pin, long iova, long size) {
        int order = order(size);
        if (order < ORDERS && pin != null) {
            long[] stacks = caches.of(pin);
            if (stacks != null) {
                if (stacks[IovaStacks.LOOSE + order] == 0) {
                    stacks[IovaStacks.LOOSE + order] = iova;
                    return true;
                }
                int base = IovaStacks.base(order);
                int count = (int) stacks[base];
                if (count < IovaStacks.CAPACITY) {
                    stacks[base + 1 + count] = iova;
                    stacks[base] = count + 1;
                    return true;
                }
            }
        }
        return false;
    }

    /** The older half of a full stack goes to the depot. */
    private int spill(long[] stacks, int order) {
        int first = IovaStacks.base(order) + 1;
        Depot depot = depots[order];
        Magazine magazine = depot.takeEmpty();
        System.arraycopy(stacks, first, magazine.iovas, 0, Magazine.CAPACITY);
        System.arraycopy(stacks, first + Magazine.CAPACITY, stacks, first, Magazine.CAPACITY);
        depot.push(magazine);
        if (depot.size() == depotLimit + 1) {
            depotGrew.run();
        }
        return Magazine.CAPACITY;
    }

    private long allocateFromRanges(long size, long limit) {
        int order = order(size);
        long pages = order < ORDERS ? 1L << order : size >>> shift;
        long limitFrame = Math.min(limit >>> shift, lastFrame);
        synchronized (free) {
            if (limitFrame <= last32 && pages >= failedBelow4G) {
                return 0;
            }
            long frame = free.takeHighest(pages, 1L << order, limitFrame);
            if (frame == 0 && limitFrame == last32) {
                failedBelow4G = pages;
            }
            return frame << shift;
        }
    }

    private void freeToRanges(long frame, long pages) {
        synchronized (free) {
            boolean valid = frame >= firstFrame && frame + pages - 1 <= lastFrame;
            if (!valid || !free.give(frame, frame + pages - 1)) {
                throw new IommuException(
                        Errno.EINVAL,
                        String.format("iova 0x%x of 0x%x bytes is not handed out", frame << shift, pages << shift));
            }
            if (frame <= last32) {
                failedBelow4G = Long.MAX_VALUE;
            }
        }
    }

    /**
     * Brings everything that threads and depots keep back to the free ranges, so that neighbours join. Outside of the gate;
     * waits for operations that are inside.
     *
     * @param nanos longest wait
     * @return false when one did not leave in time; the caches stay as they are then
     */
    public boolean flushCaches(long nanos) {
        synchronized (flushing) {
            caches.close();
            try {
                // A thread that makes its cache does that inside the gate: no lock of theirs is held while waiting for
                // them.
                if (!gate.drain(nanos)) {
                    return false;
                }
                caches.forEach(this::empty);
            } finally {
                caches.reopen();
            }
        }
        for (int order = 0; order < ORDERS; order++) {
            drainDepot(order, 0);
        }
        return true;
    }

    /**
     * Brings one magazine of each size back that more than processors have.
     *
     * @return whether there is more to trim
     */
    public boolean trim() {
        boolean more = false;
        for (int order = 0; order < ORDERS; order++) {
            int size = depots[order].size();
            if (size > depotLimit) {
                drainDepot(order, size - 1);
                more |= size - 1 > depotLimit;
            }
        }
        return more;
    }

    private void drainDepot(int order, int keep) {
        while (depots[order].size() > keep) {
            Magazine full = depots[order].pop();
            if (full == null) {
                return;
            }
            for (long iova : full.iovas) {
                freeToRanges(iova >>> shift, 1L << order);
            }
            depots[order].keep(full);
        }
    }

    private void empty(long[] stacks) {
        for (int order = 0; order < ORDERS; order++) {
            int base = IovaStacks.base(order);
            for (int at = base + (int) stacks[base]; at > base; at--) {
                freeToRanges(stacks[at] >>> shift, 1L << order);
            }
            stacks[base] = 0;
            long loose = stacks[IovaStacks.LOOSE + order];
            if (loose != 0) {
                freeToRanges(loose >>> shift, 1L << order);
                stacks[IovaStacks.LOOSE + order] = 0;
            }
        }
    }

    /**
     * Bytes that are handed out or cached.
     *
     * @return a snapshot, in bytes
     */
    public long takenBytes() {
        synchronized (free) {
            return lastFrame - firstFrame + 1 - free.pages() - reservedPages() << shift;
        }
    }

    /**
     * Bytes that were reserved.
     *
     * @return bytes
     */
    public long reservedBytes() {
        synchronized (free) {
            return reservedPages() << shift;
        }
    }

    private long reservedPages() {
        return reserved.stream().mapToLong(range -> range[1] - range[0] + 1).sum();
    }

    /**
     * How scattered the free part is.
     *
     * @return ranges
     */
    public int freeRanges() {
        synchronized (free) {
            return free.ranges();
        }
    }
}
