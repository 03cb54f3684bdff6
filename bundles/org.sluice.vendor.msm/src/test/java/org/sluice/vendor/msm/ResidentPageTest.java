package org.sluice.vendor.msm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.sluice.api.IommuException;
import org.sluice.smmuv2.testkit.Smmuv2Machine;
import org.sluice.smmuv2.testkit.Smmuv2Space;
import org.sluice.spi.board.Dma;
import org.sluice.spi.quirk.HardwareIdentity;
import org.sluice.vendor.msm.gpu.CommandStream;
import org.sluice.vendor.msm.gpu.Execution;
import org.sluice.vendor.msm.gpu.Gpu;
import org.sluice.vendor.msm.gpu.TableAperture;

/** A GPU works in a region of which one page is resident and the rest is not. */
@Timeout(60)
class ResidentPageTest {
    private static final int GPU = 0;
    private static final int OTHER = 1;
    private static final long PAGE = 0x1000;
    private static final long RESIDENT = Smmuv2Machine.RAM + 0x1_0000;
    private static final long SPARE = Smmuv2Machine.RAM + 0x2_0000;
    private static final long STREAM = Smmuv2Machine.RAM + 0x3_0000;
    private static final long STREAM_IOVA = 0x10_0000;
    private static final long REGION = 0x40_0000;

    private static Smmuv2Machine machine() {
        Smmuv2Machine machine = Smmuv2Machine.of(Qualcomm.ADRENO)
                .model("profile", "qcom")
                .firmware(ResidentPage.PROPERTY, String.format("0x%x", SPARE))
                .hooks(new GpuBank());
        machine.memory().write32(RESIDENT, 41);
        machine.memory().write32(SPARE, 42);
        return machine;
    }

    private static void mapRegion(Smmuv2Space space) {
        space.map(STREAM_IOVA, STREAM, PAGE);
        space.map(REGION, RESIDENT, PAGE);
        for (int page = 1; page < 4; page++) {
            space.map(REGION + page * PAGE, SPARE, PAGE);
        }
    }

    /** What the GPU finds in the first and the last page after it stored 7 into both. */
    private static int[] work(Smmuv2Machine machine) {
        mapRegion(machine.attached(GPU));
        long last = REGION + 3 * PAGE;
        int[] words = new CommandStream()
                .load(0, last, 1)
                .store(REGION, 7)
                .store(last, 7)
                .load(1, REGION, 1)
                .load(2, last, 1)
                .words();
        for (int i = 0; i < words.length; i++) {
            machine.memory().write32(STREAM + (long) i * Integer.BYTES, words[i]);
        }
        try (Gpu gpu = new Gpu(machine.dma(GPU), new TableAperture(machine.powerOn()))) {
            Execution execution =
                    gpu.run(STREAM_IOVA, words.length, Dma.NO_PASID).join();
            assertThat(execution.completed()).as(execution.reason()).isTrue();
            return new int[] {gpu.register(0), gpu.register(1), gpu.register(2)};
        }
    }

    @Test
    void withoutThePlugInPagesThatAreNotResidentShareOneThatIsWritten() {
        try (Smmuv2Machine machine = machine().probe()) {
            assertThat(work(machine)).containsExactly(42, 7, 7);
            assertThat(machine.memory().read32(SPARE)).isEqualTo(7);
        }
    }

    @Test
    void withItTheyReadAsZeroAndNothingIsWritten() {
        try (Smmuv2Machine machine = machine().hooks(new ResidentPage()).probe()) {
            assertThat(work(machine)).containsExactly(0, 7, 0);
            assertThat(machine.memory().read32(SPARE)).isEqualTo(42);
            mapRegion(machine.attached(OTHER));
            assertThat(machine.word(OTHER, REGION + PAGE))
                    .as("another device's bank")
                    .isEqualTo(42);
        }
    }

    @Test
    void anActlrOfTheGpuKeepsTheBit() {
        try (Smmuv2Machine machine = machine()
                .firmware(ClientActlr.PROPERTY, "dev0=0x1")
                .hooks(new ClientActlr(), new ResidentPage())
                .probe()) {
            assertThat(work(machine)).containsExactly(0, 7, 0);
        }
    }

    @Test
    void onlyAnAdrenoWithThePropertyIsConcernedAndAPageThatIsNoneIsRefusedByName() {
        Map<String, String> page = Map.of(ResidentPage.PROPERTY, "0x1000");
        assertThat(new ResidentPage().match(new HardwareIdentity("smmu0", "qcom,smmu-500", 0, page)))
                .isEmpty();
        assertThat(new ResidentPage().match(new HardwareIdentity("smmu0", Qualcomm.ADRENO, 0, Map.of())))
                .isEmpty();
        assertThat(new ResidentPage().match(new HardwareIdentity("smmu0", Qualcomm.ADRENO, 0, page)))
                .hasValue("compatible is qcom,adreno-smmu, qcom,prr-page is 0x1000");
        for (String value : new String[] {"0x1001", "-4096", "0x1000000000000", "here"}) {
            assertThatThrownBy(() -> Smmuv2Machine.of(Qualcomm.ADRENO)
                            .firmware(ResidentPage.PROPERTY, value)
                            .hooks(new ResidentPage())
                            .probe())
                    .isInstanceOf(IommuException.class)
                    .hasMessageContaining("qcom,prr-page of smmu0 is '" + value + "'");
        }
    }
}
