package org.sluice.trace.internal.capture;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;

/**
 * A trace with what belongs to it. A folder offers its sidecars; a single file is taken alone, whatever lies beside it.
 *
 * @param name name of the folder or file
 * @param trace the trace, plain or gzip
 * @param defaults what the capture tells of default domains
 * @param mappings leaves that must be live at the end, if the capture has them
 * @param summary totals at the end, if the capture has them
 */
public record Capture(
        String name,
        Path trace,
        DefaultDomains defaults,
        Optional<ExpectedMappings> mappings,
        Optional<ExpectedSummary> summary) {
    /** Traces that name domains come first: they leave nothing open. */
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
        return new Capture(nameOf(path), path, DefaultDomains.UNKNOWN, Optional.empty(), Optional.empty());
    }

    private static Capture ofFolder(Path folder) {
        Path trace = TRACES.stream()
                .map(folder::resolve)
                .filter(Files::isRegularFile)
                .findFirst()
                .orElseThrow(() -> new IommuException(
                        Errno.EINVAL, "capture " + folder + " has none of " + String.join(", ", TRACES)));
        return new Capture(
                nameOf(folder),
                trace,
                DefaultDomains.read(sidecar(folder, "iommu_groups.txt"), sidecar(folder, "cmdline.txt")),
                sidecar(folder, "expected-mappings.csv").map(ExpectedMappings::read),
                sidecar(folder, "expected-summary.json").map(ExpectedSummary::read));
    }

    private static Optional<Path> sidecar(Path folder, String file) {
        return Optional.of(folder.resolve(file)).filter(Files::isRegularFile);
    }

    private static String nameOf(Path path) {
        return path.toAbsolutePath().normalize().getFileName().toString();
    }
}
