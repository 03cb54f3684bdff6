package org.sluice.trace.internal.machine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.entry;

import java.nio.file.Path;
import java.util.Dictionary;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.sluice.api.IommuException;
import org.sluice.spi.memory.MemoryRegion;
import org.sluice.trace.Injection;
import org.sluice.trace.Samples;
import org.sluice.trace.internal.TraceWriter;
import org.sluice.trace.internal.capture.TableForm;
import org.sluice.trace.internal.capture.TraceSurvey;

class MachinePlanTest {
    @TempDir
    Path folder;

    @ParameterizedTest
    @ValueSource(
            strings = {
                "nvme-virtioblk-strict/trace-domains.txt.gz",
                "single-nvme/trace.txt.gz",
                "passthrough-vfio/trace-domains.txt"
            })
    void poolLiesOutsideEveryPageThatTheTraceNames(String trace) {
        TraceSurvey survey = TraceSurvey.of(Samples.of(trace), true);
        MachinePlan plan = MachinePlan.of("board", survey, TableForm.USUAL, 4);
        assertThat(survey.physical().overlaps(plan.pool().base(), plan.pool().size()))
                .isFalse();
        assertThat(plan.pool().last() >>> 44).isZero();
        survey.physical()
                .forEach((first, last) ->
                        assertThat(plan.memory()).anyMatch(region -> region.contains(first, last - first + 1)));
        disjointAndInMultiplesOf64KiB(plan.memory());
    }

    @Test
    void scatteredPagesBecomeAFewRegions() {
        TraceWriter trace = new TraceWriter().attach("0000:00:02.0");
        for (long page = 0; page < 5000; page++) {
            trace.map(page << 12, page * 0x1234_5000L, 0x1000);
        }
        TraceSurvey survey = TraceSurvey.of(trace.to(folder.resolve("t.txt")), true);
        MachinePlan plan = MachinePlan.of("board", survey, TableForm.USUAL, 4);
        assertThat(plan.memory()).hasSizeLessThanOrEqualTo(257);
        disjointAndInMultiplesOf64KiB(plan.memory());
        survey.physical()
                .forEach((first, last) ->
                        assertThat(plan.memory()).anyMatch(region -> region.contains(first, last - first + 1)));
    }

    @Test
    void devicesOfOtherBusesFindPlacesOnBusZeroOfQemu() {
        TraceWriter trace = new TraceWriter()
                .attach("0000:04:00.0")
                .attach("0000:00:1f.2")
                .attach("0000:00:00.0")
                .attach("a003e00.virtio_mmio");
        MachinePlan plan =
                MachinePlan.ofQemu("board", TraceSurvey.of(trace.to(folder.resolve("t.txt")), true), TableForm.USUAL);
        assertThat(plan.streams())
                .containsExactly(
                        entry("0000:04:00.0", 0x1e << 3),
                        entry("0000:00:1f.2", 0x1f << 3 | 2),
                        entry("0000:00:00.0", 0x1d << 3),
                        entry("a003e00.virtio_mmio", 0x1c << 3));
    }

    @Test
    void moreDevicesThanBusZeroHasPlacesAreRefused() {
        TraceWriter trace = new TraceWriter();
        for (int bus = 1; bus <= 32; bus++) {
            trace.attach(String.format("0000:%02x:00.0", bus));
        }
        TraceSurvey survey = TraceSurvey.of(trace.to(folder.resolve("t.txt")), true);
        assertThatThrownBy(() -> MachinePlan.ofQemu("board", survey, TableForm.USUAL))
                .isInstanceOf(IommuException.class)
                .hasMessageContaining("32 devices")
                .hasMessageContaining("0000:20:00.0");
    }

    /** Otherwise the memory types of stage 2 would be other ones than those that the captured kernel wrote. */
    @Test
    void machineHasForcedWriteBackOnlyIfTheCaptureShowsIt() {
        TraceSurvey survey =
                TraceSurvey.of(new TraceWriter().attach("0000:00:02.0").to(folder.resolve("t.txt")), true);
        assertThat(forcedWriteBack(survey, new TableForm(2, 0x1000, false))).isEqualTo(0);
        assertThat(forcedWriteBack(survey, new TableForm(2, 0x1000, true))).isNull();
        assertThat(forcedWriteBack(survey, TableForm.USUAL)).isNull();
    }

    private static Object forcedWriteBack(TraceSurvey survey, TableForm form) {
        return MachinePlan.of("board", survey, form, 4)
                .properties(Injection.NONE)
                .get("iommu.idr3.FWB");
    }

    @Test
    void streamIdIsTheRequesterId() {
        TraceWriter trace = new TraceWriter()
                .attach("0000:00:02.0")
                .attach("0000:03:1f.7")
                .attach("fe010000.mmc")
                .attach("0001:00:02.0");
        MachinePlan plan =
                MachinePlan.of("board", TraceSurvey.of(trace.to(folder.resolve("t.txt")), true), TableForm.USUAL, 4);
        assertThat(plan.streams())
                .contains(entry("0000:00:02.0", 0x10), entry("0000:03:1f.7", 0x3ff))
                .doesNotContainValue(null);
        assertThat(plan.streams().values()).doesNotHaveDuplicates();
        assertThat(MachinePlan.withoutRequesterId(plan.streams().keySet()))
                .containsExactlyInAnyOrder("fe010000.mmc", "0001:00:02.0");
    }

    @Test
    void planBecomesTheConfigurationOfABoard() {
        TraceWriter trace = new TraceWriter().attach("0000:00:02.0").map(0x1000, 0x4000_1000, 0x1000);
        MachinePlan plan =
                MachinePlan.of("board", TraceSurvey.of(trace.to(folder.resolve("t.txt")), true), TableForm.USUAL, 4);
        Dictionary<String, Object> properties = plan.properties(Injection.NONE);
        assertThat(properties.get("name")).isEqualTo("board");
        assertThat((String[]) properties.get("memory"))
                .containsExactly("0x40000000+0x10000", (String) properties.get("pool"));
        assertThat((String[]) properties.get("endpoints"))
                .containsExactly("0000:00:02.0;sid=0x10;pasids=10;stall=true");
        assertThat(properties.get("inject")).isEqualTo("none");
        assertThat(properties.get("iommu.profile")).isEqualTo("full");
        assertThat(properties.get("iommu.idr0.STALL_MODEL")).isEqualTo("0");
    }

    @Test
    void deviceOfAMachineWithADefectDoesNotWaitForAnswers() {
        TraceWriter trace = new TraceWriter().attach("0000:00:02.0").map(0x1000, 0x4000_1000, 0x1000);
        MachinePlan plan =
                MachinePlan.of("board", TraceSurvey.of(trace.to(folder.resolve("t.txt")), true), TableForm.USUAL, 4);
        Dictionary<String, Object> properties = plan.properties(Injection.SKIP_TLBI);
        assertThat((String[]) properties.get("endpoints")).containsExactly("0000:00:02.0;sid=0x10;pasids=10");
        assertThat(properties.get("inject")).isEqualTo("skip-tlbi");
        assertThat(properties.get("iommu.idr0.STALL_MODEL")).isNull();
    }

    @Test
    void planForQemuIsOnePieceOfMemoryBehindItsDevices() {
        TraceWriter trace = new TraceWriter()
                .attach("0000:00:02.0")
                .map(0x1000, 0x809_0000, 0x1000)
                .map(0x2000, 0x6345_6000L, 0x1000);
        MachinePlan plan =
                MachinePlan.ofQemu("board", TraceSurvey.of(trace.to(folder.resolve("t.txt")), true), TableForm.USUAL);
        assertThat(plan.memory()).containsExactly(new MemoryRegion(0x4000_0000L, 0x4000_0000L));
        assertThat(plan.pool()).isEqualTo(new MemoryRegion(0x7000_0000L, 0x1000_0000L));
        Dictionary<String, Object> properties = plan.properties(Injection.NONE);
        assertThat((String[]) properties.get("endpoints")).containsExactly("0000:00:02.0;sid=0x10");
        assertThat(properties.get("inject")).isNull();
    }

    private static void disjointAndInMultiplesOf64KiB(List<MemoryRegion> regions) {
        for (MemoryRegion region : regions) {
            assertThat(region.base() & 0xffff).isZero();
            assertThat(region.size() & 0xffff).isZero();
            assertThat(regions).filteredOn(region::overlaps).hasSize(1);
        }
    }
}
