package org.sluice.bench;

import com.sun.management.ThreadMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.function.LongSupplier;

/**
 * The formats that have no peer in C, each by the same cases in a JVM of its own, without JMH: seconds instead of minutes. Each
 * row is the median of passes of some hundred microseconds.
 */
public final class FormatSweep {
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    private static final long NANOS = 150_000_000L;
    private static final long WARM_UP = 3 * NANOS;
    private static final long FIRST_WARM_UP = 9 * NANOS;
    private static final int MOST = 1 << 16;

    /** Kept, so that no answer is thrown away. */
    private static long sink;

    private final String format;
    private final double[] nanos = new double[MOST];
    private boolean isWarm;

    private FormatSweep(String format) {
        this.format = format;
    }

    /** Prints the rows of all formats. */
    static void printAll(String classPath, String heap) throws IOException, InterruptedException {
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        for (String format : Formats.ALONE) {
            Process rows = new ProcessBuilder(java, heap, "-cp", classPath, FormatSweep.class.getName(), format)
                    .inheritIO()
                    .start();
            if (rows.waitFor() != 0) {
                throw new IllegalStateException("rows of " + format + " ended with " + rows.exitValue());
            }
        }
    }

    /** Prints the rows of one format, which is the argument. */
    public static void main(String[] arguments) {
        Neighbours.exercise();
        new FormatSweep(arguments[0]).print();
    }

    private void print() {
        sweep("map one 4K page", new Sweep.Map1(), Sweep.PAGES);
        sweep("unmap one 4K page", new Sweep.Unmap1(), Sweep.PAGES);
        sweep("map 16, a page", new Sweep.Map16(), Sweep.PAGES);
        sweep("unmap 16, a page", new Sweep.Unmap16(), Sweep.PAGES);
        sweep("map 512, a page", new Sweep.Map512(), Sweep.PAGES);
        sweep("unmap 512, a page", new Sweep.Unmap512(), Sweep.PAGES);
        BenchHost host = BenchHost.resident();
        if ((Formats.measured(format, host).config().pageSizes() & TableState.SIZE_2M) != 0) {
            sweep("map a 2M block", new Sweep.Map2M(), Sweep.BLOCKS);
            sweep("unmap a 2M block", new Sweep.Unmap2M(), Sweep.BLOCKS);
        }
        LookUpBenchmark.Gigabyte mapped = new LookUpBenchmark.Gigabyte();
        mapped.format = format;
        mapped.create();
        LookUpBenchmark lookUp = new LookUpBenchmark();
        row("iova_to_phys, 1 GiB", () -> {}, () -> lookUp.phys1G(mapped), () -> {}, LookUpBenchmark.LOOK_UPS);
    }

    private void sweep(String what, Sweep sweep, int operations) {
        sweep.format = format;
        sweep.create();
        row(what, sweep::before, sweep::measured, sweep::after, operations);
        sweep.close();
    }

    private void row(String what, Runnable before, LongSupplier measured, Runnable after, int operations) {
        passes(before, measured, after, isWarm ? WARM_UP : FIRST_WARM_UP); // the compiler
        isWarm = true;
        long allocatedBefore =
                THREADS.getThreadAllocatedBytes(Thread.currentThread().getId());
        int count = passes(before, measured, after, NANOS);
        long allocated = THREADS.getThreadAllocatedBytes(Thread.currentThread().getId()) - allocatedBefore;
        Arrays.sort(nanos, 0, count);
        Comparison.print(
                "%-36s %10s %10.2f %8s %8s %6s  %-5s %6.2f",
                NAMES.getOrDefault(format, format) + " " + what,
                "",
                nanos[count / 2] / operations,
                "",
                "",
                "",
                "",
                (double) allocated / count / operations);
    }

    private int passes(Runnable before, LongSupplier measured, Runnable after, long forNanos) {
        int count = 0;
        long end = System.nanoTime() + forNanos;
        while (System.nanoTime() < end && count < MOST) {
            before.run();
            long began = System.nanoTime();
            sink += measured.getAsLong();
            nanos[count++] = System.nanoTime() - began;
            after.run();
        }
        return count;
    }

    /** So that a row fits. */
    private static final Map<String, String> NAMES = Map.of("RISCV_64_SV48", "Sv48", "ARM_V7S", "V7S");
}
