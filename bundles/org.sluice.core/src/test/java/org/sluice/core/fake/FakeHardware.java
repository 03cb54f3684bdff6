package org.sluice.core.fake;

import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.LongConsumer;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.spi.driver.Attachment;

/**
 * What silicon would keep: routes of streams, entries of PASIDs, and a TLB that forgets only what is invalidated. It outlives
 * drivers. An invalidation that is queued takes effect at the next sync, which waits for transactions in flight.
 */
public final class FakeHardware {
    /** How the hardware reads page tables. */
    @FunctionalInterface
    public interface Walk {
        /** Physical address of a page, or 0. */
        long walk(long root, long iova);

        /** The same for a write; 0 also where the page may only be read. */
        default long walkForWrite(long root, long iova) {
            return walk(root, iova);
        }
    }

    /** Where a stream, or a PASID of it, goes. */
    public record Route(Attachment.Kind kind, int tag, long root) {}

    private record Page(int tag, long number, boolean write) {}

    /** An invalidation that no sync made effective yet. */
    record Range(int tag, long first, long last) {}

    public final Journal journal;
    private final Walk walk;
    public final Map<Integer, Route> untagged = new ConcurrentHashMap<>();
    public final Map<String, Route> pasids = new ConcurrentHashMap<>();
    private final Map<Page, Long> tlb = new ConcurrentHashMap<>();
    private final Queue<Range> queue = new ConcurrentLinkedQueue<>();
    private final ReadWriteLock traffic = new ReentrantReadWriteLock(true);
    public final BitSet tags = new BitSet();
    /** Why nothing answers any more, as when the machine behind it died; empty while it does. */
    public volatile String dead = "";
    /** What makes steps of the driver fail; set once. */
    public Injection injection = new Injection();

    public FakeHardware(Journal journal, Walk walk) {
        this.journal = journal;
        this.walk = walk;
    }

    /** Something that takes an answer. */
    void touch() {
        if (!dead.isEmpty()) {
            throw new IommuException(Errno.EIO, dead);
        }
    }

    static String entry(int stream, int pasid) {
        return stream + "/" + pasid;
    }

    /** One transaction: the address that it hits while it is in flight; 0 aborts. Nothing is used after it returned. */
    public long dma(int stream, int pasid, long iova, LongConsumer access) {
        return dma(stream, pasid, iova, false, access);
    }

    /** The same, with a check of write access if wanted. */
    public long dma(int stream, int pasid, long iova, boolean write, LongConsumer access) {
        traffic.readLock().lock();
        try {
            Route route = pasid < 0 ? untagged.get(stream) : pasids.get(entry(stream, pasid));
            if (route == null || route.kind() == Attachment.Kind.BLOCKED) {
                return 0;
            }
            if (route.kind() == Attachment.Kind.IDENTITY) {
                return iova;
            }
            Page page = new Page(route.tag(), iova >>> 12, write);
            Long hit = tlb.get(page);
            if (hit == null) {
                long page4k = iova & -4096;
                long walked = write ? walk.walkForWrite(route.root(), page4k) : walk.walk(route.root(), page4k);
                if (walked == 0) {
                    return 0;
                }
                tlb.put(page, walked);
                hit = walked;
            }
            access.accept(hit);
            return hit | iova & 4095;
        } finally {
            traffic.readLock().unlock();
        }
    }

    public long dma(int stream, int pasid, long iova) {
        return dma(stream, pasid, iova, address -> {});
    }

    /** Lets every route of a tag begin at another root. */
    void moveRoot(int tag, long root) {
        for (Map<?, Route> routes : List.of(untagged, pasids)) {
            routes.replaceAll((key, route) -> route.tag() == tag && route.kind() == Attachment.Kind.TRANSLATED
                    ? new Route(route.kind(), tag, root)
                    : route);
        }
    }

    void queue(int tag, long first, long last) {
        queue.add(new Range(tag, first, last));
    }

    /** Completes what was queued for a tag, and nothing else: another tag may be another IOMMU's. */
    void sync(int tag) {
        touch();
        traffic.writeLock().lock();
        try {
            for (Range gone : queue) {
                if (gone.tag() == tag && queue.remove(gone)) {
                    tlb.keySet()
                            .removeIf(page -> page.tag() == tag
                                    && page.number() >= gone.first() >>> 12
                                    && page.number() <= gone.last() >>> 12);
                }
            }
        } finally {
            traffic.writeLock().unlock();
        }
    }

    void invalidateTag(int tag) {
        touch();
        traffic.writeLock().lock();
        try {
            tlb.keySet().removeIf(page -> page.tag() == tag);
        } finally {
            traffic.writeLock().unlock();
        }
    }

    /** Translations of a tag that the TLB holds. */
    public long cached(int tag) {
        return tlb.keySet().stream().filter(page -> page.tag() == tag).count();
    }
}
