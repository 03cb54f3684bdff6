package org.sluice.bench;

import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.sluice.api.IotlbGather;
import org.sluice.api.Prot;
import org.sluice.spi.pgtable.PageTable;

/** A page table in resident memory, empty, with neighbours loaded. */
@State(Scope.Thread)
public class TableState {
    static final long SIZE_4K = 1L << 12;
    static final long SIZE_2M = 1L << 21;
    static final long SIZE_1G = 1L << 30;
    /** IOVA 0 is mapped to this address. */
    static final long PADDR = 0x1_0000_0000L;

    static final int RW = Prot.READ | Prot.WRITE;

    /** Name of the format; the first one has a peer in C. */
    @Param(Formats.MEASURED)
    String format;

    BenchHost host;
    PageTable table;
    final IotlbGather gather = new IotlbGather();

    @Setup(Level.Trial)
    public void open() {
        Neighbours.exercise();
        create();
    }

    /** The table alone. */
    final void create() {
        host = BenchHost.resident();
        table = Formats.measured(format, host);
        prepare();
    }

    /** What a subclass sets up; JMH would run a fixture of its own before this one's. */
    void prepare() {}

    @TearDown(Level.Trial)
    public void close() {
        table.free();
    }

    /** Maps everything below {@code bytes} in calls of some pages. */
    final void mapAll(long bytes, long pgsize, long pgcount) {
        long step = pgsize * pgcount;
        for (long iova = 0; iova < bytes; iova += step) {
            table.mapPages(iova, PADDR + iova, pgsize, pgcount, RW);
        }
    }

    /** Unmaps it again. Tables stay, unless calls are as large as one. */
    final long unmapAll(long bytes, long pgsize, long pgcount) {
        long step = pgsize * pgcount;
        long done = 0;
        for (long iova = 0; iova < bytes; iova += step) {
            done += table.unmapPages(iova, pgsize, pgcount, gather);
        }
        return done;
    }

    final void expectAll(long bytes, long done) {
        if (done != bytes) {
            throw new IllegalStateException(String.format("0x%x of 0x%x bytes were unmapped", done, bytes));
        }
        host.sync(gather);
    }
}
