package org.sluice.tck.driver;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.sluice.spi.driver.Attachment;
import org.sluice.spi.driver.HardwareWalk;

/** Hardware that is asked to translate says what the device meets: a driver that offers to ask passes the answer on. */
interface HardwareWalkCases extends Rigged {
    @Test
    default void hardwareWalkFollowsTheTablesAndIsNoFaultOfTheDevice() {
        Rig rig = rig();
        Client client = rig.client();
        Space space = rig.space(Sizes.granules(rig.unit()).get(0));
        if (!(space.context() instanceof HardwareWalk hardware)) {
            Unsupported.on(rig, "asking the hardware to translate");
            return;
        }
        assertThat(hardware.hardwareWalk(0x6000)).as("no device is attached").isEmpty();
        rig.unit().attach(client.record(), Attachment.to(space.context()));
        long paddr = rig.page();
        client.plant(paddr, 50);
        space.map(0x6000, paddr, Sizes.KIB_4, Space.RW);
        OptionalLong answer = hardware.hardwareWalk(0x6123);
        if (answer.isEmpty()) {
            Unsupported.on(rig, "translation operations, by this hardware");
        }
        assertThat(answer).hasValue(paddr + 0x123);
        assertThat(space.table().iovaToPhys(0x6123)).isEqualTo(paddr + 0x123);
        assertThat(client.read(0x6000)).isEqualTo(50);
        space.unmap(0x6000, Sizes.KIB_4, 1);
        assertThat(hardware.hardwareWalk(0x6123)).as("unmapped").hasValue(0);
        rig.settle();
        assertThat(rig.faults()).isEmpty();
    }
}
