package org.sluice.core.space;

import java.util.OptionalLong;
import java.util.function.BiConsumer;
import org.sluice.api.AddressSpace;
import org.sluice.api.DirtyBitmap;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.api.IotlbGather;
import org.sluice.api.LeafVisitor;
import org.sluice.api.ProviderMissingException;
import org.sluice.api.ScatterList;
import org.sluice.core.gate.SwapGate;
import org.sluice.core.leak.Watch;
import org.sluice.spi.driver.HardwareWalk;
import org.sluice.spi.memory.PageAllocator;
import org.sluice.spi.memory.PhysicalMemory;
import org.sluice.spi.pgtable.PageTable;

/**
 * The address space, of a domain or of a private PASID alike: its map functions are final, so a map through an io_mm is the
 * same code as one through a domain and costs the same.
 *
 * <p>Any thread may call the methods of {@link AddressSpace}. Each enters the gate, reads the binding once and works on
 * that until it leaves; tables that fell out are freed after it left, when the operations of others have left too. What
 * changes the binding is in {@link SpaceLedger}, under the lock of the board.
 */
public class Space extends GatedSpace implements AddressSpace {
    private static final int WALK_CHUNK = 256;

    private final Watch watch;
    private final SpaceTables tables;
    private final Debt debt = new Debt(this);
    private final SpaceDirty dirty = new SpaceDirty(this);
    private final SpaceLedger ledger;

    /** Written before the first binding is published, constant from then on. */
    private Geometry geometry;

    /**
     * A space without tables yet.
     *
     * @param name for messages, e.g. {@code domain 3}
     * @param home the IOMMU whose context it is made for
     * @param commons what spaces share
     * @param memory where tables are
     * @param allocator where they come from
     */
    public Space(String name, Translator home, Commons commons, PhysicalMemory memory, PageAllocator allocator) {
        super(name, commons);
        this.geometry = Geometry.none(name);
        this.watch = commons.watch();
        this.tables = new SpaceTables(commons, memory, allocator);
        this.ledger = new SpaceLedger(this, home, tables);
    }

    /**
     * The side that the core sees.
     *
     * @return to be used under the lock of the board
     */
    public final SpaceLedger ledger() {
        return ledger;
    }

    @Override
    public final long pageSizes() {
        return geometry.pageSizes();
    }

    @Override
    public final long firstIova() {
        return geometry.first();
    }

    @Override
    public final long lastIova() {
        return geometry.last();
    }

    @Override
    public final void map(long iova, long paddr, long size, int prot) {
        Geometry.checkProt(prot);
        geometry.checkAligned("paddr", paddr);
        geometry.checkRange(iova, size);
        long[] pin = gate.enter();
        try {
            PageRuns.map(this, bound(pin), iova, iova, paddr, size, prot);
        } finally {
            gate.leave(pin);
        }
        tables.reclaim();
        if (watch.isOn()) {
            watch.mapped(ledger, name, iova, size);
        }
    }

    @Override
    public final long mapSg(long iova, ScatterList segments, int prot) {
        Geometry.checkProt(prot);
        int count = segments.size();
        long total = 0;
        for (int i = 0; i < count; i++) {
            geometry.checkSegment(i, segments.address(i), segments.length(i));
            total += segments.length(i);
        }
        geometry.checkRange(iova, total);
        long[] pin = gate.enter();
        try {
            Binding bound = bound(pin);
            long at = iova;
            int i = 0;
            while (i < count) {
                long paddr = segments.address(i);
                long size = segments.length(i++);
                while (i < count && segments.address(i) == paddr + size) {
                    size += segments.length(i++);
                }
                PageRuns.map(this, bound, iova, at, paddr, size, prot);
                at += size;
            }
        } finally {
            gate.leave(pin);
        }
        tables.reclaim();
        if (watch.isOn()) {
            watch.mapped(ledger, name, iova, total);
        }
        return total;
    }

    @Override
    public final long unmap(long iova, long size) {
        if (geometry.isUnmappable(iova, size)) {
            return 0;
        }
        long[] pin = gate.enter();
        long done;
        try {
            Binding bound = boundOrNull(pin);
            if (bound == null) {
                return 0;
            }
            done = PageRuns.unmapNow(this, bound, pin, iova, size);
        } finally {
            gate.leave(pin);
        }
        tables.reclaim();
        return unmapped(iova, done);
    }

    @Override
    public final long unmapFast(long iova, long size, IotlbGather gather) {
        if (geometry.isUnmappable(iova, size)) {
            return 0;
        }
        gather.claim(this);
        long[] pin = gate.enter();
        long done;
        try {
            Binding bound = boundOrNull(pin);
            if (bound == null) {
                return 0;
            }
            done = PageRuns.unmap(this, bound, iova, geometry.clip(iova, size), gather);
        } finally {
            gate.leave(pin);
        }
        tables.reclaim();
        return unmapped(iova, done);
    }

    @Override
    public final long unmapFast(long iova, long size) {
        if (geometry.isUnmappable(iova, size)) {
            return 0;
        }
        long[] pin = gate.enter();
        int ordinal = SwapGate.ordinal(pin);
        long done;
        try {
            Binding bound = boundOrNull(pin);
            if (bound == null) {
                return 0;
            }
            IotlbGather gather = commons.gathers().take(ordinal);
            try {
                done = PageRuns.unmap(this, bound, iova, geometry.clip(iova, size), gather);
            } finally {
                debt.owe(gather, bound.context());
                commons.gathers().give(ordinal, gather);
            }
        } finally {
            gate.leave(pin);
        }
        tables.reclaim();
        return unmapped(iova, done);
    }

    @Override
    public final void sync(IotlbGather gather) {
        gather.claim(this);
        if (gather.isEmpty() && gather.tableCount() == 0) {
            gather.clear();
            return;
        }
        long[] pin = gate.enter();
        try {
            Binding bound = boundOrNull(pin);
            if (bound != null) {
                PageRuns.complete(this, bound, gather);
            } else if (isRevoked()) {
                // Every translation of the space was invalidated when it was taken away; only the tables are left.
                tables.retireAll(gather);
                gather.clear();
            } else {
                throw missing("the gather keeps what it owes");
            }
        } finally {
            gate.leave(pin);
        }
        tables.reclaim();
    }

    @Override
    public final long iovaToPhys(long iova) {
        if (geometry.isOutside(iova)) {
            return 0;
        }
        long[] pin = gate.enter();
        try {
            Binding bound = boundOrNull(pin);
            if (bound == null) {
                if (isRevoked()) {
                    return 0;
                }
                throw missing("every mapping stays as it is");
            }
            return bound.table().iovaToPhys(iova);
        } finally {
            gate.leave(pin);
        }
    }

    @Override
    public final OptionalLong hardwareWalk(long iova) {
        if (geometry.isOutside(iova)) {
            return OptionalLong.of(0);
        }
        long[] pin = gate.enter();
        try {
            Binding bound = boundOrNull(pin);
            if (bound == null) {
                if (isRevoked()) {
                    return OptionalLong.empty();
                }
                throw missing("every mapping stays as it is");
            }
            return bound.context() instanceof HardwareWalk hardware
                    ? hardware.hardwareWalk(iova)
                    : OptionalLong.empty();
        } finally {
            gate.leave(pin);
        }
    }

    @Override
    public final void walk(long first, long last, LeafVisitor visitor) {
        // In chunks, and the visitor outside of the gate: however slow it is, no swap waits for it.
        LeafChunk chunk = new LeafChunk(WALK_CHUNK);
        long from = first;
        do {
            chunk.clear();
            long[] pin = gate.enter();
            try {
                Binding bound = boundOrNull(pin);
                if (bound == null) {
                    if (isRevoked()) {
                        return;
                    }
                    throw missing("every mapping stays as it is");
                }
                bound.table().walk(from, last, chunk);
            } finally {
                gate.leave(pin);
            }
            if (!chunk.visit(visitor)) {
                return;
            }
            from = chunk.next();
        } while (chunk.isFull() && from != 0 && Long.compareUnsigned(from, last) <= 0);
    }

    @Override
    public final void setDirtyTracking(boolean on) {
        dirty.set(on);
    }

    @Override
    public final void readDirty(long iova, long size, boolean clear, DirtyBitmap bitmap) {
        dirty.read(iova, size, clear, bitmap);
    }

    @Override
    public final void flushTlbAll() {
        debt.settle(true);
    }

    @Override
    public final void tlbSync() {
        debt.settle(false);
    }

    @Override
    public final void tlbRangeAdd(long iova, long size) {
        if (size == 0) {
            throw new IommuException(Errno.EINVAL, "size is 0, must be above 0");
        }
        long[] pin = gate.enter();
        try {
            Binding bound = boundOrNull(pin);
            if (bound != null) {
                debt.queue(bound.context(), iova, size);
            } else if (!isRevoked()) {
                throw missing("nothing was queued");
            }
        } finally {
            gate.leave(pin);
        }
    }

    /**
     * Makes the hardware forget a range of a table that somebody else changed, and waits for it.
     *
     * @param iova bytes
     * @param size bytes, above 0
     * @param granule smallest page in bytes
     * @throws ProviderMissingException no driver came within the configured time; the old translations may still be used
     */
    protected final void forget(long iova, long size, long granule) {
        long[] pin = gate.enter();
        try {
            Binding bound = boundOrNull(pin);
            if (bound != null) {
                bound.context().invalidate(iova, size, granule, false);
                bound.context().sync();
            } else if (!isRevoked()) {
                throw missing("old translations may still be used");
            }
        } finally {
            gate.leave(pin);
        }
    }

    private long unmapped(long iova, long done) {
        if (watch.isOn()) {
            watch.unmapped(ledger, iova, done);
        }
        return done;
    }

    /** Runs something on the page table; what it adds to the gather is synced before this returns. */
    final void work(BiConsumer<PageTable, IotlbGather> work) {
        long[] pin = gate.enter();
        IotlbGather gather = new IotlbGather();
        try {
            Binding bound = bound(pin);
            try {
                work.accept(bound.table(), gather);
                PageRuns.complete(this, bound, gather);
            } finally {
                debt.owe(gather, bound.context());
            }
        } finally {
            gate.leave(pin);
        }
        tables.reclaim();
    }

    // What follows is for the ledger, under the lock of the board.

    final SpaceTables tables() {
        return tables;
    }

    final Debt debt() {
        return debt;
    }

    final Geometry geometry() {
        return geometry;
    }

    final void setGeometry(long sizes, long first, long last) {
        geometry = new Geometry(name, sizes, first, last);
    }
}
