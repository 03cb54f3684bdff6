package org.sluice.bench;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.Collection;
import java.util.Locale;
import java.util.regex.Pattern;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;
import org.sluice.spi.pgtable.PageTable;

/**
 * Runs every case beside its peer and prints the ratios against the bars. Arguments: the path of the C programs without
 * {@code -O2}, {@code quick} or {@code full}, and optionally a regular expression for the cases.
 */
public final class Comparison {
    private static final TimeValue ITERATION = TimeValue.milliseconds(100);
    private static final String HEAP = "-Xmx1g";

    /** Cases that have no peer. */
    private static final String[] ALONE = {
        "GateBenchmark.gate",
        "GateBenchmark.volatileRead",
        "DmaBenchmark.strict4K",
        "DmaBenchmark.strict64K",
        "DmaBenchmark.lazy4K",
        "DmaBenchmark.lazy64K",
        "DmaBenchmark.strict4KTwoThreads",
        "DmaBenchmark.strict64KTwoThreads",
        "DmaBenchmark.lazy4KTwoThreads",
        "DmaBenchmark.lazy64KTwoThreads",
        "TlbBenchmark.dma64TwoThreads",
        "TlbBenchmark.dma4K",
        "TlbBenchmark.walk",
        "TlbBenchmark.walkTwoThreads",
        "TlbBenchmark.nestedWalk",
        "AttachBenchmark.pasid",
        "AttachBenchmark.replace",
    };

    private final String programs;
    private final boolean quick;

    private Comparison(String programs, boolean quick) {
        this.programs = programs;
        this.quick = quick;
    }

    /** See the class. */
    public static void main(String[] arguments)
            throws RunnerException, ReflectiveOperationException, IOException, InterruptedException {
        Pattern cases = Pattern.compile(arguments.length > 2 ? arguments[2] : "");
        Comparison comparison = new Comparison(arguments[0], arguments[1].equals("quick"));
        print(
                "%s %s, load %.1f on %d processors",
                System.getProperty("java.vm.name"),
                System.getProperty("java.vm.version"),
                load(),
                Runtime.getRuntime().availableProcessors());
        print(
                "%-36s %10s %10s %8s %8s %6s  %-5s %6s",
                "case", "peer ns", "ours ns", "ratio", "at least", "goal", "", "B/op");
        for (Bar bar : Bar.ALL) {
            if (cases.matcher(bar.benchmark()).find()) {
                comparison.compare(bar);
            }
        }
        for (String alone : ALONE) {
            if (cases.matcher(alone).find()) {
                Measured result = comparison.measure(alone, "", "");
                print(
                        "%-36s %10s %10.2f %8s %8s %6s  %-5s %6.2f",
                        alone, "", result.nanos(), "", "", "", "", result.bytes());
            }
        }
        if (cases.matcher("FormatSweep").find()) {
            FormatSweep.printAll(System.getProperty("java.class.path"), HEAP);
        }
        boolean isAskedFor = !comparison.quick || !cases.pattern().isEmpty();
        if (isAskedFor && cases.matcher("FormatRows").find()) {
            new FormatRows(comparison).print();
        }
        printTableBytes();
        print("load %.1f at the end", load());
    }

    /** A leaf table of 4 KiB for each 2 MiB that is mapped, and the levels above: the architecture leaves no choice. */
    private static void printTableBytes() {
        for (long mebibytes = 1; mebibytes <= 1 << 16; mebibytes <<= 4) {
            BenchHost host = BenchHost.resident();
            PageTable table = Formats.measured(host);
            table.mapPages(0, TableState.PADDR, TableState.SIZE_4K, mebibytes << 8, TableState.RW);
            print("tables for %5d MiB by 4K pages: %9d bytes", mebibytes, host.tableBytes());
            table.free();
        }
    }

    private void compare(Bar bar) throws RunnerException, ReflectiveOperationException {
        double peer;
        Measured result;
        if (bar.isAgainstC()) {
            result = measure(bar.benchmark(), bar.program(), bar.peer());
            peer = result.peerNanos();
        } else {
            // in turn: the other again, beside this one
            peer = measure(bar.peer(), "", "").nanos();
            result = measure(bar.benchmark(), "", "");
        }
        double ratio = peer / result.nanos() * bar.scale();
        print(
                "%-36s %10.2f %10.2f %8.2f %8.2f %6.2f  %-5s %6.2f",
                bar.what(),
                peer,
                result.nanos(),
                ratio,
                bar.atLeast(),
                bar.goal(),
                verdict(bar, ratio),
                result.bytes());
    }

    private static String verdict(Bar bar, double ratio) {
        if (ratio >= bar.goal()) {
            return "goal";
        }
        return ratio >= bar.atLeast() ? "pass" : "SHORT";
    }

    /**
     * Measures a case.
     *
     * @param program of the peer, and its arguments; empty without one
     * @param parameters names and values, in turn
     */
    Measured measure(String benchmark, String program, String peer, String... parameters)
            throws RunnerException, ReflectiveOperationException {
        ChainedOptionsBuilder options = new OptionsBuilder()
                .include(only(benchmark))
                // each invocation is one sample of some ten microseconds: few of them are interrupted
                .mode(Mode.SampleTime)
                .operationsPerInvocation(1)
                .forks(quick ? 1 : 3)
                .warmupIterations(quick ? 5 : 15)
                .warmupTime(TimeValue.milliseconds(200))
                .measurementIterations(quick ? 5 : 11)
                .measurementTime(ITERATION)
                .shouldFailOnError(true)
                .jvmArgsAppend(HEAP)
                .verbosity(VerboseMode.SILENT);
        for (int i = 0; i < parameters.length; i += 2) {
            options = options.param(parameters[i], parameters[i + 1]);
        }
        if (!program.isEmpty()) {
            options = options.addProfiler(Peer.class, programs + "-" + program + " " + peer);
        }
        int operations = operations(benchmark);
        if (!quick || !program.isEmpty()) {
            return Measured.of(new Runner(options.build()).run(), operations, allocated(benchmark, parameters));
        }
        // to save a JVM in the same run, where some of what JMH itself allocates is counted too
        Collection<RunResult> runs =
                new Runner(options.addProfiler(GCProfiler.class).build()).run();
        return Measured.of(runs, operations, bytes(runs.iterator().next()) / operations);
    }

    private static double bytes(RunResult run) {
        return run.getSecondaryResults().get("gc.alloc.rate.norm").getScore();
    }

    /** Bytes on the Java heap per operation, in a run of its own: JMH's samples would be counted too. */
    private double allocated(String benchmark, String... parameters) throws RunnerException {
        ChainedOptionsBuilder options = new OptionsBuilder()
                .include(only(benchmark))
                .mode(Mode.AverageTime)
                .forks(1)
                .warmupIterations(quick ? 1 : 2)
                .warmupTime(TimeValue.milliseconds(300))
                .measurementIterations(quick ? 1 : 2)
                .measurementTime(TimeValue.milliseconds(quick ? 300 : 500))
                .shouldFailOnError(true)
                .jvmArgsAppend(HEAP)
                .addProfiler(GCProfiler.class)
                .verbosity(VerboseMode.SILENT);
        for (int i = 0; i < parameters.length; i += 2) {
            options = options.param(parameters[i], parameters[i + 1]);
        }
        return bytes(new Runner(options.build()).run().iterator().next());
    }

    private static String only(String benchmark) {
        return "^org\\.sluice\\.bench\\." + Pattern.quote(benchmark) + "$";
    }

    /** Operations of an invocation, as the benchmark's annotation says; of a group, those of its reader. */
    static int operations(String benchmark) throws ReflectiveOperationException {
        String[] names = benchmark.split("\\.");
        return Arrays.stream(Class.forName("org.sluice.bench." + names[0]).getMethods())
                .filter(method -> method.getName().equals(names[1])
                        || names[1].equals("hit256BesideWriter")
                                && method.getName().equals("reader"))
                .findFirst()
                .orElseThrow(() -> new NoSuchMethodException(benchmark))
                .getAnnotation(OperationsPerInvocation.class)
                .value();
    }

    private static double load() {
        return ManagementFactory.getOperatingSystemMXBean().getSystemLoadAverage();
    }

    static void print(String format, Object... values) {
        System.out.println(String.format(Locale.ROOT, format, values));
    }
}
