package org.sluice.bench;

import org.openjdk.jmh.runner.RunnerException;
import org.sluice.spi.pgtable.PageTable;

/** What {@link FormatSweep} says, by JMH, and how it grows with what is mapped: nanoseconds per page or block. */
final class FormatRows {
    private static final String[] CASES = {
        "MapBenchmark.map1",
        "MapBenchmark.unmap1",
        "MapBenchmark.map512",
        "MapBenchmark.unmap512",
        "MapBenchmark.map2M",
        "MapBenchmark.unmap2M",
        "LookUpBenchmark.phys1G"
    };

    private final Comparison comparison;

    FormatRows(Comparison comparison) {
        this.comparison = comparison;
    }

    void print() throws RunnerException, ReflectiveOperationException {
        for (String format : Formats.ALONE) {
            BenchHost host = BenchHost.resident();
            PageTable table = Formats.measured(format, host);
            long sizes = table.config().pageSizes();
            int bits = table.config().inputBits();
            table.free();
            for (String each : CASES) {
                boolean offered = !each.endsWith("2M") || (sizes & TableState.SIZE_2M) != 0;
                if (offered) {
                    row(format, each, "");
                }
            }
            // from 1 MiB to 64 GiB, as far as its addresses go
            for (int mebibytes = 1; mebibytes <= 1 << 16 && (long) mebibytes << 20 <= 1L << bits; mebibytes <<= 4) {
                row(format, "GrowthBenchmark.phys", Integer.toString(mebibytes));
                row(format, "GrowthBenchmark.remap", Integer.toString(mebibytes));
                Comparison.print(
                        "%-16s tables for %5d MiB by 4K pages: %9d bytes", format, mebibytes, bytes(format, mebibytes));
            }
        }
    }

    private void row(String format, String benchmark, String mebibytes)
            throws RunnerException, ReflectiveOperationException {
        Measured result = mebibytes.isEmpty()
                ? comparison.measure(benchmark, "", "", "format", format)
                : comparison.measure(benchmark, "", "", "format", format, "mebibytes", mebibytes);
        Comparison.print(
                "%-16s %-24s %5s %10.2f %6.2f B/op", format, benchmark, mebibytes, result.nanos(), result.bytes());
    }

    /** Table bytes with so much mapped by the smallest pages. */
    static long bytes(String format, long mebibytes) {
        BenchHost host = BenchHost.resident();
        PageTable table = Formats.measured(format, host);
        table.mapPages(0, TableState.PADDR, TableState.SIZE_4K, mebibytes << 8, TableState.RW);
        long bytes = host.tableBytes();
        table.free();
        return bytes;
    }
}
