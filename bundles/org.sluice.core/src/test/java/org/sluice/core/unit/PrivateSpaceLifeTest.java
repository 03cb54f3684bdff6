package org.sluice.core.unit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.sluice.api.Domain;
import org.sluice.api.DomainType;
import org.sluice.api.Errno;
import org.sluice.api.IoMm;
import org.sluice.api.IommuDevice;
import org.sluice.api.IommuException;
import org.sluice.api.IotlbGather;
import org.sluice.api.SpaceRevokedException;
import org.sluice.api.SpaceState;
import org.sluice.api.SvaParameters;
import org.sluice.core.TestMachine;

/** How private spaces live and end beside what the mail asks for: bonds, other domains, gathers and bundles that left. */
class PrivateSpaceLifeTest {
    private static final int RW = TestMachine.RW;

    private final TestMachine machine = TestMachine.running();

    @AfterEach
    void stop() {
        machine.close();
    }

    private IommuDevice nic() {
        return machine.device("nic");
    }

    private static Errno errnoOf(Runnable call) {
        return catchThrowableOfType(IommuException.class, call::run).errno();
    }

    @Test
    void bondNeedsTheSameIommuInitialisationRangeAndAFreePasid() {
        Domain domain = machine.prepared("nic");
        IoMm space = domain.allocPasid(nic());
        IommuDevice disk = machine.device("disk");
        assertThat(errnoOf(() -> space.bond(disk))).isEqualTo(Errno.EINVAL);
        assertThat(errnoOf(() -> space.bond(machine.device("far")))).isEqualTo(Errno.EINVAL);
        disk.initSva(new SvaParameters(5, 9));
        assertThat(errnoOf(() -> space.bond(disk))).isEqualTo(Errno.ERANGE);
        disk.shutdownSva();
        disk.initSva(SvaParameters.any());
        space.bond(disk);
        assertThat(errnoOf(() -> space.bond(disk))).isEqualTo(Errno.EBUSY);
        domain.freePasid(space);
        assertThatThrownBy(() -> space.bond(disk)).isInstanceOf(SpaceRevokedException.class);
    }

    @Test
    void initClampsTheRangeAndRefusesWhatIsEmpty() {
        assertThat(errnoOf(() -> machine.device("old").initSva(SvaParameters.any())))
                .isEqualTo(Errno.EINVAL);
        assertThat(errnoOf(() -> nic().initSva(new SvaParameters(300, 400)))).isEqualTo(Errno.EINVAL);
        Domain domain = machine.attached("nic");
        nic().initSva(new SvaParameters(255, 4000));
        assertThat(errnoOf(() -> nic().initSva(SvaParameters.any()))).isEqualTo(Errno.EEXIST);
        assertThat(domain.allocPasid(nic()).pasid()).isEqualTo(255);
        assertThat(errnoOf(() -> domain.allocPasid(nic()))).isEqualTo(Errno.ENOSPC);
    }

    @Test
    void deviceMustBeAttachedToTheDomainThatAllocates() {
        machine.prepared("nic");
        assertThat(errnoOf(() -> machine.domain().allocPasid(nic()))).isEqualTo(Errno.EINVAL);
    }

    @Test
    void identityAndBlockedDomainsCarryPrivateSpacesToo() {
        Domain identity = machine.domain(DomainType.IDENTITY);
        identity.attach(nic());
        nic().initSva(SvaParameters.any());
        IoMm space = identity.allocPasid(nic());
        space.map(0x1000, 0x9000, 0x1000, RW);
        assertThat(machine.hardware.dma(TestMachine.NIC, space.pasid(), 0x1000)).isEqualTo(0x9000);
        assertThat(machine.hardware.dma(TestMachine.NIC, -1, 0x1000)).isEqualTo(0x1000);
        identity.close();
        assertThat(space.state()).isEqualTo(SpaceState.FREED);
        Domain blocked = nic().group().defaultDomain();
        assertThat(blocked.allocPasid(nic()).state()).isEqualTo(SpaceState.ATTACHED);
    }

    @Test
    void deviceThatLeavesTheDomainLosesItsBonds() {
        Domain domain = machine.prepared("nic", "disk");
        IoMm space = domain.allocPasid(nic());
        space.bond(machine.device("disk"));
        domain.detach(nic());
        assertThat(space.bonds()).containsExactly(machine.device("disk"));
        assertThat(space.state()).isEqualTo(SpaceState.ATTACHED);
        machine.domain(DomainType.IDENTITY).attach(machine.device("disk"));
        assertThat(space.state()).isEqualTo(SpaceState.REVOKED);
        assertThatThrownBy(() -> space.map(0, 0, 0x1000, RW))
                .isInstanceOf(SpaceRevokedException.class)
                .hasMessageContaining("disk left domain 1 of smmu0");
    }

    @Test
    void closeOfTheDomainRevokesAndFreesItsSpaces() {
        Domain domain = machine.prepared("nic");
        IoMm space = domain.allocPasid(nic());
        domain.close();
        assertThat(space.state()).isEqualTo(SpaceState.FREED);
        assertThat(domain.ioMms()).isEmpty();
        assertThat(machine.hardware.pasids).isEmpty();
        assertThat(machine.counter("tables.live")).isZero();
    }

    @Test
    void tablesOfAnUnsyncedGatherAreFreedByItsSyncEvenAfterTheEnd() {
        Domain domain = machine.prepared("nic");
        IoMm space = domain.allocPasid(nic());
        long before = machine.counter("tables.live");
        space.map(0x200000, 0x801000, 0x200000, RW);
        IotlbGather gather = new IotlbGather();
        space.unmapFast(0x200000, 0x200000, gather);
        domain.freePasid(space);
        assertThat(machine.counter("tables.live"))
                .as("its root went, the gather's table waits")
                .isEqualTo(before);
        space.sync(gather);
        assertThat(machine.counter("tables.live")).isEqualTo(before - 1);
    }

    @Test
    void tablesOfThePendingListAreFreedWithTheSpace() {
        Domain domain = machine.prepared("nic");
        IoMm space = domain.allocPasid(nic());
        long before = machine.counter("tables.live");
        space.map(0x200000, 0x801000, 0x200000, RW);
        space.unmapFast(0x200000, 0x200000);
        domain.freePasid(space);
        assertThat(machine.counter("tables.live")).isEqualTo(before - 1);
    }

    @Test
    void freeThatWaitedForADriverLooksAgainWhatIsLeftToFree() throws InterruptedException {
        Domain domain = machine.prepared("nic");
        IoMm space = domain.allocPasid(nic());
        machine.removeDriver();
        List<Thread> clients = new ArrayList<>();
        ConcurrentLinkedQueue<Throwable> failures = new ConcurrentLinkedQueue<>();
        for (Runnable call : List.<Runnable>of(
                () -> domain.freePasid(space),
                () -> domain.freePasid(space),
                () -> domain.detach(nic()),
                domain::close,
                domain::close)) {
            Thread client = new Thread(call);
            client.setUncaughtExceptionHandler((who, failure) -> failures.add(failure));
            client.start();
            clients.add(client);
        }
        while (clients.stream().anyMatch(client -> client.getState() != Thread.State.TIMED_WAITING)) {
            Thread.onSpinWait();
        }
        machine.addDriver("1.1.0");
        for (Thread client : clients) {
            client.join();
        }
        assertThat(failures).isEmpty();
        assertThat(machine.journal.of("freeContext")).doesNotHaveDuplicates().hasSize(2);
        assertThat(machine.counter("tables.live")).isZero();
    }
}
