package org.sluice.core.unit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.sluice.api.Domain;
import org.sluice.api.Errno;
import org.sluice.api.FaultResponse;
import org.sluice.api.IoMm;
import org.sluice.api.IommuDevice;
import org.sluice.api.IommuException;
import org.sluice.api.SpaceState;
import org.sluice.core.TestMachine;
import org.sluice.core.fake.FakeDriver;
import org.sluice.spi.driver.PageRequest;
import org.sluice.spi.driver.PageResponse;

/** A device around a reset of it. */
class DeviceResetTest {
    private static final int NIC = TestMachine.NIC;

    private final TestMachine machine = TestMachine.full();

    @AfterEach
    void stop() {
        machine.close();
        assertThat(machine.board.allocator().allocatedBytes()).isZero();
    }

    private IommuDevice nic() {
        return machine.device("nic");
    }

    private static Errno errnoOf(Runnable call) {
        return catchThrowableOfType(IommuException.class, call::run).errno();
    }

    @Test
    void everythingAbortsUntilTheResetIsDoneAndThenIsAsBefore() {
        Domain domain = machine.prepared("nic");
        domain.space().map(0x1000, 0x8000, 0x1000, TestMachine.RW);
        IoMm own = domain.allocPasid(nic());
        own.map(0x1000, 0x9000, 0x1000, TestMachine.RW);
        Domain other = machine.domain();
        other.attachPasid(nic(), 77);
        nic().prepareReset();
        assertThat(machine.hardware.dma(NIC, -1, 0x1000)).isZero();
        assertThat(machine.hardware.pasids).isEmpty();
        own.map(0x2000, 0xa000, 0x1000, TestMachine.RW);
        nic().resetDone();
        assertThat(machine.hardware.dma(NIC, -1, 0x1000)).isEqualTo(0x8000);
        assertThat(machine.hardware.dma(NIC, own.pasid(), 0x2000)).isEqualTo(0xa000);
        assertThat(machine.hardware.pasids).hasSize(2);
    }

    @Test
    void attachesMeanwhileAreBusy() {
        Domain domain = machine.prepared("nic");
        IoMm disks = machine.prepared("disk").allocPasid(machine.device("disk"));
        nic().prepareReset();
        assertThat(errnoOf(nic()::prepareReset)).isEqualTo(Errno.EBUSY);
        assertThat(errnoOf(() -> machine.domain().attach(nic()))).isEqualTo(Errno.EBUSY);
        assertThat(errnoOf(() -> machine.domain().attachGroup(nic().group()))).isEqualTo(Errno.EBUSY);
        assertThat(errnoOf(() -> machine.domain().replaceGroup(nic().group()))).isEqualTo(Errno.EBUSY);
        assertThat(errnoOf(() -> machine.domain().attachPasid(nic(), 9))).isEqualTo(Errno.EBUSY);
        assertThat(errnoOf(() -> domain.allocPasid(nic()))).isEqualTo(Errno.EBUSY);
        assertThat(errnoOf(() -> disks.bond(nic()))).isEqualTo(Errno.EBUSY);
        assertThat(errnoOf(() -> nic().setStall(true))).isEqualTo(Errno.EBUSY);
        nic().resetDone();
        assertThat(errnoOf(nic()::resetDone)).isEqualTo(Errno.EINVAL);
    }

    @Test
    void stallsAreSwitchedByADriverThatCan() {
        machine.prepared("nic");
        nic().setStall(true);
        nic().setStall(false);
        assertThat(machine.journal.of("setStall")).containsExactly("setStall nic true", "setStall nic false");
        try (TestMachine plain = TestMachine.running()) {
            assertThat(errnoOf(() -> plain.device("nic").setStall(true))).isEqualTo(Errno.EOPNOTSUPP);
        }
    }

    @Test
    void detachAndFreeMeanwhileTakeEffect() {
        Domain domain = machine.prepared("nic");
        IoMm own = domain.allocPasid(nic());
        nic().prepareReset();
        machine.journal.clear();
        domain.freePasid(own);
        domain.detach(nic());
        assertThat(machine.journal.of("mm", "attach"))
                .as("the hardware has nothing")
                .isEmpty();
        assertThat(own.state()).isEqualTo(SpaceState.FREED);
        nic().resetDone();
        assertThat(machine.journal.of("mm", "attach")).containsExactly("attach nic BLOCKED");
    }

    @Test
    void whatCannotBeAttachedAgainIsTakenAwayAndTheRestIsThere() {
        Domain domain = machine.prepared("nic");
        domain.space().map(0x1000, 0x8000, 0x1000, TestMachine.RW);
        IoMm own = domain.allocPasid(nic());
        nic().prepareReset();
        machine.driver.failMmAttach = true;
        assertThatThrownBy(nic()::resetDone).hasMessageContaining("was not attached again to everything");
        assertThat(machine.hardware.dma(NIC, -1, 0x1000)).isEqualTo(0x8000);
        assertThat(own.state()).isEqualTo(SpaceState.REVOKED);
        assertThat(own.bonds()).isEmpty();
        assertThat(errnoOf(nic()::resetDone)).isEqualTo(Errno.EINVAL);
    }

    @Test
    void requestsOfTheDeviceAreAnsweredFailure() throws InterruptedException {
        IoMm own = machine.prepared("nic").allocPasid(nic());
        CountDownLatch began = new CountDownLatch(1);
        CountDownLatch go = new CountDownLatch(1);
        own.onPageFault(fault -> {
            began.countDown();
            try {
                go.await();
            } catch (InterruptedException interrupted) {
                Thread.currentThread().interrupt();
            }
            return FaultResponse.RETRY;
        });
        PageRequest request = Requests.stall(NIC, own.pasid(), 0x1000);
        Unit.of(nic()).host().pageRequest(request);
        began.await();
        nic().prepareReset();
        assertThat(machine.driver.responses.to(request)).isEqualTo(PageResponse.FAILURE);
        go.countDown();
    }

    @Test
    void driverThatTakesOverMeanwhileFindsWhatTheHardwareHas() {
        IoMm own = machine.prepared("nic").allocPasid(nic());
        nic().prepareReset();
        FakeDriver next = new FakeDriver(machine.hardware);
        next.full = true;
        machine.replaceDriver(next, "1.1.0");
        machine.settle();
        assertThat(machine.swaps).isNotEmpty().allMatch(event -> event.adopted(), "adopted");
        nic().resetDone();
        assertThat(machine.hardware.pasids).hasSize(1);
        assertThat(own.state()).isEqualTo(SpaceState.ATTACHED);
    }
}
