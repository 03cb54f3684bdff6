package org.sluice.core.unit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.sluice.api.Domain;
import org.sluice.api.DomainType;
import org.sluice.api.Errno;
import org.sluice.api.FaultResponse;
import org.sluice.api.IoMm;
import org.sluice.api.IommuDevice;
import org.sluice.api.IommuException;
import org.sluice.api.SpaceState;
import org.sluice.api.SvaParameters;
import org.sluice.core.TestMachine;
import org.sluice.spi.driver.PageRequest;
import org.sluice.spi.driver.PageResponse;

/** Domains by a PASID of the client's choice. */
class DomainPasidTest {
    private static final int PASID = 5;

    private final TestMachine machine = TestMachine.full();

    @AfterEach
    void stop() {
        machine.close();
        assertThat(machine.board.allocator().allocatedBytes()).isZero();
    }

    private IommuDevice nic() {
        return machine.device("nic");
    }

    private Domain mapped(long paddr) {
        Domain domain = machine.domain();
        domain.space().map(0x1000, paddr, 0x1000, TestMachine.RW);
        return domain;
    }

    private long dma() {
        return machine.hardware.dma(TestMachine.NIC, PASID, 0x1000);
    }

    private static Errno errnoOf(Runnable call) {
        return catchThrowableOfType(IommuException.class, call::run).errno();
    }

    @Test
    void deviceReachesTheDomainBesideItsUntaggedTraffic() {
        Domain domain = mapped(0x8000);
        domain.attachPasid(nic(), PASID);
        assertThat(dma()).isEqualTo(0x8000);
        assertThat(machine.hardware.dma(TestMachine.NIC, -1, 0x1000)).isZero();
        assertThat(domain.space().state()).isEqualTo(SpaceState.ATTACHED);
        assertThat(domain.devices()).isEmpty();
        domain.detachPasid(nic(), PASID);
        domain.detachPasid(nic(), PASID);
        assertThat(dma()).isZero();
        assertThat(domain.space().state()).isEqualTo(SpaceState.PREPARED);
        assertThat(machine.journal.of("mmDetach", "drain nic pasid5"))
                .containsExactly("mmDetach nic pasid5 tag1 detachDomain=true", "drain nic pasid5");
        assertThat(machine.counter("pasids")).isZero();
    }

    @ParameterizedTest
    @ValueSource(ints = {0, -1, 256, 0x10_0000})
    void pasidZeroAndBeyondWhatBothCarryAreEinval(int pasid) {
        assertThat(errnoOf(() -> machine.domain().attachPasid(nic(), pasid))).isEqualTo(Errno.EINVAL);
    }

    @Test
    void occupiedPasidIsEbusy() {
        Domain domain = mapped(0x8000);
        domain.attachPasid(nic(), PASID);
        assertThat(errnoOf(() -> mapped(0x9000).attachPasid(nic(), PASID))).isEqualTo(Errno.EBUSY);
        machine.attached("disk");
        machine.device("disk").initSva(SvaParameters.any());
        IoMm own = machine.device("disk").domain().orElseThrow().allocPasid(machine.device("disk"));
        assertThat(errnoOf(() -> domain.attachPasid(nic(), own.pasid()))).isEqualTo(Errno.EBUSY);
        domain.attachPasid(machine.device("disk"), PASID);
        domain.detachPasid(nic(), PASID);
        assertThat(machine.counter("pasids")).as("disk uses it still").isEqualTo(2);
    }

    @Test
    void privateSpacesNeverGetAChosenPasid() {
        Domain domain = mapped(0x8000);
        domain.attachPasid(nic(), 1);
        domain.attachPasid(machine.device("disk"), 2);
        machine.attached("nic");
        nic().initSva(SvaParameters.any());
        assertThat(nic().domain().orElseThrow().allocPasid(nic()).pasid()).isEqualTo(3);
    }

    @Test
    void incompatibleDomainsAndDevicesAreEinval() {
        assertThat(errnoOf(() -> machine.domain(DomainType.IDENTITY).attachPasid(nic(), PASID)))
                .isEqualTo(Errno.EINVAL);
        assertThat(errnoOf(() -> machine.domain(DomainType.BLOCKED).attachPasid(nic(), PASID)))
                .isEqualTo(Errno.EINVAL);
        assertThat(errnoOf(() -> machine.domain().attachPasid(machine.onAnotherBoard("remote"), PASID)))
                .isEqualTo(Errno.EINVAL);
        assertThat(errnoOf(() -> machine.domain().attachPasid(machine.device("left"), PASID)))
                .isEqualTo(Errno.EINVAL);
    }

    @Test
    void driverWithoutPasidOperationsIsEopnotsupp() {
        try (TestMachine old = TestMachine.bare(0, 1000)) {
            old.driver.hasPasidOperations = false;
            old.addFormat("1.0.0");
            old.addDriver("1.0.0");
            old.settle();
            assertThat(errnoOf(() -> old.domain().attachPasid(old.device("nic"), PASID)))
                    .isEqualTo(Errno.EOPNOTSUPP);
        }
    }

    @Test
    void attachThatFailsLeavesThePasidFree() {
        Domain domain = mapped(0x8000);
        machine.driver.failMmAttach = true;
        assertThatThrownBy(() -> domain.attachPasid(nic(), PASID)).hasMessageContaining("ENOMEM");
        assertThat(machine.counter("pasids")).isZero();
        machine.driver.failMmAttach = false;
        domain.attachPasid(nic(), PASID);
    }

    @Test
    void replaceGoesStraightFromOldToNew() {
        Domain old = mapped(0x8000);
        Domain next = mapped(0x9000);
        old.attachPasid(nic(), PASID);
        dma();
        machine.journal.clear();
        next.replacePasid(nic(), PASID);
        assertThat(machine.journal.of("mm")).containsExactly("mmReplace nic pasid5 tag1->tag2");
        assertThat(dma()).isEqualTo(0x9000);
        assertThat(old.space().state()).isEqualTo(SpaceState.PREPARED);
        assertThat(next.space().state()).isEqualTo(SpaceState.ATTACHED);
        old.detachPasid(nic(), PASID);
        assertThat(dma()).as("not attached to the old one any more").isEqualTo(0x9000);
    }

    @Test
    void replaceNeedsAnotherDomainThatIsAttachedAlready() {
        Domain domain = mapped(0x8000);
        assertThat(errnoOf(() -> domain.replacePasid(nic(), PASID))).isEqualTo(Errno.EINVAL);
        domain.attachPasid(nic(), PASID);
        assertThat(errnoOf(() -> domain.replacePasid(nic(), PASID))).isEqualTo(Errno.EINVAL);
        IoMm own = machine.ioMm("disk");
        assertThat(errnoOf(() -> domain.replacePasid(machine.device("disk"), own.pasid())))
                .isEqualTo(Errno.EINVAL);
    }

    @Test
    void replaceThatFailsKeepsTheOld() {
        Domain old = mapped(0x8000);
        Domain next = mapped(0x9000);
        old.attachPasid(nic(), PASID);
        machine.driver.failReplace = true;
        assertThatThrownBy(() -> next.replacePasid(nic(), PASID)).hasMessageContaining("second descriptor");
        assertThat(dma()).isEqualTo(0x8000);
        assertThat(next.space().state()).isEqualTo(SpaceState.PREPARED);
    }

    @Test
    void driverThatCannotReplaceStraightAttachesAnewAndKeepsTheOldOnFailure() {
        try (TestMachine plain = TestMachine.running()) {
            IommuDevice nic = plain.device("nic");
            Domain old = plain.domain();
            Domain next = plain.domain();
            old.attachPasid(nic, PASID);
            plain.journal.clear();
            next.replacePasid(nic, PASID);
            assertThat(plain.journal.of("mm"))
                    .containsExactly(
                            "mmDetach nic pasid5 tag1 detachDomain=true", "mmAttach nic pasid5 tag2 attachDomain=true");
        }
    }

    @Test
    void faultsOfThePasidGoToTheDomainsHandler() {
        Domain domain = machine.domain();
        domain.attachPasid(nic(), PASID);
        domain.onPageFault(fault -> {
            domain.space().map(fault.iova(), 0x8000, 0x1000, TestMachine.RW);
            return FaultResponse.RETRY;
        });
        PageRequest request = Requests.stall(TestMachine.NIC, PASID, 0x1000);
        assertThat(Unit.of(nic()).host().pageRequest(request)).isTrue();
        assertThat(machine.driver.responses.to(request)).isEqualTo(PageResponse.SUCCESS);
        assertThat(dma()).isEqualTo(0x8000);
    }

    @Test
    void closeOfTheDomainTakesItsPasidsAway() {
        Domain domain = mapped(0x8000);
        domain.attachPasid(nic(), PASID);
        domain.attachPasid(nic(), 6);
        domain.close();
        assertThat(machine.hardware.pasids).isEmpty();
        assertThat(machine.counter("pasids")).isZero();
    }
}
