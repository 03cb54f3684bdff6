package org.sluice.core.unit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.sluice.api.AddressSpace;
import org.sluice.api.Capability;
import org.sluice.api.Domain;
import org.sluice.api.DomainRequest;
import org.sluice.api.DomainType;
import org.sluice.api.Errno;
import org.sluice.api.IommuDevice;
import org.sluice.api.IommuException;
import org.sluice.api.IommuGroup;
import org.sluice.api.SpaceRevokedException;
import org.sluice.api.SpaceState;
import org.sluice.api.SvaParameters;
import org.sluice.api.UnitStatus;
import org.sluice.core.TestMachine;

class DomainTest {
    private static final int RW = TestMachine.RW;

    private final TestMachine machine = TestMachine.running();

    @AfterEach
    void stop() {
        machine.close();
    }

    @Test
    void devicesAndGroupsComeFromTheBoard() {
        assertThat(machine.platform.devices())
                .extracting(IommuDevice::name)
                .containsExactly("disk", "far", "gpu", "left", "nic", "old", "right");
        assertThat(machine.platform.groups()).extracting(IommuGroup::id).doesNotHaveDuplicates();
        IommuDevice left = machine.device("left");
        assertThat(left.group().devices()).containsExactly(left, machine.device("right"));
        assertThat(machine.device("nic").group().devices()).hasSize(1);
        assertThat(machine.device("nic").streamIds()).containsExactly(TestMachine.NIC);
    }

    @Test
    void defaultDomainIsBlocked() {
        Domain home = machine.device("nic").domain().orElseThrow();
        assertThat(home).isSameAs(machine.device("nic").group().defaultDomain());
        assertThat(home.type()).isEqualTo(DomainType.BLOCKED);
        assertThat(machine.hardware.dma(TestMachine.NIC, -1, 0x1000)).isZero();
        assertThatThrownBy(home::space).hasMessageContaining("BLOCKED").isInstanceOf(IommuException.class);
        assertThatThrownBy(home::close)
                .isInstanceOfSatisfying(
                        IommuException.class, error -> assertThat(error.errno()).isEqualTo(Errno.EBUSY));
    }

    @Test
    void attachedDeviceTranslatesThroughTheDomain() {
        Domain domain = machine.attached("nic", "disk");
        domain.space().map(0x1000, 0x8000, 0x1000, RW);
        assertThat(machine.hardware.dma(TestMachine.NIC, -1, 0x1004)).isEqualTo(0x8004);
        assertThat(machine.hardware.dma(TestMachine.DISK, -1, 0x1004)).isEqualTo(0x8004);
        assertThat(domain.devices()).containsExactly(machine.device("nic"), machine.device("disk"));
        assertThat(domain.space().state()).isEqualTo(SpaceState.ATTACHED);
    }

    @Test
    void deviceThatSharesItsGroupIsNotAttached() {
        IommuException error = catchThrowableOfType(
                IommuException.class, () -> machine.domain().attach(machine.device("left")));
        assertThat(error.errno()).isEqualTo(Errno.EINVAL);
        assertThat(error).hasMessageContaining("left is one of 2 devices in group");
    }

    @Test
    void deviceOfAnotherBoardIsNotAttached() {
        IommuDevice remote = machine.onAnotherBoard("remote");
        assertThatThrownBy(() -> machine.domain().attach(remote))
                .hasMessageContaining(
                        "EINVAL: device remote is behind smmu9 of another board, which has no memory in common with smmu0");
        assertThatThrownBy(() -> machine.domain().attach(null)).hasMessageContaining("device null");
    }

    @Test
    void replaceGoesFromOldToNewWithNothingBetween() {
        Domain first = machine.attached("nic");
        machine.journal.clear();
        Domain second = machine.attached("nic");
        assertThat(machine.journal.of("attach")).containsExactly("attach nic TRANSLATED");
        assertThat(first.devices()).isEmpty();
        assertThat(first.space().state()).isEqualTo(SpaceState.PREPARED);
        assertThat(second.devices()).containsExactly(machine.device("nic"));
        assertThat(machine.device("nic").domain()).containsSame(second);
    }

    @Test
    void attachThatFailsLeavesTheDeviceWhereItWas() {
        Domain first = machine.attached("nic");
        Domain second = machine.domain();
        machine.driver.failAttach = true;
        assertThatThrownBy(() -> second.attach(machine.device("nic"))).hasMessageContaining("ENOMEM");
        assertThat(machine.device("nic").domain()).containsSame(first);
        assertThat(first.devices()).containsExactly(machine.device("nic"));
        assertThat(second.devices()).isEmpty();
    }

    @Test
    void attachingAgainChangesNothing() {
        Domain domain = machine.attached("nic");
        machine.journal.clear();
        domain.attach(machine.device("nic"));
        assertThat(machine.journal.lines()).isEmpty();
    }

    @Test
    void detachGoesBackToTheDefaultDomain() {
        Domain domain = machine.attached("nic");
        domain.space().map(0x1000, 0x8000, 0x1000, RW);
        domain.detach(machine.device("disk"));
        assertThat(domain.devices()).hasSize(1);
        domain.detach(machine.device("nic"));
        assertThat(machine.device("nic").domain())
                .containsSame(machine.device("nic").group().defaultDomain());
        assertThat(machine.hardware.dma(TestMachine.NIC, -1, 0x1000)).isZero();
        assertThat(domain.space().iovaToPhys(0x1000)).as("mappings stay").isEqualTo(0x8000);
        machine.device("nic").group().defaultDomain().detach(machine.device("nic"));
        assertThat(machine.device("nic").domain()).isPresent();
    }

    @Test
    void identityPassesAndBlockedAborts() {
        Domain identity = machine.domain(DomainType.IDENTITY);
        identity.attach(machine.device("nic"));
        assertThat(machine.hardware.dma(TestMachine.NIC, -1, 0x7777)).isEqualTo(0x7777);
        Domain blocked = machine.domain(DomainType.BLOCKED);
        blocked.attach(machine.device("nic"));
        assertThat(machine.hardware.dma(TestMachine.NIC, -1, 0x7777)).isZero();
        identity.close();
        blocked.close();
        assertThatThrownBy(identity::space).hasMessageContaining("IDENTITY");
    }

    @Test
    void typesThatAreNotThereYetSaySo() {
        assertThatThrownBy(() -> machine.domain(DomainType.SVA)).hasMessageContaining("EOPNOTSUPP");
        assertThatThrownBy(() -> machine.platform.allocDomain(
                        machine.device("nic"),
                        DomainRequest.of(DomainType.UNMANAGED).withStage(2)))
                .hasMessageContaining("EOPNOTSUPP");
    }

    @Test
    void closeRevokesDetachesAndFreesInThisOrder() {
        long before = machine.counter("tables.bytes");
        Domain domain = machine.attached("nic");
        AddressSpace space = domain.space();
        space.map(0x1000, 0x8000, 0x1000, RW);
        machine.hardware.dma(TestMachine.NIC, -1, 0x1000);
        machine.journal.clear();
        domain.close();
        assertThat(machine.journal.of("attach", "freeContext", "table.free"))
                .containsExactly("attach nic BLOCKED", "freeContext tag1", "table.free");
        assertThat(machine.counter("tables.bytes")).isEqualTo(before);
        assertThat(space.state()).isEqualTo(SpaceState.FREED);
        assertThat(space.unmap(0x1000, 0x1000)).isZero();
        assertThat(space.iovaToPhys(0x1000)).isZero();
        assertThatThrownBy(() -> space.map(0x1000, 0x8000, 0x1000, RW))
                .isInstanceOf(SpaceRevokedException.class)
                .hasMessageContaining("domain 1 of smmu0");
        assertThatThrownBy(() -> domain.attach(machine.device("nic"))).hasMessageContaining("was closed");
        domain.close();
    }

    @Test
    void failedAllocationLeavesNothing() {
        machine.driver.refuseInstall = true;
        long before = machine.counter("tables.bytes");
        assertThatThrownBy(machine::domain).hasMessageContaining("walker refused");
        assertThat(machine.counter("tables.bytes")).isEqualTo(before);
        assertThat(machine.hardware.tags.isEmpty()).isTrue();
        assertThat(machine.counter("spaces")).isZero();
    }

    @Test
    void deviceThatTheDriverRefusesSaysWhy() {
        TestMachine picky = TestMachine.bare(0, 1000);
        picky.driver.refuseDevice = "nic";
        picky.addFormat("1.0.0");
        picky.addDriver("1.0.0");
        picky.settle();
        assertThatThrownBy(() -> picky.attached("nic"))
                .hasMessageContaining("ENODEV")
                .hasMessageContaining("StreamID of nic is too large");
        picky.attached("disk");
        picky.close();
    }

    @Test
    void statusNamesTheDriverAndWhatIsMissing() {
        assertThat(machine.platform.status())
                .contains(new UnitStatus("smmu0", UnitStatus.State.RUNNING, "test.driver 1.0.0", "", 6));
        TestMachine bare = TestMachine.bare(0, 1000);
        assertThat(bare.platform.status().get(0).state()).isEqualTo(UnitStatus.State.NO_DRIVER);
        assertThat(bare.platform.status().get(0).cause()).contains("no bundle offers a driver for fake,iommu");
        assertThatThrownBy(bare::domain).hasMessageContaining("driver fake,iommu is missing");
        assertThat(bare.device("nic").domain()).isEmpty();
        assertThat(bare.device("nic").capable(Capability.PASID)).isFalse();
        bare.driver.refuseProbe = "IDR0.TTF is 1, AArch64 tables are needed";
        bare.addDriver("1.0.0");
        bare.settle();
        assertThat(bare.platform.status().get(0).cause())
                .contains("could not drive it")
                .contains("IDR0.TTF is 1");
        bare.close();
    }

    @Test
    void missingFormatIsNamedAndNoTagIsKept() {
        TestMachine bare = TestMachine.bare(0, 1000);
        bare.addDriver("1.0.0");
        bare.settle();
        assertThatThrownBy(bare::domain).hasMessageContaining("page-table format FAKE is missing");
        assertThat(bare.hardware.tags.isEmpty()).isTrue();
        bare.addFormat("1.0.0");
        bare.settle();
        assertThat(bare.attached("nic").devices()).hasSize(1);
        bare.close();
    }

    @Test
    void capabilitiesNeedDriverAndDevice() {
        assertThat(machine.device("nic").capable(Capability.PASID)).isTrue();
        assertThat(machine.device("old").capable(Capability.PASID)).isFalse();
        assertThat(machine.device("nic").capable(Capability.CACHE_COHERENCY)).isTrue();
        assertThat(machine.device("nic").capable(Capability.PCI_ATS)).isFalse();
    }

    @Test
    void boardThatGoesTakesItsDevicesAndSpacesAlong() {
        AddressSpace space = machine.attached("nic").space();
        space.map(0x1000, 0x8000, 0x1000, RW);
        machine.removeBoard();
        assertThat(machine.platform.devices()).isEmpty();
        assertThat(machine.journal.of("shutdown")).hasSize(2);
        assertThat(machine.board.allocator().allocatedBytes()).isZero();
        assertThatThrownBy(() -> space.map(0x2000, 0x8000, 0x1000, RW)).isInstanceOf(SpaceRevokedException.class);
    }

    @Test
    void coreThatStopsFreesEverything() {
        Domain domain = machine.attached("nic");
        domain.space().map(0x1000, 0x8000, 0x400000, RW);
        machine.device("nic").initSva(SvaParameters.any());
        domain.allocPasid(machine.device("nic")).map(0x1000, 0x8000, 0x1000, RW);
        machine.close();
        assertThat(machine.board.allocator().allocatedBytes()).isZero();
        assertThat(List.copyOf(machine.hardware.untagged.keySet())).isEmpty();
    }

    @Test
    void whatDriversCountIsAmongTheCountersOfTheCoreWhileTheyServe() {
        assertThat(machine.counter("driver.fake")).as("two IOMMUs").isEqualTo(10);
        machine.removeDriver();
        machine.settle();
        assertThat(machine.platform.read()).doesNotContainKey("driver.fake");
    }
}
