package org.sluice.trace.internal.capture;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.sluice.api.IommuException;
import org.sluice.trace.Samples;
import org.sluice.trace.internal.TraceWriter;

class CaptureTest {
    private static final String HEADER = "sid,stage,ssid,iova,size,pa,perm,pte";

    @TempDir
    Path folder;

    @ParameterizedTest
    @CsvSource({
        "nvme-virtioblk-strict, trace-domains.txt.gz, 329, 1347584",
        "single-nvme, trace-domains.txt.gz, 172, 704512",
        "passthrough-vfio, trace-domains.txt, 556, 8556544",
        "vfio-16k, trace-domains.txt.gz, 2093, 134905856",
        "stage2-strict, trace-domains.txt.gz, 1286, 11546624"
    })
    void folderOffersTheTraceThatNamesDomainsAndWhatIsExpected(String name, String trace, int leaves, long bytes) {
        Capture capture = Capture.of(Samples.of(name));
        assertThat(capture.name()).isEqualTo(name);
        assertThat(capture.trace().getFileName()).hasToString(trace);
        assertThat(capture.mappings().orElseThrow().leaves()).hasSize(leaves);
        assertThat(capture.summary()).contains(new ExpectedSummary(leaves, bytes));
    }

    @Test
    void expectedLeafHasTheColumnsOfTheFile() {
        assertThat(Capture.of(Samples.of("passthrough-vfio"))
                        .mappings()
                        .orElseThrow()
                        .leaves())
                .first()
                .isEqualTo(new ExpectedLeaf(0x38, 1, 0x100000, 0x1000, 0x43fcd000, "rw", 0x43fcdf47L));
    }

    @Test
    void fileIsTakenAlone() {
        Capture capture = Capture.of(Samples.of("passthrough-vfio").resolve("trace.txt"));
        assertThat(capture.mappings()).isEmpty();
        assertThat(capture.defaults().known()).isFalse();
    }

    @Test
    void folderWithoutTraceIsAClearError() {
        assertThatThrownBy(() -> Capture.of(folder))
                .isInstanceOf(IommuException.class)
                .hasMessageContaining("trace-domains.txt");
        assertThatThrownBy(() -> Capture.of(folder.resolve("absent")))
                .isInstanceOf(IommuException.class)
                .hasMessageContaining("absent");
    }

    @Test
    void identityComesFromTheGroups() {
        DefaultDomains defaults = Capture.of(Samples.of("passthrough-vfio")).defaults();
        assertThat(defaults.isIdentity("0000:00:02.0")).isTrue();
        assertThat(defaults.isIdentity("0000:00:03.0")).isFalse();
        assertThat(Capture.of(Samples.of("single-nvme")).defaults().isIdentity("0000:00:02.0"))
                .isFalse();
    }

    @Test
    void identityComesFromTheCommandLineWithoutGroups() throws IOException {
        Files.writeString(folder.resolve("trace.txt"), "");
        Files.writeString(folder.resolve("cmdline.txt"), "quiet iommu.passthrough=0 iommu.passthrough=1");
        assertThat(Capture.of(folder).defaults().isIdentity("0000:00:02.0")).isTrue();
        assertThat(DefaultDomains.ofCommandLine("quiet").known()).isFalse();
    }

    @ParameterizedTest
    @CsvSource({"1, true", "y, true", "on, true", "0, false", "off, false", "no, false"})
    void passthroughTakesTheWordsOfTheKernel(String word, boolean identity) {
        DefaultDomains defaults = DefaultDomains.ofCommandLine("quiet iommu.passthrough=" + word + "\r\n");
        assertThat(defaults.known()).isTrue();
        assertThat(defaults.everyIdentity()).isEqualTo(identity);
    }

    @Test
    void groupsMayNameADeviceTwiceOrNone() {
        IommuGroups groups = IommuGroups.of(
                "group 0 type=DMA-FQ devices: a a b \r\n  reserved 0x0 0x1 msi\r\ngroup 12 type=identity devices:\n");
        assertThat(groups.groups()).hasSize(2);
        assertThat(groups.groupOf("a").orElseThrow().devices()).containsExactlyInAnyOrder("a", "b");
        assertThat(groups.groups().get(1).devices()).isEmpty();
    }

    @Test
    void sidecarsMayBePackedAndHaveAnyLineEnd() throws IOException {
        Files.writeString(folder.resolve("trace.txt"), "");
        pack("expected-mappings.csv", HEADER + "\r\n0x10,s2,,0x1000,0x1000,0x2000,-w,0x27bf\r\n\r\n");
        pack("expected-summary.json", "{\"leaves\": 1,\r\n \"mapped_bytes\": 4096}");
        pack("iommu_groups.txt", "group 0 type=identity devices: 0000:00:02.0 \r\n");
        Capture capture = Capture.of(folder);
        assertThat(capture.mappings().orElseThrow().leaves())
                .containsExactly(new ExpectedLeaf(0x10, 2, 0x1000, 0x1000, 0x2000, "-w", 0x27bf));
        assertThat(capture.summary()).contains(new ExpectedSummary(1, 4096));
        assertThat(capture.defaults().isIdentity("0000:00:02.0")).isTrue();
    }

    @Test
    void damagedPackedSidecarIsNamed() throws IOException {
        Files.writeString(folder.resolve("trace.txt"), "");
        Files.writeString(folder.resolve("expected-mappings.csv.gz"), HEADER);
        assertThatThrownBy(() -> Capture.of(folder))
                .isInstanceOf(IommuException.class)
                .hasMessageContaining("expected-mappings.csv.gz");
    }

    @Test
    void folderOfCapturesIsToldFromACapture() {
        assertThatThrownBy(() -> Capture.of(Samples.FOLDER))
                .isInstanceOf(IommuException.class)
                .hasMessageContaining("captures in it are")
                .hasMessageContaining("single-nvme");
    }

    @Test
    void traceThatAttachesNoDeviceGivesWayToTheOther() throws IOException {
        Files.writeString(folder.resolve("trace-domains.txt"), "# tracer: nop\n");
        new TraceWriter().attach("0000:00:02.0").to(folder.resolve("trace.txt"));
        assertThat(Capture.of(folder).trace().getFileName()).hasToString("trace.txt");
    }

    @Test
    void leavesOfSubstreamsAreKeptApart() throws IOException {
        Files.writeString(folder.resolve("trace.txt"), "");
        Files.writeString(
                folder.resolve("expected-mappings.csv"), HEADER + "\n0x10,s1,3,0x1000,0x1000,0x2000,rw,0x0\n");
        ExpectedMappings mappings = Capture.of(folder).mappings().orElseThrow();
        assertThat(mappings.leaves()).isEmpty();
        assertThat(mappings.substreams()).hasSize(1);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "'' | :1: has no column sid",
                "'\\n\\n' | :1: has no column sid",
                "'sid,stage,ssid,iova,size,pa,perm' | :1: has no column pte",
                "'sid,stage,ssid,iova,size,pa,perm,pte\n0x10,s3,0,0,0,0,rw,0' | :2: stage is s3, must be s1 or s2",
                "'sid,stage,ssid,iova,size,pa,perm,pte\n0x10,s1,0,0,0,0,rw' | :2: has 7 columns, pte would be column 8",
                "'sid,stage,ssid,iova,size,pa,perm,pte\n0x10,s1,0,0,4K,0,rw,0' | :2: size is \"4K\", not a number"
            })
    void damagedExpectationSaysWhereAndWhat(String csv, String reason) throws IOException {
        Files.writeString(folder.resolve("trace.txt"), "");
        Files.writeString(folder.resolve("expected-mappings.csv"), csv.replace("\\n", "\n"));
        assertThatThrownBy(() -> Capture.of(folder))
                .isInstanceOf(IommuException.class)
                .hasMessageContaining("expected-mappings.csv" + reason);
    }

    private void pack(String name, String content) throws IOException {
        try (OutputStream file = Files.newOutputStream(folder.resolve(name + ".gz"));
                OutputStream packed = new GZIPOutputStream(file)) {
            packed.write(content.getBytes(StandardCharsets.UTF_8));
        }
    }

    @Test
    void damagedExpectationNamesFileAndLine() throws IOException {
        Files.writeString(folder.resolve("trace.txt"), "");
        Files.writeString(
                folder.resolve("expected-mappings.csv"), "sid,stage,ssid,iova,size,pa,perm,pte\n0x10,s1,0,zzz\n");
        assertThatThrownBy(() -> Capture.of(folder))
                .isInstanceOf(IommuException.class)
                .hasMessageContaining("expected-mappings.csv:2");
    }
}
