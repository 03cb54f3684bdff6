package org.sluice.vendor.nvidia;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.sluice.api.IommuException;
import org.sluice.smmuv2.testkit.Smmuv2Machine;
import org.sluice.smmuv2.testkit.Smmuv2Space;
import org.sluice.spi.driver.DeviceRecord;
import org.sluice.spi.driver.FaultRecord;
import org.sluice.spi.quirk.HardwareIdentity;

@Timeout(60)
class TegraTest {
    private static final int SID = 3;
    /** Even pages go to one instance of two, odd ones to the other. */
    private static final long IOVA = 0x4020_0000L;

    private static final long BLOCK = 1L << 21;
    private static final long PAGE = Smmuv2Machine.RAM + BLOCK;

    private static Smmuv2Machine machine(Object... model) {
        Smmuv2Machine machine = Smmuv2Machine.of("nvidia,tegra194-smmu").model(model);
        machine.memory().write32(PAGE, 1);
        machine.memory().write32(PAGE + 0x1000, 2);
        return machine;
    }

    @Test
    void firmwareSaysWhichSmmuIsConcerned() {
        for (String chip : new String[] {"nvidia,tegra194-smmu", "nvidia,tegra234-smmu"}) {
            assertThat(new MirroredInstances().match(identity(chip))).hasValue("compatible is " + chip);
            assertThat(new PageSizeLimit().match(identity(chip))).hasValue("compatible is " + chip);
        }
        assertThat(new MirroredInstances().match(identity("nvidia,tegra186-smmu")))
                .isPresent();
        assertThat(new StreamOverride().match(identity("nvidia,tegra186-smmu")))
                .hasValue("compatible is nvidia,tegra186-smmu");
        assertThat(new PageSizeLimit().match(identity("nvidia,tegra186-smmu"))).isEmpty();
        assertThat(new MirroredInstances().match(identity("arm,mmu-500"))).isEmpty();
    }

    private static HardwareIdentity identity(String compatible) {
        return new HardwareIdentity("smmu0", compatible, 0, Map.of());
    }

    @Test
    void withoutThePlugInTheOtherInstanceIsNeverProgrammed() {
        try (Smmuv2Machine machine = machine("instances", 2).probe()) {
            Smmuv2Space space = machine.attached(SID);
            space.map(IOVA, PAGE, 0x2000);
            assertThat(machine.word(SID, IOVA)).isEqualTo(1);
            assertThat(machine.word(SID, IOVA + 0x1000)).as("not translated").isNotEqualTo(2);
            assertThat(machine.word(SID, PAGE + 0x1000))
                    .as("it bypasses instead")
                    .isEqualTo(2);
        }
    }

    @Test
    void withItEveryPageIsMappedAndUnmappedInEveryInstance() {
        for (int instances : new int[] {1, 2, 4}) {
            try (Smmuv2Machine machine = machine("instances", instances)
                    .firmware(MirroredInstances.PROPERTY, Integer.toString(instances))
                    .hooks(new MirroredInstances())
                    .probe()) {
                Smmuv2Space space = machine.attached(SID);
                space.map(IOVA, PAGE, 0x4000);
                for (int page = 0; page < 4; page++) {
                    machine.memory().write32(PAGE + page * 0x1000, 10 + page);
                    assertThat(machine.word(SID, IOVA + page * 0x1000)).isEqualTo(10 + page);
                }
                space.unmap(IOVA, PAGE, 0x4000);
                for (int page = 0; page < 4; page++) {
                    assertThat(machine.word(SID, IOVA + page * 0x1000)).isEqualTo(-1);
                }
            }
        }
    }

    @Test
    void faultOfEveryInstanceIsReportedAndForgotten() throws InterruptedException {
        try (Smmuv2Machine machine =
                machine("instances", 2).hooks(new MirroredInstances()).probe()) {
            machine.attached(SID);
            for (long iova = IOVA; iova < IOVA + 0x6000; iova += 0x1000) {
                assertThat(machine.word(SID, iova)).isEqualTo(-1);
                FaultRecord fault = machine.faults().poll(30, TimeUnit.SECONDS);
                assertThat(fault).as("the fault at 0x%x", iova).isNotNull();
                assertThat(fault.iova()).isEqualTo(iova);
                assertThat(fault.streamId()).isEqualTo(SID);
            }
        }
    }

    @Test
    void withoutThePlugInABlockStaysReachableAfterItWasUnmapped() {
        try (Smmuv2Machine machine = machine("defects", "block-invalidation").probe()) {
            Smmuv2Space space = machine.attached(SID);
            space.map(IOVA, PAGE, BLOCK);
            assertThat(machine.word(SID, IOVA)).isEqualTo(1);
            space.unmap(IOVA, PAGE, BLOCK);
            assertThat(machine.word(SID, IOVA)).isEqualTo(1);
        }
    }

    @Test
    void withItThereAreNoBlocks() {
        try (Smmuv2Machine machine = machine("defects", "block-invalidation")
                .hooks(new PageSizeLimit())
                .probe()) {
            assertThat(machine.unit().capabilities().pageSizes()).isEqualTo(0x1000);
            Smmuv2Space space = machine.attached(SID);
            space.map(IOVA, PAGE, BLOCK);
            assertThat(machine.word(SID, IOVA + 0x1000)).isEqualTo(2);
            space.unmap(IOVA, PAGE, BLOCK);
            assertThat(machine.word(SID, IOVA + 0x1000)).isEqualTo(-1);
        }
    }

    @Test
    void withoutThePlugInTrafficHasTheBootLoadersStreamId() throws InterruptedException {
        try (Smmuv2Machine machine = machine("defects", "boot-stream-id").probe()) {
            machine.attached(SID).map(IOVA, PAGE, 0x1000);
            assertThat(machine.word(SID, IOVA)).isEqualTo(-1);
            FaultRecord fault = machine.faults().poll(30, TimeUnit.SECONDS);
            assertThat(fault.streamId()).as("who it seems to be").isEqualTo(0x7f);
        }
    }

    @Test
    void withItEachDeviceHasItsOwn() {
        for (int instances : new int[] {1, 2}) {
            try (Smmuv2Machine machine = machine("defects", "boot-stream-id", "instances", instances)
                    .firmware(MirroredInstances.PROPERTY, Integer.toString(instances))
                    .hooks(new StreamOverride(), new MirroredInstances())
                    .probe()) {
                machine.attached(SID).map(IOVA, PAGE, 0x2000);
                assertThat(machine.word(SID, IOVA)).isEqualTo(1);
                assertThat(machine.word(SID, IOVA + 0x1000)).isEqualTo(2);
                assertThat(machine.word(SID + 1, IOVA)).as("nobody added it").isEqualTo(-1);
            }
        }
    }

    @Test
    void machineWithoutAnOverrideNeedsNone() {
        new StreamOverride().deviceAdded(identity("nvidia,tegra194-smmu"), new DeviceRecord("dev", List.of(SID), 0));
    }

    @Test
    void aCountThatCannotBeIsRefusedByName() {
        for (String count : new String[] {"0", "9", "two"}) {
            assertThatThrownBy(() -> machine("instances", 2)
                            .firmware(MirroredInstances.PROPERTY, count)
                            .hooks(new MirroredInstances())
                            .probe())
                    .isInstanceOf(IommuException.class)
                    .hasMessageContaining("nvidia,instances of smmu0 is '" + count + "'");
        }
    }
}
