package org.sluice.core.unit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.sluice.api.Domain;
import org.sluice.api.DomainType;
import org.sluice.api.Errno;
import org.sluice.api.IommuDevice;
import org.sluice.api.IommuException;
import org.sluice.api.IommuGroup;
import org.sluice.api.SpaceState;
import org.sluice.core.TestMachine;

/** Attaching whole groups, and who may decide about them. */
class GroupTest {
    private final TestMachine machine = TestMachine.full();

    @AfterEach
    void stop() {
        machine.close();
    }

    private IommuGroup pair() {
        return machine.device("left").group();
    }

    private Domain where(String device) {
        return machine.device(device).domain().orElseThrow();
    }

    private static Errno errnoOf(Runnable call) {
        return catchThrowableOfType(IommuException.class, call::run).errno();
    }

    @Test
    void everyDeviceOfAGroupIsAttached() {
        Domain domain = machine.domain();
        domain.attachGroup(pair());
        assertThat(domain.devices()).containsExactlyInAnyOrder(machine.device("left"), machine.device("right"));
        domain.space().map(0x1000, 0x8000, 0x1000, TestMachine.RW);
        assertThat(machine.hardware.dma(0x40, -1, 0x1000)).isEqualTo(0x8000);
        assertThat(machine.hardware.dma(0x41, -1, 0x1000)).isEqualTo(0x8000);
    }

    @Test
    void groupThatIsAttachedElsewhereIsEbusyButMayBeReplacedStraight() {
        Domain first = machine.domain();
        Domain second = machine.domain();
        first.attachGroup(pair());
        assertThat(errnoOf(() -> second.attachGroup(pair()))).isEqualTo(Errno.EBUSY);
        machine.journal.clear();
        second.replaceGroup(pair());
        assertThat(machine.journal.of("attach"))
                .as("nothing between")
                .containsExactly("attach left TRANSLATED", "attach right TRANSLATED");
        assertThat(first.devices()).isEmpty();
        assertThat(first.space().state()).isEqualTo(SpaceState.PREPARED);
    }

    @Test
    void groupThatIsBlockedMayBeAttached() {
        machine.domain(DomainType.BLOCKED).attachGroup(pair());
        machine.domain().attachGroup(pair());
        assertThat(where("left").type()).isEqualTo(DomainType.UNMANAGED);
    }

    @Test
    void deviceThatFailsMovesThoseBeforeItBack() {
        Domain first = machine.domain();
        first.attachGroup(pair());
        first.space().map(0x1000, 0x8000, 0x1000, TestMachine.RW);
        Domain second = machine.domain();
        machine.driver.failAttachOf = "right";
        assertThat(errnoOf(() -> second.replaceGroup(pair()))).isEqualTo(Errno.ENOMEM);
        assertThat(second.devices()).isEmpty();
        assertThat(first.devices()).hasSize(2);
        assertThat(machine.hardware.dma(0x40, -1, 0x1000)).isEqualTo(0x8000);
        assertThat(machine.hardware.dma(0x41, -1, 0x1000)).isEqualTo(0x8000);
    }

    @Test
    void detachGoesOnWithTheOthersAndBlocksWhatCannotGoHome() {
        Domain domain = machine.domain();
        domain.attachGroup(pair());
        machine.driver.failAttachOf = "left";
        domain.detachGroup(pair());
        machine.driver.failAttachOf = "";
        assertThat(domain.devices()).isEmpty();
        assertThat(where("right")).isSameAs(pair().defaultDomain());
        assertThat(where("left").type()).isEqualTo(DomainType.BLOCKED);
        assertThat(domain.space().state()).isEqualTo(SpaceState.PREPARED);
        domain.detachGroup(pair());
    }

    @Test
    void groupOfAnotherBoardIsEinval() {
        Domain domain = machine.domain();
        IommuDevice remote = machine.onAnotherBoard("remote");
        assertThat(errnoOf(() -> domain.attachGroup(remote.group()))).isEqualTo(Errno.EINVAL);
        assertThat(errnoOf(() -> domain.attachGroup(null))).isEqualTo(Errno.EINVAL);
    }

    @Test
    void ownerBlocksTheGroupAndItsDevicesGoBackThere() {
        IommuDevice nic = machine.device("nic");
        Object owner = "guest";
        nic.group().claim(owner);
        assertThat(nic.group().isClaimed()).isTrue();
        assertThat(where("nic").type()).isEqualTo(DomainType.BLOCKED);
        Domain domain = machine.attached("nic");
        domain.detach(nic);
        assertThat(where("nic")).isNotSameAs(nic.group().defaultDomain());
        assertThat(machine.hardware.dma(TestMachine.NIC, -1, 0x1000)).isZero();
        nic.group().release(owner);
        assertThat(where("nic")).isSameAs(nic.group().defaultDomain());
        assertThat(nic.group().isClaimed()).isFalse();
    }

    @Test
    void secondOwnerIsEpermAndTheSameOneCounts() {
        IommuGroup group = machine.device("nic").group();
        Object owner = new Object();
        group.claim(owner);
        assertThat(errnoOf(() -> group.claim(new Object()))).isEqualTo(Errno.EPERM);
        assertThat(errnoOf(() -> group.claim(null))).isEqualTo(Errno.EINVAL);
        assertThat(errnoOf(() -> group.release(new Object()))).isEqualTo(Errno.EPERM);
        group.claim(owner);
        group.release(owner);
        assertThat(group.isClaimed()).isTrue();
        group.release(owner);
        assertThat(group.isClaimed()).isFalse();
        assertThat(errnoOf(() -> group.release(owner))).isEqualTo(Errno.EPERM);
    }

    @Test
    void driversAndOwnersExcludeEachOther() {
        IommuGroup group = machine.device("nic").group();
        group.useDefaultDomain();
        group.useDefaultDomain();
        assertThat(errnoOf(() -> group.claim("guest"))).isEqualTo(Errno.EPERM);
        group.unuseDefaultDomain();
        group.unuseDefaultDomain();
        assertThat(errnoOf(group::unuseDefaultDomain)).isEqualTo(Errno.EINVAL);
        group.claim("guest");
        assertThat(errnoOf(group::useDefaultDomain)).isEqualTo(Errno.EBUSY);
    }

    @Test
    void groupThatIsAttachedOrUsesPasidsIsNeitherClaimedNorUsed() {
        IommuGroup group = machine.device("nic").group();
        Domain domain = machine.attached("nic");
        assertThat(errnoOf(() -> group.claim("guest"))).isEqualTo(Errno.EBUSY);
        assertThat(errnoOf(group::useDefaultDomain)).isEqualTo(Errno.EBUSY);
        domain.detach(machine.device("nic"));
        domain.attachPasid(machine.device("nic"), 5);
        assertThat(errnoOf(() -> group.claim("guest"))).isEqualTo(Errno.EBUSY);
        domain.detachPasid(machine.device("nic"), 5);
        group.claim("guest");
    }
}
