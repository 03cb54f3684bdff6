package org.sluice.trace.internal.capture;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.sluice.api.IommuException;
import org.sluice.trace.Samples;

class CaptureTest {
    @TempDir
    Path folder;

    @ParameterizedTest
    @CsvSource({
        "nvme-virtioblk-strict, trace-domains.txt.gz, 329, 1347584",
        "single-nvme, trace-domains.txt.gz, 172, 704512",
        "passthrough-vfio, trace-domains.txt, 556, 8556544"
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
                .isEqualTo(new ExpectedLeaf(0x38, 0x100000, 0x1000, 0x43fcd000, "rw", 0x43fcdf47L));
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
