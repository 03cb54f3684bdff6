package org.sluice.vendor.marvell;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.sluice.smmuv2.testkit.Smmuv2Machine;
import org.sluice.smmuv2.testkit.Smmuv2Space;
import org.sluice.spi.quirk.HardwareIdentity;

@Timeout(60)
class SplitAccessTest {
    private static final String COMPATIBLE = "marvell,ap806-smmu-500";
    private static final int SID = 3;
    private static final long IOVA = 0x7000;
    private static final long PAGE = Smmuv2Machine.RAM + 0x1_0000;

    private static Smmuv2Machine machine() {
        Smmuv2Machine machine = Smmuv2Machine.of(COMPATIBLE).model("profile", "ap806");
        machine.memory().write32(PAGE, 42);
        return machine;
    }

    @Test
    void firmwareSaysWhichSmmuIsConcerned() {
        SplitAccess hooks = new SplitAccess();
        assertThat(hooks.match(new HardwareIdentity("smmu0", COMPATIBLE, 0, Map.of())))
                .hasValue("compatible is " + COMPATIBLE);
        assertThat(hooks.match(new HardwareIdentity("smmu0", "arm,mmu-500", 0, Map.of())))
                .isEmpty();
    }

    /** Two devices, the same IOVA on different pages. What the second one reads after the first one did. */
    private static long secondAfterFirst(Smmuv2Machine machine) {
        machine.memory().write32(PAGE + 0x1000, 43);
        machine.attached(SID).map(IOVA, PAGE, 0x1000);
        machine.attached(SID + 1).map(IOVA, PAGE + 0x1000, 0x1000);
        assertThat(machine.word(SID, IOVA)).isEqualTo(42);
        return machine.word(SID + 1, IOVA);
    }

    /** The ASID stands in the upper half of TTBR0, which the write does not reach: every space has ASID 0. */
    @Test
    void withoutThePlugInADeviceReachesThePagesOfAnother() {
        try (Smmuv2Machine machine = machine().probe()) {
            assertThat(secondAfterFirst(machine)).isEqualTo(42);
        }
    }

    @Test
    void withItEachReachesItsOwn() {
        try (Smmuv2Machine machine = machine().hooks(new SplitAccess()).probe()) {
            assertThat(secondAfterFirst(machine)).isEqualTo(43);
        }
    }

    @Test
    void withItAddressesHave32BitsAndUnmappedPagesAreGone() {
        try (Smmuv2Machine machine = machine().hooks(new SplitAccess()).probe()) {
            Smmuv2Space space = machine.attached(SID);
            assertThat(space.context().tableConfig().format()).isEqualTo("ARM_32_LPAE_S1");
            assertThat(machine.unit().capabilities().inputBits()).isEqualTo(32);
            for (int round = 0; round < 3; round++) {
                space.map(IOVA, PAGE, 0x1000);
                assertThat(machine.word(SID, IOVA)).isEqualTo(42);
                space.unmap(IOVA, PAGE, 0x1000);
                assertThat(machine.word(SID, IOVA)).isEqualTo(-1);
            }
        }
    }
}
