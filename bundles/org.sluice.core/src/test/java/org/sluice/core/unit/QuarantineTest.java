package org.sluice.core.unit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.sluice.api.Domain;
import org.sluice.api.IoMm;
import org.sluice.api.SpaceRevokedException;
import org.sluice.api.SpaceState;
import org.sluice.api.SvaParameters;
import org.sluice.core.TestMachine;
import org.sluice.core.fake.FakeAllocator;

class QuarantineTest {
    private static final int RW = TestMachine.RW;

    private final TestMachine machine = TestMachine.running();
    private final FakeAllocator plugIn = new FakeAllocator(machine.journal, "plug-in 1");
    private long service;
    private Domain domain;
    private IoMm space;

    @BeforeEach
    void allocate() {
        service = machine.addAllocator(plugIn, "1.0.0");
        domain = machine.attached("gpu");
        machine.device("gpu").initSva(SvaParameters.any());
        space = domain.allocPasid(machine.device("gpu"));
        space.map(0x1000, 0x9000, 0x1000, RW);
        machine.journal.clear();
    }

    @AfterEach
    void stop() {
        machine.close();
    }

    @Test
    void clientSwitchedSpaceNeverReachesTheIommu() {
        assertThat(machine.hardware.pasids).isEmpty();
        domain.freePasid(space, CompletableFuture.completedFuture(null));
        assertThat(machine.journal.of("mmAttach", "mmDetach")).isEmpty();
    }

    @Test
    void withoutAFenceRootTagAndTablesStay() {
        domain.freePasid(space);
        machine.settle();
        assertThat(space.state()).isEqualTo(SpaceState.REVOKED);
        assertThat(space.clientTable()).as("a device may load it still").isPresent();
        long root = space.clientTable().orElseThrow().root();
        assertThat(machine.tables.at(root).walk(0x1000)).isEqualTo(0x9000);
        assertThat(machine.journal.of("freeContext", "mmFree", "table.free")).isEmpty();
        assertThat(machine.counter("quarantine.spaces")).isEqualTo(1);
        assertThat(machine.counter("quarantine.unfenced")).isEqualTo(1);
        assertThat(machine.counter("quarantine.bytes")).isEqualTo(8192);
        assertThat(machine.counter("pasids")).as("the number is not reused").isEqualTo(1);
        assertThatThrownBy(() -> space.map(0x2000, 0x9000, 0x1000, RW)).isInstanceOf(SpaceRevokedException.class);
    }

    @Test
    void fenceReleasesTagPasidPlugInAndTables() {
        CompletableFuture<Void> fence = new CompletableFuture<>();
        domain.freePasid(space, fence);
        machine.settle();
        assertThat(space.state()).isEqualTo(SpaceState.REVOKED);
        fence.complete(null);
        machine.settle();
        assertThat(machine.journal.of("freeContext", "mmFree", "table.free"))
                .containsExactly("freeContext tag2", "mmFree by plug-in 1", "table.free");
        assertThat(space.state()).isEqualTo(SpaceState.FREED);
        assertThat(space.clientTable()).isEmpty();
        assertThat(machine.counter("quarantine.spaces")).isZero();
        assertThat(machine.counter("pasids")).isZero();
    }

    @Test
    void fenceThatFailsKeepsTheQuarantine() {
        CompletableFuture<Void> fence = new CompletableFuture<>();
        domain.freePasid(space, fence);
        fence.completeExceptionally(new IllegalStateException("the GPU hangs"));
        machine.settle();
        assertThat(space.state()).isEqualTo(SpaceState.REVOKED);
        assertThat(machine.counter("quarantine.unfenced")).isEqualTo(1);
    }

    @Test
    void closeOfTheDomainCannotFreeWhatADeviceMayLoad() {
        domain.close();
        machine.settle();
        assertThat(space.state()).isEqualTo(SpaceState.REVOKED);
        assertThat(machine.counter("quarantine.unfenced")).isEqualTo(1);
    }

    @Test
    void plugInThatLeftFreesWhenItsSuccessorComes() {
        machine.removeAllocator(service);
        domain.freePasid(space, CompletableFuture.completedFuture(null));
        machine.settle();
        assertThat(space.state()).isEqualTo(SpaceState.REVOKED);
        assertThat(machine.counter("quarantine.spaces")).isEqualTo(1);
        assertThat(machine.journal.of("freeContext", "table.free")).isEmpty();

        machine.addAllocator(new FakeAllocator(machine.journal, "plug-in 2"), "1.1.0");
        machine.settle();
        assertThat(machine.journal.of("mmFree")).containsExactly("mmFree by plug-in 2");
        assertThat(space.state()).isEqualTo(SpaceState.FREED);
        assertThat(machine.swaps).singleElement().satisfies(event -> {
            assertThat(event.service()).contains(FakeAllocator.COMPATIBLE);
            assertThat(event.oldVersion()).isEqualTo("1.0.0");
            assertThat(event.newVersion()).isEqualTo("1.1.0");
            assertThat(event.adopted()).isTrue();
        });
    }

    @Test
    void strangerDoesNotFreeWhatAnotherPlugInAllocated() {
        machine.removeAllocator(service);
        machine.addAllocator(new FakeAllocator(machine.journal, "stranger"), "other.bundle", "1.0.0");
        domain.freePasid(space, CompletableFuture.completedFuture(null));
        machine.settle();
        assertThat(machine.journal.of("mmFree")).isEmpty();
        assertThat(space.state()).isEqualTo(SpaceState.REVOKED);
    }

    @Test
    void plugInThatComesAndGoesHoldsNobody() {
        machine.removeAllocator(service);
        space.map(0x2000, 0xa000, 0x1000, RW);
        assertThat(space.iovaToPhys(0x2000)).isEqualTo(0xa000);
        assertThat(machine.counter("gate.parked")).isZero();
    }

    @Test
    void plugInThatFailsToFreeDoesNotKeepTheTables() {
        plugIn.failsToFree = true;
        domain.freePasid(space, CompletableFuture.completedFuture(null));
        assertThat(space.state()).isEqualTo(SpaceState.FREED);
        assertThat(machine.counter("quarantine.spaces")).isZero();
    }

    @Test
    void tagOfAQuarantinedSpaceSurvivesASwapOfTheDriver() {
        domain.freePasid(space);
        machine.removeDriver();
        machine.journal.clear();
        machine.addDriver("1.1.0");
        machine.settle();
        assertThat(machine.journal.of("adoptContext"))
                .containsExactlyInAnyOrder("adoptContext tag1", "adoptContext tag2");
    }
}
