package org.sluice.process.internal;

import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.api.LeafVisitor;
import org.sluice.api.Prot;
import org.sluice.process.Area;
import org.sluice.process.Process;
import org.sluice.spi.pgtable.PageTable;
import org.sluice.spi.pgtable.PageTableConfig;
import org.sluice.spi.pgtable.PageTableFormat;
import org.sluice.spi.pgtable.WalkerConfig;
import org.sluice.spi.sva.PageArrival;
import org.sluice.spi.sva.ProcessAddressSpace;
import org.sluice.spi.sva.ProcessWatcher;

/**
 * The {@code mm}: areas, pages and the table behind one lock. Watchers are told of changes under it, and of the end without it.
 */
final class AddressSpaceOfProcess implements ProcessAddressSpace {
    private final long process;
    private final Frames frames;
    private final ReentrantLock lock = new ReentrantLock();
    private final Watchers watchers;
    private final TableSlot table;
    private final Areas areas;
    private final Paging paging;
    private boolean freed;

    AddressSpaceOfProcess(long process, PageTableFormat format, PageTableConfig wanted, Frames frames, Areas areas) {
        this.process = process;
        this.frames = frames;
        this.watchers = new Watchers(process);
        this.table = new TableSlot(format, wanted, frames, watchers, lock);
        this.areas = areas;
        this.paging = new Paging(table, frames, watchers);
    }

    /** Runs something that changes the space: with its table there, and with devices told of what they could not be before. */
    private <T> T changing(Supplier<T> change) {
        lock.lock();
        try {
            table.require();
            if (watchers.isExiting()) {
                throw new IommuException(Errno.ESRCH, "process " + process + " exits");
            }
            return change.get();
        } finally {
            lock.unlock();
        }
    }

    void add(Area area) {
        changing(() -> {
            checkRange(area.start(), area.size());
            areas.touching(area.start(), area.size()).ifPresent(other -> {
                throw new IommuException(
                        Errno.EEXIST,
                        String.format(
                                "0x%x+0x%x touches the area 0x%x+0x%x",
                                area.start(), area.size(), other.start(), other.size()));
            });
            areas.add(area);
            return null;
        });
    }

    void remove(long address, long size) {
        changing(() -> {
            checkRange(address, size);
            paging.settle();
            areas.cut(address, size);
            paging.drop(address, size);
            return null;
        });
    }

    void protect(long address, long size, int prot) {
        changing(() -> {
            checkRange(address, size);
            if (!areas.cover(address, size)) {
                throw new IommuException(
                        Errno.ENOMEM, String.format("a part of 0x%x+0x%x is in no area", address, size));
            }
            paging.settle();
            areas.cut(address, size).forEach(part -> areas.add(new Area(part.start(), part.size(), prot)));
            paging.unmapEntries(address, size);
            return null;
        });
    }

    /** A copy for a child, sharing every page. */
    AddressSpaceOfProcess fork(long number, PageTableFormat format) {
        return changing(() -> {
            AddressSpaceOfProcess child =
                    new AddressSpaceOfProcess(number, format, table.config(), frames, new Areas(areas));
            paging.settle();
            try {
                paging.shareWith(child.paging);
            } catch (RuntimeException failed) {
                child.free();
                throw failed;
            }
            return child;
        });
    }

    /** Frame of the page, with the access made possible. */
    long access(long address, int wanted) {
        return changing(() -> {
            Area area = areas.at(address)
                    .filter(found -> found.allows(wanted, false))
                    .orElseThrow(() -> {
                        return new IommuException(
                                Errno.EFAULT,
                                String.format(
                                        "process %d may not access 0x%x for %s",
                                        process, address, Prot.toString(wanted)));
                    });
            return paging.bringIn(area, Paging.pageOf(address), (wanted & Prot.WRITE) != 0);
        });
    }

    @Override
    public PageArrival faultIn(long address, int access, boolean execute) {
        lock.lock();
        try {
            table.require();
            if (watchers.isExiting()) {
                return PageArrival.EXITED;
            }
            Optional<Area> area = areas.at(address);
            if (area.isEmpty()) {
                return PageArrival.NO_MAPPING;
            }
            if (!area.get().allows(access, execute)) {
                return PageArrival.NOT_ALLOWED;
            }
            paging.bringIn(area.get(), Paging.pageOf(address), (access & Prot.WRITE) != 0);
            return PageArrival.PRESENT;
        } catch (IommuException failed) {
            if (failed.errno() == Errno.ENOMEM) {
                return PageArrival.NO_MEMORY;
            }
            throw failed;
        } finally {
            lock.unlock();
        }
    }

    /** Ends it; false if that was done before. */
    boolean exit() {
        watchers.beginExit();
        watchers.exit();
        lock.lock();
        try {
            table.require();
            return free();
        } finally {
            lock.unlock();
        }
    }

    private boolean free() {
        boolean first = !freed;
        freed = true;
        if (first) {
            areas.clear();
            paging.free();
        }
        return first;
    }

    private void checkRange(long address, long size) {
        if (size <= 0 || ((address | size) & Process.PAGE - 1) != 0) {
            throw new IommuException(
                    Errno.EINVAL,
                    String.format(
                            "address 0x%x and size 0x%x must be multiples of 0x%x and size above 0",
                            address, size, Process.PAGE));
        }
        long limit = 1L << table.config().inputBits();
        if (address < 0 || address >= limit || size > limit - address) {
            throw new IommuException(Errno.ERANGE, String.format("0x%x+0x%x is not below 0x%x", address, size, limit));
        }
    }

    List<Area> areas() {
        lock.lock();
        try {
            return areas.all();
        } finally {
            lock.unlock();
        }
    }

    int residentPages() {
        return paging.count();
    }

    Frames frames() {
        return frames;
    }

    void formatLeft() {
        lock.lock();
        try {
            if (!freed) {
                table.surrender();
            }
        } finally {
            lock.unlock();
        }
    }

    void formatCame(PageTableFormat format) {
        lock.lock();
        try {
            if (!freed) {
                table.adopt(format);
            }
        } finally {
            lock.unlock();
        }
    }

    @Override
    public long process() {
        return process;
    }

    @Override
    public PageTableConfig tableConfig() {
        return table.config();
    }

    @Override
    public WalkerConfig walkerConfig() {
        return table.walker();
    }

    @Override
    public long translate(long address) {
        return paging.translate(address);
    }

    @Override
    public void walk(long first, long last, LeafVisitor visitor) {
        PageTable now = table.tableOrNull();
        if (now != null) {
            now.walk(first, last, visitor);
        }
    }

    @Override
    public void watch(ProcessWatcher watcher) {
        watchers.add(watcher);
    }

    @Override
    public void unwatch(ProcessWatcher watcher) {
        watchers.remove(watcher);
    }
}
