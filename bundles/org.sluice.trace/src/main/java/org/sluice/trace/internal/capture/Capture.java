package org.sluice.trace.internal.capture;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.trace.internal.text.TraceReader;

/**
 * A trace with what belongs to it. A folder offers its sidecars; a single file is taken alone, whatever lies beside it.
 *
 * @param name name of the folder or file
 * @param trace the trace, plain or gzip
 * @param groups isolation groups, as far as the capture tells
 * @param defaults what the capture tells of default domains
 * @param mappings leaves that must be live at the end, if the capture has them
 * @param summary totals at the end, if the capture has them
 */
public record Capture(
        String name,
        Path trace,
        IommuGroups groups,
        DefaultDomains defaults,
        Optional<ExpectedMappings> mappings,
        Optional<ExpectedSummary> summary) {
    /** Traces that name domains come first: they leave nothing open. One that names no device gives way to the next. */
    private static final List<String> TRACES =
            List.of("trace-domains.txt", "trace-domains.txt.gz", "trace.txt", "trace.txt.gz");

    /**
     * Opens a capture.
     *
     * @param path folder or file
     * @return the capture
     * @throws IommuException EINVAL no such file, a folder without a trace, or a damaged sidecar, naming it
     */
    public static Capture of(Path path) {
        if (Files.isDirectory(path)) {
            return ofFolder(path);
        }
        if (!Files.isRegularFile(path)) {
            throw new IommuException(Errno.EINVAL, "capture " + path + " is neither a file nor a folder");
        }
        return new Capture(
                nameOf(path), path, IommuGroups.UNKNOWN, DefaultDomains.UNKNOWN, Optional.empty(), Optional.empty());
    }

    private static Capture ofFolder(Path folder) {
        List<Path> traces = TRACES.stream()
                .map(folder::resolve)
                .filter(Files::isRegularFile)
                .toList();
        if (traces.isEmpty()) {
            throw new IommuException(
                    Errno.EINVAL,
                    "capture " + folder + " has none of " + String.join(", ", TRACES) + capturesIn(folder));
        }
        Path trace =
                traces.stream().filter(TraceReader::attachesADevice).findFirst().orElse(traces.get(0));
        IommuGroups groups =
                Sidecar.find(folder, "iommu_groups.txt").map(IommuGroups::read).orElse(IommuGroups.UNKNOWN);
        return new Capture(
                nameOf(folder),
                trace,
                groups,
                DefaultDomains.read(groups, Sidecar.find(folder, "cmdline.txt")),
                Sidecar.find(folder, "expected-mappings.csv").map(ExpectedMappings::read),
                Sidecar.find(folder, "expected-summary.json").map(ExpectedSummary::read));
    }

    /** A folder of captures is easily taken for one. */
    private static String capturesIn(Path folder) {
        try (Stream<Path> members = Files.list(folder)) {
            String captures = members.filter(
                            member -> TRACES.stream().map(member::resolve).anyMatch(Files::isRegularFile))
                    .map(Path::toString)
                    .sorted()
                    .collect(Collectors.joining(" "));
            return captures.isEmpty() ? "" : "; captures in it are " + captures;
        } catch (IOException cause) {
            throw new IommuException(Errno.EINVAL, "cannot read folder " + folder + ": " + cause);
        }
    }

    private static String nameOf(Path path) {
        return path.toAbsolutePath().normalize().getFileName().toString();
    }
}
