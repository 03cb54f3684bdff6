package org.sluice.process.internal;

import java.util.ArrayList;
import java.util.List;
import java.util.NavigableMap;
import java.util.concurrent.ConcurrentSkipListMap;
import org.sluice.api.Prot;
import org.sluice.process.Area;
import org.sluice.process.Process;

/**
 * The pages of one process and their entries in the page table. Guarded by the lock of the address space, with the table there,
 * except for what is read only.
 *
 * <p>An entry that goes or loses rights is first taken away, then the devices forget it, then its frame may go: always in this
 * order, since a device walks the table at any moment. If the devices cannot be told (no driver), the frame waits among what is
 * owed until they can.
 */
final class Paging {
    /** Frames that a device may still use. */
    private record Owed(long address, long size, List<Long> frames) {}

    private final TableSlot table;
    private final Frames frames;
    private final Watchers watchers;
    private final NavigableMap<Long, Page> pages = new ConcurrentSkipListMap<>();
    private final List<Owed> owed = new ArrayList<>();

    Paging(TableSlot table, Frames frames, Watchers watchers) {
        this.table = table;
        this.frames = frames;
        this.watchers = watchers;
    }

    int count() {
        return pages.size();
    }

    /** Physical address; 0 where no page is mapped. Needs no lock. */
    long translate(long address) {
        Page page = pages.get(pageOf(address));
        return page == null || !page.isMapped() ? 0 : page.frame() + (address & Process.PAGE - 1);
    }

    static long pageOf(long address) {
        return address & -Process.PAGE;
    }

    /** Entry of a page in an area; writable only where the frame is the process's alone. */
    private static int entry(Area area, boolean writable) {
        int noExecute = area.prot() & Prot.NOEXEC;
        return Prot.READ | Prot.CACHE | noExecute | (writable ? Prot.WRITE : 0);
    }

    /** Brings a page in, for an access that its area allows; returns its frame. */
    long bringIn(Area area, long at, boolean write) {
        Page page = pages.get(at);
        if (page == null) {
            long frame = frames.allocate();
            try {
                enter(at, frame, entry(area, area.isWritable()));
            } catch (RuntimeException failed) {
                frames.release(frame);
                throw failed;
            }
            return frame;
        }
        if (write && (page.prot() & Prot.WRITE) == 0) {
            return makeWritable(area, at, page);
        }
        if (!page.isMapped()) {
            enter(at, page.frame(), entry(area, area.isWritable() && !frames.isShared(page.frame())));
        }
        return page.frame();
    }

    /** Copy-on-write; the last one who refers to a frame keeps it. */
    private long makeWritable(Area area, long at, Page page) {
        // A device that still holds an older entry of this page must not see its frame go.
        settle();
        boolean shared = frames.isShared(page.frame());
        long frame = shared ? frames.copy(page.frame()) : page.frame();
        try {
            if (page.isMapped()) {
                leave(at, page);
                forget(at, Process.PAGE, List.of());
            }
            enter(at, frame, entry(area, true));
        } catch (RuntimeException failed) {
            if (shared) {
                frames.release(frame);
            }
            throw failed;
        }
        if (shared) {
            frames.release(page.frame());
        }
        return frame;
    }

    private void enter(long at, long frame, int prot) {
        table.map(at, frame, prot);
        pages.put(at, new Page(frame, prot));
    }

    /** The page stays, its entry goes. */
    private void leave(long at, Page page) {
        table.unmap(at);
        pages.put(at, new Page(page.frame(), 0));
    }

    /** Takes every page of a range away. */
    void drop(long address, long size) {
        List<Long> gone = new ArrayList<>();
        NavigableMap<Long, Page> range = pages.subMap(address, true, address + size, false);
        range.forEach((at, page) -> {
            if (page.isMapped()) {
                table.unmap(at);
            }
            gone.add(page.frame());
        });
        range.clear();
        if (!gone.isEmpty()) {
            forget(address, size, gone);
        }
    }

    /** Takes the entries of a range away, so that the next access brings each page in with the rights of its area. */
    void unmapEntries(long address, long size) {
        boolean any = false;
        for (var each : pages.subMap(address, true, address + size, false).entrySet()) {
            if (each.getValue().isMapped()) {
                leave(each.getKey(), each.getValue());
                any = true;
            }
        }
        if (any) {
            forget(address, size, List.of());
        }
    }

    /** Shares every page with a child, which has none yet: both have entries without write access, or none. */
    void shareWith(Paging child) {
        pages.forEach((at, page) -> {
            frames.share(page.frame());
            child.pages.put(at, new Page(page.frame(), 0));
        });
        long first = pages.isEmpty() ? 0 : pages.firstKey();
        long last = pages.isEmpty() ? 0 : pages.lastKey();
        boolean any = false;
        for (var each : pages.entrySet()) {
            if ((each.getValue().prot() & Prot.WRITE) != 0) {
                leave(each.getKey(), each.getValue());
                any = true;
            }
        }
        if (any) {
            forget(first, last - first + Process.PAGE, List.of());
        }
    }

    private void forget(long address, long size, List<Long> gone) {
        owed.add(new Owed(address, size, gone));
        settle();
    }

    /** Makes devices forget what could not be told them before, and frees it. */
    void settle() {
        while (!owed.isEmpty()) {
            Owed first = owed.get(0);
            watchers.invalidate(first.address(), first.size());
            owed.remove(0);
            first.frames().forEach(frames::release);
        }
    }

    /** Frees everything; no device walks the table any more. */
    void free() {
        owed.forEach(each -> each.frames().forEach(frames::release));
        owed.clear();
        pages.values().forEach(page -> frames.release(page.frame()));
        pages.clear();
        table.free();
    }
}
