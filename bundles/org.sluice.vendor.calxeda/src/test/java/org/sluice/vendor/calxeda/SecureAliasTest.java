package org.sluice.vendor.calxeda;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.sluice.smmuv2.testkit.Smmuv2Machine;
import org.sluice.smmuv2.testkit.Smmuv2Space;
import org.sluice.spi.driver.FaultRecord;
import org.sluice.spi.quirk.HardwareIdentity;

@Timeout(60)
class SecureAliasTest {
    private static final String NAME = "calxeda,smmu-secure-config-access";
    private static final int SID = 3;
    private static final int STRANGER = 4;
    private static final long IOVA = 0x7000;
    private static final long PAGE = Smmuv2Machine.RAM + 0x1_0000;

    private static Smmuv2Machine machine() {
        Smmuv2Machine machine = Smmuv2Machine.of(NAME).model("profile", "calxeda");
        machine.memory().write32(PAGE, 42);
        return machine;
    }

    @Test
    void firmwareSaysWhichSmmuIsConcerned() {
        SecureAlias hooks = new SecureAlias();
        assertThat(hooks.match(new HardwareIdentity("smmu0", NAME, 0, Map.of())))
                .hasValue("compatible is " + NAME);
        assertThat(hooks.match(new HardwareIdentity("smmu0", "arm,smmu-v2", 0, Map.of(NAME, ""))))
                .hasValue("firmware says " + NAME);
        assertThat(hooks.match(new HardwareIdentity("smmu0", "arm,smmu-v2", 0, Map.of())))
                .isEmpty();
    }

    @Test
    void withoutThePlugInTheSmmuIsNeverSwitchedOn() {
        try (Smmuv2Machine machine = machine().probe()) {
            assertThat(machine.appliedHooks()).isEmpty();
            machine.attached(SID);
            assertThat(machine.word(SID, PAGE))
                    .as("bypasses what nobody mapped")
                    .isEqualTo(42);
            assertThat(machine.word(STRANGER, PAGE))
                    .as("so does a stream of nobody")
                    .isEqualTo(42);
        }
    }

    @Test
    void withItDevicesAreTranslatedAndStrangersReported() throws InterruptedException {
        try (Smmuv2Machine machine = machine().hooks(new SecureAlias()).probe()) {
            Smmuv2Space space = machine.attached(SID);
            space.map(IOVA, PAGE, 0x1000);
            assertThat(machine.word(SID, IOVA)).isEqualTo(42);
            assertThat(machine.word(STRANGER, PAGE)).isEqualTo(-1);
            FaultRecord fault = machine.faults().poll(30, TimeUnit.SECONDS);
            assertThat(fault).isNotNull();
            assertThat(fault.streamId()).isEqualTo(STRANGER);
            assertThat(fault.iova()).isEqualTo(PAGE);
        }
    }
}
