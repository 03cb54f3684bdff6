package org.sluice.shell;

import com.fasterxml.jackson.jr.ob.JSON;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import org.osgi.framework.BundleContext;
import org.sluice.api.IommuException;
import org.sluice.trace.Injection;
import org.sluice.trace.MachineKind;
import org.sluice.trace.ReplayProgress;
import org.sluice.trace.ReplayReport;
import org.sluice.trace.ReplayRequest;
import org.sluice.trace.TraceReplay;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;

/** The main job: replays a kernel's DMA trace through the platform and says what happened. */
@Command(
        name = "replay",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = {
            "Replay a Linux kernel's DMA trace through the IOMMU core, the SMMUv3 driver, the page-table format and the"
                    + " SMMUv3 device model; prove every mapping by DMA; try private PASIDs; swap bundles meanwhile."
        },
        footer = {"", "Exit code: 0 nothing mismatched, 1 something did or the run failed, 2 wrong usage."})
final class ReplayCommand implements Callable<Integer> {
    private static final String SAMPLE = "samples/nvme-virtioblk-strict";

    private final BundleContext context;

    @Spec
    private CommandSpec spec;

    @Parameters(
            paramLabel = "FILE|FOLDER",
            arity = "0..*",
            description = "A trace, plain or .gz, or a capture folder with its expectations. Default: " + SAMPLE + ".")
    private List<Path> captures = List.of();

    @Option(names = "--json", description = "Print one JSON object on standard output and nothing else there.")
    private boolean json;

    @Option(
            names = "--board",
            paramLabel = "BOARD",
            converter = Board.class,
            description = "What stands for the machine of the trace: model, in process, which is the default, or qemu,"
                    + " which must be installed and plants no defects.")
    private MachineKind board = MachineKind.MODEL;

    @Option(names = "--strict", description = "End at the first malformed line.")
    private boolean strict;

    @Option(
            names = "--inject",
            paramLabel = "DEFECT",
            converter = Defect.class,
            description = "Plant a defect between driver and device, to see that the proof can fail:"
                    + " none, skip-tlbi, wrong-pa, stale-cd, drop-sync, swap-ssid.")
    private Injection inject = Injection.NONE;

    @Option(
            names = "--pasids",
            paramLabel = "N",
            description = "Private address spaces on each stream. Default: ${DEFAULT-VALUE}.")
    private int pasids = ReplayRequest.DEFAULT_PASIDS;

    @Option(
            names = "--no-swap",
            negatable = true,
            defaultValue = "true",
            fallbackValue = "true",
            description =
                    "Update the format and driver bundles in mid-replay, which is the default, or leave them alone.")
    private boolean swap;

    ReplayCommand(BundleContext context) {
        this.context = context;
    }

    @Override
    public Integer call() throws Exception {
        TraceReplay replay = Services.await(context, TraceReplay.class);
        ReplayRequest request = request();
        ReplayReport report;
        try (ProgressLine progress = ProgressLine.onTerminal()) {
            report = replay.replay(request, progress == null ? ReplayProgress.none() : progress);
        }
        if (json) {
            System.out.println(JSON.std.with(JSON.Feature.PRETTY_PRINT_OUTPUT).asString(report.toMap()));
        } else {
            new TextReport(System.out).print(report, context.getBundles().length);
        }
        return report.passed() ? ExitCode.OK : ExitCode.SOFTWARE;
    }

    private ReplayRequest request() {
        try {
            return new ReplayRequest(whatToReplay(), inject, strict, swap, pasids, board);
        } catch (IommuException wrong) {
            throw new ParameterException(spec.commandLine(), wrong.getMessage());
        }
    }

    private List<Path> whatToReplay() {
        if (!captures.isEmpty()) {
            return captures;
        }
        String home = context.getProperty("sluice.home");
        return List.of(home == null ? Path.of(SAMPLE) : Path.of(home, SAMPLE));
    }

    /** Boards by their word on the command line. */
    static final class Board implements ITypeConverter<MachineKind> {
        @Override
        public MachineKind convert(String word) {
            try {
                return MachineKind.of(word);
            } catch (IommuException unknown) {
                throw new TypeConversionException(unknown.getMessage());
            }
        }
    }

    /** Defects by their word on the command line. */
    static final class Defect implements ITypeConverter<Injection> {
        @Override
        public Injection convert(String word) {
            try {
                return Injection.of(word);
            } catch (IommuException unknown) {
                // picocli would put the names of our classes around any other exception
                throw new TypeConversionException(unknown.getMessage());
            }
        }
    }
}
