package org.sluice.core.unit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.sluice.api.Domain;
import org.sluice.api.DomainRequest;
import org.sluice.api.DomainType;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.core.TestMachine;
import org.sluice.core.fake.FakeDriver;

/** Guests' stage 1 over a stage-2 domain. */
class NestingTest {
    private static final long ENTRY = 0x8000_0001L;

    private final TestMachine machine = TestMachine.full();

    @AfterEach
    void stop() {
        machine.close();
        assertThat(machine.board.allocator().allocatedBytes()).isZero();
        assertThat(machine.hardware.tags.isEmpty()).isTrue();
    }

    private Domain alloc(DomainRequest request) {
        return machine.platform.allocDomain(machine.device("nic"), request);
    }

    private Domain parent() {
        return alloc(DomainRequest.of(DomainType.UNMANAGED).withStage(2));
    }

    private static Errno errnoOf(Runnable call) {
        return catchThrowableOfType(IommuException.class, call::run).errno();
    }

    @Test
    void nestedDomainIsAttachedAndReplacedAsAnyOther() {
        Domain parent = parent();
        parent.attach(machine.device("nic"));
        Domain nested = alloc(DomainRequest.nested(parent, ENTRY, 0));
        assertThat(nested.type()).isEqualTo(DomainType.NESTED);
        machine.journal.clear();
        nested.attach(machine.device("nic"));
        assertThat(machine.journal.of("attach")).containsExactly("attach nic TRANSLATED");
        assertThat(machine.hardware.untagged.get(TestMachine.NIC).root()).isEqualTo(0x8000_0000L);
        assertThat(parent.devices()).isEmpty();
        assertThat(errnoOf(nested::space)).isEqualTo(Errno.EINVAL);
        Domain rewritten = alloc(DomainRequest.nested(parent, 0x9000_0001L, 0));
        rewritten.attach(machine.device("nic"));
        nested.close();
        assertThat(machine.hardware.untagged.get(TestMachine.NIC).root()).isEqualTo(0x9000_0000L);
    }

    @Test
    void parentIsOfStageTwoAndOfTheSameIommu() {
        assertThat(errnoOf(() -> alloc(DomainRequest.nested(machine.domain(), ENTRY))))
                .isEqualTo(Errno.EINVAL);
        Domain identity = machine.domain(DomainType.IDENTITY);
        assertThat(errnoOf(() -> alloc(DomainRequest.nested(identity, ENTRY)))).isEqualTo(Errno.EINVAL);
        Domain parent = parent();
        assertThat(errnoOf(
                        () -> machine.platform.allocDomain(machine.device("far"), DomainRequest.nested(parent, ENTRY))))
                .isEqualTo(Errno.EINVAL);
    }

    @Test
    void entryThatTheDriverRefusesLeavesNothing() {
        Domain parent = parent();
        assertThat(errnoOf(() -> alloc(DomainRequest.nested(parent, 0)))).isEqualTo(Errno.EIO);
        parent.close();
    }

    @Test
    void driverThatCannotNestIsEopnotsupp() {
        try (TestMachine plain = TestMachine.running()) {
            Domain domain = plain.domain();
            assertThat(errnoOf(
                            () -> plain.platform.allocDomain(plain.device("nic"), DomainRequest.nested(domain, ENTRY))))
                    .isEqualTo(Errno.EOPNOTSUPP);
        }
    }

    @Test
    void parentWithChildrenIsBusy() {
        Domain parent = parent();
        Domain nested = alloc(DomainRequest.nested(parent, ENTRY));
        assertThat(errnoOf(parent::close)).isEqualTo(Errno.EBUSY);
        nested.close();
        nested.close();
        parent.close();
        assertThatThrownBy(() -> alloc(DomainRequest.nested(parent, ENTRY))).hasMessageContaining("ESTALE");
    }

    @Test
    void guestsInvalidationsRunThroughTheParentInWholeCommands() {
        Domain parent = parent();
        machine.journal.clear();
        assertThat(parent.invalidateGuest(new long[] {1, 0, 2, 0}, guest -> 0x10 + guest))
                .isEqualTo(2);
        assertThat(machine.journal.of("guest"))
                .containsExactly("guest invalidates stream 0x11", "guest invalidates stream 0x12");
        assertThat(errnoOf(() -> parent.invalidateGuest(new long[] {1, 0}, guest -> -1)))
                .isEqualTo(Errno.EIO);
        assertThat(errnoOf(() -> parent.invalidateGuest(new long[] {1}, guest -> 0)))
                .isEqualTo(Errno.EINVAL);
        assertThat(errnoOf(() -> machine.domain().invalidateGuest(new long[2], guest -> 0)))
                .isEqualTo(Errno.EINVAL);
    }

    @Test
    void nestedContextIsHandedOverToANewDriver() {
        Domain parent = parent();
        Domain nested = alloc(DomainRequest.nested(parent, ENTRY));
        nested.attach(machine.device("nic"));
        FakeDriver next = new FakeDriver(machine.hardware);
        next.full = true;
        machine.replaceDriver(next, "1.1.0");
        machine.settle();
        assertThat(machine.swaps).isNotEmpty().allMatch(event -> event.adopted(), "adopted");
        nested.close();
        parent.close();
    }
}
