package org.sluice.trace.internal.books;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.sluice.trace.Samples;
import org.sluice.trace.internal.capture.Capture;
import org.sluice.trace.internal.capture.TableForm;
import org.sluice.trace.internal.capture.TraceSurvey;
import org.sluice.trace.internal.text.TraceReader;

/** The books of the three captures against what others found in them. */
class CapturedKernelsTest {
    @TempDir
    Path folder;

    @ParameterizedTest
    @ValueSource(strings = {"nvme-virtioblk-strict", "single-nvme", "passthrough-vfio"})
    void probesLeaveLiveWhatTheCaptureSays(String name) throws IOException {
        TraceInterpreter books = read(Capture.of(Samples.of(name)));
        assertThat(books.ambiguities().count()).isZero();
        Set<String> live = new TreeSet<>();
        for (TracedDomain domain : books.domains()) {
            for (TracedLeaf leaf : domain.space().leaves()) {
                live.add(String.format(
                        "0x%x,%s,0x%x,0x%x,0x%x,0x%x",
                        domain.pointer(),
                        String.join(" ", domain.devices()),
                        leaf.iova(),
                        leaf.paddr(),
                        leaf.size(),
                        leaf.prot()));
            }
        }
        List<String> rows = Files.readAllLines(Samples.of(name).resolve("trace-live-mappings.csv"));
        assertThat(live).isEqualTo(new TreeSet<>(rows.subList(1, rows.size())));
    }

    @ParameterizedTest
    @ValueSource(strings = {"nvme-virtioblk-strict", "single-nvme", "passthrough-vfio", "vfio-16k", "stage2-strict"})
    void probesLeaveLiveWhatAWalkerFoundInTheMachinesMemory(String name) {
        Capture capture = Capture.of(Samples.of(name));
        TraceInterpreter books = read(capture);
        assertThat(leaves(books)).isEqualTo(expected(capture));
    }

    @Test
    void tracepointsOfOneDomainLeaveNothingOpen() throws IOException {
        Capture capture = withoutProbes("single-nvme", "trace.txt.gz");
        TraceInterpreter books = read(capture);
        assertThat(books.ambiguities().count()).isZero();
        assertThat(leaves(books)).hasSize(172).isEqualTo(expected(capture));
        assertThat(books.totals().withoutProt()).isEqualTo(1566);
    }

    @Test
    void tracepointsBesideAnIdentityDomainLeaveNothingOpen() throws IOException {
        Capture capture = withoutProbes("passthrough-vfio", "trace.txt");
        TraceInterpreter books = read(capture);
        assertThat(books.ambiguities().count()).isZero();
        assertThat(leaves(books)).hasSize(556).isEqualTo(expected(capture));
    }

    @Test
    void tracepointsOfThreeDomainsAreOpenAndNoneIsApplied() throws IOException {
        TraceInterpreter books = read(withoutProbes("nvme-virtioblk-strict", "trace.txt.gz"));
        assertThat(books.ambiguities().count()).isEqualTo(3366 + 1782);
        assertThat(leaves(books)).isEmpty();
    }

    private Capture withoutProbes(String name, String trace) throws IOException {
        for (String file : List.of(trace, "expected-mappings.csv", "iommu_groups.txt")) {
            Files.copy(Samples.of(name).resolve(file), folder.resolve(file));
        }
        return Capture.of(folder);
    }

    private static TraceInterpreter read(Capture capture) {
        TraceSurvey survey = TraceSurvey.of(capture.trace(), true);
        TraceInterpreter interpreter = new TraceInterpreter(
                survey, capture.defaults(), TableForm.of(survey, capture.mappings()), new RecordingSink());
        TraceReader.read(capture.trace(), interpreter);
        return interpreter;
    }

    private static Set<String> leaves(TraceInterpreter books) {
        Set<String> leaves = new TreeSet<>();
        for (TracedDomain domain : books.domains()) {
            for (String device : domain.devices()) {
                domain.space()
                        .leaves()
                        .forEach(leaf -> leaves.add(
                                String.format("%s %x %x %x", slot(device), leaf.iova(), leaf.paddr(), leaf.size())));
            }
        }
        return leaves;
    }

    private static Set<String> expected(Capture capture) {
        Set<String> leaves = new TreeSet<>();
        capture.mappings()
                .orElseThrow()
                .leaves()
                .forEach(leaf -> leaves.add(
                        String.format("%d %x %x %x", leaf.streamId() >> 3, leaf.iova(), leaf.paddr(), leaf.size())));
        return leaves;
    }

    /** Device number of a function on bus 0. */
    private static int slot(String device) {
        return Integer.parseInt(device.substring(8, 10), 16);
    }
}
