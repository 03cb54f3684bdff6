package org.sluice.core.unit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.sluice.api.Capability;
import org.sluice.api.Domain;
import org.sluice.api.DomainType;
import org.sluice.api.IommuException;
import org.sluice.core.TestMachine;
import org.sluice.core.fake.FakeDriver;
import org.sluice.spi.board.BusPosition;

/** Where devices go that nobody attached. */
class DefaultDomainTest {
    private TestMachine machine;

    @AfterEach
    void stop() {
        machine.close();
        assertThat(machine.board.allocator().allocatedBytes()).isZero();
    }

    private TestMachine with(DefaultPolicy policy) {
        machine = TestMachine.off(policy);
        machine.board.endpoint("port", "", "smmu0", 0x70, new BusPosition(List.of(), true, false));
        machine.board.endpoint("console", "", "smmu0", 0x71, new BusPosition(List.of(), false, true));
        return machine;
    }

    private DomainType typeOf(String device) {
        return machine.device(device).domain().orElseThrow().type();
    }

    @Test
    void passthroughIsIdentityExceptForWhatAnybodyCanPlugIn() {
        with(DefaultPolicy.PASSTHROUGH).start(true);
        assertThat(typeOf("nic")).isEqualTo(DomainType.IDENTITY);
        assertThat(machine.hardware.dma(TestMachine.NIC, -1, 0x1234)).isEqualTo(0x1234);
        assertThat(typeOf("port")).isEqualTo(DomainType.DMA);
        assertThat(machine.hardware.dma(0x70, -1, 0x1000)).isZero();
    }

    @Test
    void strictIsDmaAndLazyIsDmaFqWhereTheHardwareAllowsIt() {
        with(DefaultPolicy.STRICT).start(true);
        assertThat(typeOf("nic")).isEqualTo(DomainType.DMA);
        Domain home = machine.device("nic").group().defaultDomain();
        home.space().map(0x1000, 0x8000, 0x1000, TestMachine.RW);
        assertThat(machine.hardware.dma(TestMachine.NIC, -1, 0x1000)).isEqualTo(0x8000);
        machine.close();
        with(DefaultPolicy.LAZY).start(true);
        assertThat(typeOf("nic")).isEqualTo(DomainType.DMA);
        machine.close();
        with(DefaultPolicy.LAZY).driver.capabilities = Set.of(Capability.DEFERRED_FLUSH);
        machine.start(true);
        assertThat(typeOf("nic")).isEqualTo(DomainType.DMA_FQ);
        assertThat(typeOf("port")).as("untrusted is strict").isEqualTo(DomainType.DMA);
    }

    @Test
    void blockedBlocksAllButADeviceThatFirmwareMappedMemoryFor() {
        with(DefaultPolicy.BLOCKED).start(true);
        assertThat(typeOf("nic")).isEqualTo(DomainType.BLOCKED);
        assertThat(typeOf("console")).isEqualTo(DomainType.IDENTITY);
        Domain blocked = machine.domain(DomainType.BLOCKED);
        assertThatThrownBy(() -> blocked.attach(machine.device("console")))
                .isInstanceOf(IommuException.class)
                .hasMessageContaining("EINVAL");
    }

    @Test
    void groupsMoveWhenTheFormatComesAndDevicesElsewhereStay() {
        with(DefaultPolicy.STRICT);
        machine.driver.full = true;
        machine.startWithoutFormat();
        assertThat(typeOf("nic")).isEqualTo(DomainType.BLOCKED);
        machine.domain(DomainType.IDENTITY).attach(machine.device("disk"));
        machine.addFormat("1.0.0");
        machine.settle();
        assertThat(typeOf("nic")).isEqualTo(DomainType.DMA);
        assertThat(typeOf("disk")).isEqualTo(DomainType.IDENTITY);
        assertThat(machine.device("disk").group().defaultDomain().type()).isEqualTo(DomainType.DMA);
    }

    @Test
    void allocationThatFailsLeavesTheGroupBlocked() {
        with(DefaultPolicy.STRICT).driver.failContext = true;
        machine.start(true);
        assertThat(typeOf("nic")).isEqualTo(DomainType.BLOCKED);
        machine.driver.failContext = false;
    }

    @Test
    void deferredAttachKeepsTheHardwareAsItWasUntilSomebodyUsesTheDevice() {
        with(DefaultPolicy.STRICT).driver.deferred.add("nic");
        machine.start(true);
        assertThat(machine.journal.of("attach nic")).isEmpty();
        assertThat(typeOf("nic")).isEqualTo(DomainType.DMA);
        Device nic = (Device) machine.device("nic");
        nic.completeDeferredAttach();
        nic.completeDeferredAttach();
        assertThat(machine.journal.of("attach nic")).containsExactly("attach nic TRANSLATED");
    }

    /** The hardware knows nothing of it, so a successor must not be told that it does. */
    @Test
    void deferredAttachSurvivesAChangeOfTheDriver() {
        with(DefaultPolicy.STRICT).driver.deferred.add("nic");
        machine.start(true);
        FakeDriver successor = new FakeDriver(machine.hardware);
        successor.deferred.add("nic");
        machine.replaceDriver(successor, "1.1.0");
        machine.settle();
        assertThat(machine.swaps).extracting("adopted").containsOnly(true);
        assertThat(successor.handedOver.get("smmu0").devices())
                .noneMatch(device -> device.device().name().equals("nic"));
        assertThat(machine.journal.of("attach nic")).isEmpty();
        ((Device) machine.device("nic")).completeDeferredAttach();
        assertThat(machine.journal.of("attach nic")).containsExactly("attach nic TRANSLATED");
    }

    @Test
    void deferredAttachIsDoneByASuccessorThatDoesNotDefer() {
        with(DefaultPolicy.STRICT).driver.deferred.add("nic");
        machine.start(true);
        machine.removeDriver();
        machine.driver = new FakeDriver(machine.hardware);
        machine.addDriver("1.1.0");
        machine.settle();
        assertThat(machine.journal.of("attach nic")).containsExactly("attach nic TRANSLATED");
        ((Device) machine.device("nic")).completeDeferredAttach();
        assertThat(machine.journal.of("attach nic")).hasSize(1);
    }

    @Test
    void policyIsReadFromItsName() {
        machine = TestMachine.full();
        assertThat(DefaultPolicy.of("Lazy")).isEqualTo(DefaultPolicy.LAZY);
        assertThatThrownBy(() -> DefaultPolicy.of("fast")).hasMessageContaining("default.domain is fast");
    }
}
