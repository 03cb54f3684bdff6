package org.sluice.vendor.arm;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.sluice.smmuv2.arch.SAcr;
import org.sluice.smmuv2.arch.SIdr7;
import org.sluice.smmuv2.testkit.Smmuv2Machine;
import org.sluice.smmuv2.testkit.Smmuv2Space;
import org.sluice.spi.quirk.AppliedHooks;
import org.sluice.spi.quirk.HardwareIdentity;

@Timeout(60)
class Mmu500Test {
    private static final int SID = 3;
    private static final long IOVA = 0x7000;
    private static final long PAGE = Smmuv2Machine.RAM + 0x1_0000;

    private static Smmuv2Machine machine() {
        Smmuv2Machine machine = Smmuv2Machine.of("arm,mmu-500").model("profile", "mmu-500");
        machine.memory().write32(PAGE + 0x1000, 42);
        return machine;
    }

    /** A device reads a page and thereby fetches the next one ahead; that one is unmapped, and the device reads it. */
    private static long nextPageAfterUnmap(Smmuv2Machine machine) {
        Smmuv2Space space = machine.attached(SID);
        space.map(IOVA, PAGE, 0x2000);
        machine.word(SID, IOVA);
        space.unmap(IOVA + 0x1000, PAGE + 0x1000, 0x1000);
        return machine.word(SID, IOVA + 0x1000);
    }

    @Test
    void firmwareSaysWhichSmmuIsConcernedAndIdr7WhichRevision() {
        Mmu500 hooks = new Mmu500();
        int second = (int) SIdr7.withMajor(0, 2);
        assertThat(hooks.match(new HardwareIdentity("smmu0", "arm,mmu-500", second, Map.of())))
                .hasValue("compatible is arm,mmu-500, major revision 2");
        assertThat(hooks.match(new HardwareIdentity("smmu0", "qcom,smmu-500", 0, Map.of())))
                .hasValue("compatible is qcom,smmu-500, major revision 0");
        assertThat(hooks.match(new HardwareIdentity("smmu0", "arm,smmu-v2", second, Map.of())))
                .isEmpty();
        assertThat(hooks.match(new HardwareIdentity("smmu0", "arm,smmu-v3", second, Map.of())))
                .isEmpty();
    }

    @Test
    void withoutThePlugInWhatWasFetchedAheadSurvivesItsUnmap() {
        try (Smmuv2Machine machine = machine().probe()) {
            assertThat(machine.appliedHooks()).isEmpty();
            assertThat(nextPageAfterUnmap(machine)).isEqualTo(42);
        }
    }

    @Test
    void withItNothingIsFetchedAheadInAnyBank() {
        try (Smmuv2Machine machine = machine().hooks(new Mmu500()).probe()) {
            assertThat(machine.appliedHooks())
                    .containsExactly(new AppliedHooks(
                            "Arm MMU-500 errata 841119, 826419", "compatible is arm,mmu-500, major revision 2"));
            for (int stream = SID; stream < SID + 16; stream++) {
                Smmuv2Space space = machine.attached(stream);
                space.map(IOVA, PAGE, 0x2000);
                machine.word(stream, IOVA);
                space.unmap(IOVA + 0x1000, PAGE + 0x1000, 0x1000);
                assertThat(machine.word(stream, IOVA + 0x1000))
                        .as("bank of stream %d", stream)
                        .isEqualTo(-1);
            }
        }
    }

    /** The lock is a matter of r2p0 and later; what stood in the register otherwise stays. */
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3})
    void lockIsTakenOffFromRevisionTwoOn(int major) {
        int before = (int) (SAcr.CACHE_LOCK_MASK | 1);
        try (Smmuv2Machine machine = machine().model("idr7.MAJOR", major).hooks(new Mmu500())) {
            machine.powerOn().write32(SAcr.OFFSET, before);
            machine.probe();
            long expected = (major < 2 ? SAcr.CACHE_LOCK_MASK : 0) | SAcr.SMTNMB_TLBEN_MASK | SAcr.S2CRB_TLBEN_MASK | 1;
            assertThat(machine.powerOn().read32(SAcr.OFFSET)).isEqualTo((int) expected);
        }
    }
}
