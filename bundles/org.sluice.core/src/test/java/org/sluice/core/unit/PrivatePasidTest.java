package org.sluice.core.unit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.sluice.api.ActivationKind;
import org.sluice.api.AddressSpace;
import org.sluice.api.ClientTable;
import org.sluice.api.Domain;
import org.sluice.api.Errno;
import org.sluice.api.FaultResponse;
import org.sluice.api.IoMm;
import org.sluice.api.IommuDevice;
import org.sluice.api.IommuException;
import org.sluice.api.IotlbGather;
import org.sluice.api.ScatterList;
import org.sluice.api.SpaceRevokedException;
import org.sluice.api.SpaceState;
import org.sluice.api.SvaParameters;
import org.sluice.core.TestMachine;
import org.sluice.core.fake.FakeAllocator;
import org.sluice.spi.driver.MmAllocator;

/** The requirements of the mail, one test each; the names end in their numbers. */
class PrivatePasidTest {
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
    void tableIsPopulatedByTheClientAndSelectedByPasid_R1() {
        IoMm space = machine.prepared("nic").allocPasid(nic());
        space.map(0x1000, 0x9000, 0x1000, RW);
        assertThat(space.isPrivate()).isTrue();
        assertThat(machine.hardware.dma(TestMachine.NIC, space.pasid(), 0x1010)).isEqualTo(0x9010);
        assertThat(machine.hardware.dma(TestMachine.NIC, -1, 0x1010)).isZero();
    }

    @Test
    void iommuResolvedAndClientSwitchedSpacesShareTheContract_R2() {
        machine.addAllocator(new FakeAllocator(machine.journal, "plug-in"), "1.0.0");
        IoMm table = machine.prepared("nic").allocPasid(nic());
        IoMm switched = machine.prepared("gpu").allocPasid(machine.device("gpu"));
        assertThat(table.activation()).isEqualTo(ActivationKind.TABLE);
        assertThat(switched.activation()).isEqualTo(ActivationKind.CLIENT_SWITCHED);
        for (IoMm space : List.of(table, switched)) {
            space.map(0x1000, 0x9000, 0x2000, RW);
            assertThat(space.iovaToPhys(0x2000)).isEqualTo(0xa000);
            assertThat(space.unmap(0x1000, 0x1000)).isEqualTo(0x1000);
            assertThat(space.state()).isEqualTo(SpaceState.ATTACHED);
            space.domain().freePasid(space);
            assertThatThrownBy(() -> space.map(0x1000, 0x9000, 0x1000, RW)).isInstanceOf(SpaceRevokedException.class);
        }
    }

    @Test
    void olderIommuWithoutPasidsServesAClientSwitchedDevice_R2() {
        machine.close();
        try (TestMachine old = TestMachine.bare(0, 1000)) {
            old.driver.hasPasidOperations = false;
            old.driver.pasidBits = 0;
            old.addFormat("1.0.0");
            old.addDriver("1.0.0");
            old.addAllocator(new FakeAllocator(old.journal, "plug-in"), "1.0.0");
            old.settle();
            IoMm space = old.ioMm("gpu");
            ClientTable table = space.clientTable().orElseThrow();
            assertThat(old.tables.at(table.root()).walk(0x1000)).isZero();
            space.map(0x1000, 0x9000, 0x1000, RW);
            assertThat(old.tables.at(table.root()).walk(0x1000)).isEqualTo(0x9000);
            assertThat(table.ttbr0()).isEqualTo((long) table.asid() << 48 | table.root());
            assertThat(old.journal.of("mmAttach")).isEmpty();
        }
    }

    @Test
    void everyPrivatePasidHasItsOwnPageTable_R3() {
        Domain domain = machine.prepared("nic");
        machine.journal.clear();
        domain.allocPasid(nic());
        domain.allocPasid(nic());
        assertThat(machine.journal.of("table.create")).hasSize(2);
        assertThat(machine.hardware.pasids.values().stream()
                        .map(route -> route.root())
                        .distinct())
                .hasSize(2);
    }

    @Test
    void sharingAndPageFaultsAreNotNeeded_R4() {
        // The fake driver offers neither SVA, nor stalls, nor page requests.
        IoMm space = machine.prepared("nic").allocPasid(nic());
        space.map(0, 0x9000, 0x1000, RW);
        assertThat(machine.hardware.dma(TestMachine.NIC, space.pasid(), 0)).isEqualTo(0x9000);
    }

    @Test
    void allocationReturnsTheSpaceAndErrorsAreNeverNull_R5() {
        Domain domain = machine.prepared("nic");
        Object space = domain.allocPasid(nic());
        assertThat(space).isInstanceOf(IoMm.class).isInstanceOf(AddressSpace.class);
        machine.driver.failMmAttach = true;
        assertThatThrownBy(() -> domain.allocPasid(nic())).isInstanceOf(IommuException.class);
    }

    @Test
    void pasidIsReadFromTheSpaceAndIsWhatTheHardwareUses_R6() {
        IoMm space = machine.prepared("nic").allocPasid(nic());
        assertThat(machine.hardware.pasids).containsOnlyKeys(TestMachine.NIC + "/" + space.pasid());
    }

    @Test
    void fullSetOfFunctionsWorksOnThePrivateSpace_R7() {
        Domain domain = machine.prepared("nic");
        IoMm space = domain.allocPasid(nic());
        space.map(0x1000, 0x9000, 0x1000, RW);
        assertThat(space.mapSg(0x2000, new ScatterList().add(0x20000, 0x2000), RW))
                .isEqualTo(0x2000);
        assertThat(space.iovaToPhys(0x3004)).isEqualTo(0x21004);
        assertThat(space.unmap(0x1000, 0x1000)).isEqualTo(0x1000);
        assertThat(space.unmapFast(0x2000, 0x1000)).isEqualTo(0x1000);
        machine.journal.clear();
        space.tlbRangeAdd(0x2000, 0x1000);
        space.tlbSync();
        space.flushTlbAll();
        assertThat(machine.journal.of("invalidate", "sync")).isNotEmpty();
        domain.freePasid(space);
        assertThat(space.state()).isEqualTo(SpaceState.FREED);
    }

    @Test
    void mapOfAPrivateSpaceIsTheMapOfADomain_R8_R9_R10() throws NoSuchMethodException {
        IoMm space = machine.prepared("nic").allocPasid(nic());
        AddressSpace domainSpace = space.domain().space();
        for (Method function : AddressSpace.class.getMethods()) {
            Class<?> one = space.getClass()
                    .getMethod(function.getName(), function.getParameterTypes())
                    .getDeclaringClass();
            Class<?> two = domainSpace
                    .getClass()
                    .getMethod(function.getName(), function.getParameterTypes())
                    .getDeclaringClass();
            assertThat(one).as(function.getName()).isSameAs(two);
        }
        assertThat(Arrays.stream(AddressSpace.class.getMethods()).map(Method::getName))
                .contains("map", "mapSg", "unmap", "unmapFast", "iovaToPhys", "tlbRangeAdd", "flushTlbAll");
    }

    @Test
    void mapTakesNoLockThatAttachOrAllocationHolds_R8() {
        IoMm space = machine.prepared("nic").allocPasid(nic());
        Unit unit = Unit.of(nic());
        long[] found = new long[1];
        unit.withLock(() -> {
            Thread mapper = new Thread(() -> {
                space.map(0x1000, 0x9000, 0x1000, RW);
                found[0] = space.iovaToPhys(0x1000);
                space.unmap(0x1000, 0x1000);
            });
            mapper.start();
            return join(mapper);
        });
        assertThat(found[0]).isEqualTo(0x9000);
    }

    private static boolean join(Thread thread) {
        try {
            thread.join(30_000);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
        assertThat(thread.isAlive()).as("it waits for the lock of the board").isFalse();
        return true;
    }

    @Test
    void deviceThatWasNotInitialisedIsAnError_R11() {
        Domain domain = machine.attached("nic");
        IommuException error = catchThrowableOfType(IommuException.class, () -> domain.allocPasid(nic()));
        assertThat(error.errno()).isEqualTo(Errno.EINVAL);
        assertThat(error).hasMessageContaining("nic is not initialised for SVA");
        assertThat(errnoOf(() -> domain.allocPasid(null))).isEqualTo(Errno.EINVAL);
    }

    @Test
    void driverWithoutAttachAndDetachIsENODEV_R12() {
        try (TestMachine old = TestMachine.bare(0, 1000)) {
            old.driver.hasPasidOperations = false;
            old.addFormat("1.0.0");
            old.addDriver("1.0.0");
            old.settle();
            assertThat(errnoOf(() -> old.ioMm("nic"))).isEqualTo(Errno.ENODEV);
            FakeAllocator plugIn = new FakeAllocator(old.journal, "plug-in");
            plugIn.kind = ActivationKind.TABLE;
            old.addAllocator(plugIn, "1.0.0");
            assertThat(errnoOf(() -> old.ioMm("gpu"))).isEqualTo(Errno.ENODEV);
            assertThat(old.journal.of("mmAlloc", "mmFree")).containsExactly("mmAlloc by plug-in", "mmFree by plug-in");
        }
    }

    @Test
    void allocAndFreeComeTogetherFromOnePlugIn_R13() {
        // One interface with both methods: one without the other cannot be written.
        assertThat(MmAllocator.class.getMethods())
                .extracting(Method::getName)
                .containsExactlyInAnyOrder("mmAlloc", "mmFree");
        machine.addAllocator(new FakeAllocator(machine.journal, "plug-in"), "1.0.0");
        Domain domain = machine.prepared("gpu");
        IoMm space = domain.allocPasid(machine.device("gpu"));
        domain.freePasid(space, CompletableFuture.completedFuture(null));
        assertThat(machine.journal.of("mm")).containsExactly("mmAlloc by plug-in", "mmFree by plug-in");
    }

    @Test
    void withoutPlugInTheCoreBuildsTheSpaceFromTheDriversConfiguration_R14() {
        Domain domain = machine.prepared("gpu");
        machine.journal.clear();
        IoMm space = domain.allocPasid(machine.device("gpu"));
        assertThat(machine.journal.lines())
                .containsExactly(
                        "createContext tag2 private", "table.create", "mmAttach gpu pasid1 tag2 attachDomain=true");
        assertThat(space.activation()).isEqualTo(ActivationKind.TABLE);
        assertThat(space.clientTable()).isEmpty();
    }

    @Test
    void plugInThatFailsOrReturnsNothingIsPassedOnAndUndone_R15() {
        FakeAllocator plugIn = new FakeAllocator(machine.journal, "plug-in");
        machine.addAllocator(plugIn, "1.0.0");
        Domain domain = machine.prepared("gpu");
        IommuDevice gpu = machine.device("gpu");
        long before = machine.counter("tables.bytes");
        plugIn.fails = true;
        assertThatThrownBy(() -> domain.allocPasid(gpu)).hasMessage("EPERM: the firmware forbids it");
        plugIn.fails = false;
        plugIn.returnsNull = true;
        assertThat(errnoOf(() -> domain.allocPasid(gpu))).isEqualTo(Errno.ENOMEM);
        plugIn.returnsNull = false;
        plugIn.createsNothing = true;
        assertThatThrownBy(() -> domain.allocPasid(gpu)).hasMessageContaining("created no page table");
        assertThat(machine.counter("tables.bytes")).isEqualTo(before);
        assertThat(machine.counter("pasids")).isZero();
        assertThat(machine.hardware.tags.cardinality())
                .as("the domain's tag only")
                .isEqualTo(1);
    }

    @Test
    void privateIsAFlagOfTheSpace_R16() {
        assertThat(machine.prepared("nic").allocPasid(nic()).isPrivate()).isTrue();
    }

    @Test
    void spaceRecordsItsDomain_R17() {
        Domain domain = machine.prepared("nic");
        IoMm space = domain.allocPasid(nic());
        assertThat(space.domain()).isSameAs(domain);
        assertThat(domain.ioMms()).containsExactly(space);
    }

    @Test
    void pasidsAreHandedOutCyclicallyWithinTheInclusiveRange_R18() {
        Domain domain = machine.attached("nic");
        nic().initSva(new SvaParameters(3, 6));
        List<Integer> seen = new ArrayList<>();
        for (int i = 0; i < 9; i++) {
            IoMm space = domain.allocPasid(nic());
            seen.add(space.pasid());
            domain.freePasid(space);
        }
        assertThat(seen).containsExactly(3, 4, 5, 6, 3, 4, 5, 6, 3);
    }

    @Test
    void pasidZeroIsNeverHandedOut_R18() {
        Domain domain = machine.prepared("nic");
        assertThat(domain.allocPasid(nic()).pasid()).isEqualTo(1);
        assertThat(new SvaParameters(0, 0).minPasid()).isZero();
    }

    @Test
    void exhaustionIsENOSPCAndFreesTheObject_R19() {
        Domain domain = machine.attached("nic");
        nic().initSva(new SvaParameters(1, 2));
        domain.allocPasid(nic());
        domain.allocPasid(nic());
        long before = machine.counter("tables.bytes");
        int tags = machine.hardware.tags.cardinality();
        IommuException error = catchThrowableOfType(IommuException.class, () -> domain.allocPasid(nic()));
        assertThat(error.errno()).isEqualTo(Errno.ENOSPC);
        assertThat(error).hasMessageContaining("[1, 2]");
        assertThat(machine.counter("tables.bytes")).isEqualTo(before);
        assertThat(machine.hardware.tags.cardinality()).isEqualTo(tags);
        assertThat(domain.ioMms()).hasSize(2);
    }

    @Test
    void exhaustionFreesThroughThePlugInThatAllocated_R19() {
        machine.addAllocator(new FakeAllocator(machine.journal, "plug-in"), "1.0.0");
        Domain domain = machine.attached("gpu");
        machine.device("gpu").initSva(new SvaParameters(1, 1));
        domain.allocPasid(machine.device("gpu"));
        machine.journal.clear();
        assertThat(errnoOf(() -> domain.allocPasid(machine.device("gpu")))).isEqualTo(Errno.ENOSPC);
        assertThat(machine.journal.of("mm", "table", "freeContext"))
                .containsExactly(
                        "mmAlloc by plug-in", "table.create", "mmFree by plug-in", "table.free", "freeContext tag3");
    }

    @Test
    void attachWritesTheEntry_R20() {
        machine.prepared("nic").allocPasid(nic());
        assertThat(machine.journal.of("mmAttach")).containsExactly("mmAttach nic pasid1 tag2 attachDomain=true");
    }

    @Test
    void bondsAreListedSoThatShutdownCleansThem_R21() {
        Domain domain = machine.prepared("nic");
        IoMm space = domain.allocPasid(nic());
        assertThat(space.bonds()).containsExactly(nic());
        nic().shutdownSva();
        assertThat(space.bonds()).isEmpty();
        assertThat(space.state()).isEqualTo(SpaceState.REVOKED);
        assertThat(machine.hardware.pasids).isEmpty();
        assertThat(domain.ioMms()).as("its client has not let go").containsExactly(space);
        domain.freePasid(space);
        assertThat(space.state()).isEqualTo(SpaceState.FREED);
        assertThat(errnoOf(nic()::shutdownSva)).isEqualTo(Errno.ENODEV);
    }

    @Test
    void attachFailureUnwindsPasidThenObject_R22() {
        Domain domain = machine.prepared("nic");
        machine.driver.failMmAttach = true;
        machine.journal.clear();
        assertThatThrownBy(() -> domain.allocPasid(nic())).hasMessageContaining("leaf of the CD table");
        assertThat(machine.journal.of("table.", "freeContext"))
                .containsExactly("table.create", "table.free", "freeContext tag2");
        assertThat(machine.counter("pasids")).isZero();
        assertThat(domain.ioMms()).isEmpty();
        machine.driver.failMmAttach = false;
        assertThat(domain.allocPasid(nic()).pasid()).isEqualTo(2);
    }

    @Test
    void freeClearsTheEntry_R23() {
        Domain domain = machine.prepared("nic");
        IoMm space = domain.allocPasid(nic());
        domain.freePasid(space);
        assertThat(machine.journal.of("mmDetach")).containsExactly("mmDetach nic pasid1 tag2 detachDomain=true");
        assertThat(machine.hardware.dma(TestMachine.NIC, 1, 0x1000)).isZero();
    }

    @Test
    void freeOfNothingOfAnotherDomainOrTwiceHasNoEffect_R24() {
        Domain domain = machine.prepared("nic");
        Domain other = machine.prepared("disk");
        IoMm space = domain.allocPasid(nic());
        domain.freePasid(null);
        other.freePasid(space);
        assertThat(space.state()).isEqualTo(SpaceState.ATTACHED);
        domain.freePasid(space);
        machine.journal.clear();
        domain.freePasid(space);
        assertThat(machine.journal.lines()).isEmpty();
    }

    @Test
    void freeGoesDetachThenTagThenTables_R25() {
        Domain domain = machine.prepared("nic");
        IoMm space = domain.allocPasid(nic());
        space.map(0x1000, 0x9000, 0x1000, RW);
        machine.hardware.dma(TestMachine.NIC, space.pasid(), 0x1000);
        machine.journal.clear();
        domain.freePasid(space);
        assertThat(machine.journal.lines())
                .containsExactly(
                        "mmDetach nic pasid1 tag2 detachDomain=true",
                        "freeContext tag2",
                        "table.free",
                        "free page",
                        "free page");
        assertThat(machine.counter("pasids")).isZero();
        assertThat(machine.hardware.cached(2)).isZero();
    }

    @Test
    void freeDropsEveryBond_R26() {
        Domain domain = machine.prepared("nic", "disk");
        IoMm space = domain.allocPasid(nic());
        space.bond(machine.device("disk"));
        space.map(0x1000, 0x9000, 0x1000, RW);
        assertThat(machine.hardware.dma(TestMachine.DISK, space.pasid(), 0x1000))
                .isEqualTo(0x9000);
        domain.freePasid(space);
        assertThat(machine.hardware.pasids).isEmpty();
        assertThat(machine.journal.of("mmDetach")).hasSize(2);
        assertThat(space.bonds()).isEmpty();
    }

    @Test
    void strictUnmapLeavesNothingStaleAndFastLeavesItToTheCaller_R27() {
        IoMm space = machine.prepared("nic").allocPasid(nic());
        space.map(0x1000, 0x9000, 0x2000, RW);
        machine.hardware.dma(TestMachine.NIC, space.pasid(), 0x1000);
        machine.hardware.dma(TestMachine.NIC, space.pasid(), 0x2000);
        space.unmap(0x1000, 0x1000);
        assertThat(machine.hardware.dma(TestMachine.NIC, space.pasid(), 0x1000)).isZero();
        IotlbGather gather = new IotlbGather();
        space.unmapFast(0x2000, 0x1000, gather);
        assertThat(machine.hardware.dma(TestMachine.NIC, space.pasid(), 0x2000)).isEqualTo(0xa000);
        space.sync(gather);
        assertThat(machine.hardware.dma(TestMachine.NIC, space.pasid(), 0x2000)).isZero();
    }

    @Test
    void unmapOfASpaceThatWasTakenAwayIsZero_R30() {
        Domain domain = machine.prepared("nic");
        IoMm space = domain.allocPasid(nic());
        space.map(0x1000, 0x9000, 0x1000, RW);
        domain.freePasid(space);
        assertThat(space.unmap(0x1000, 0x1000)).isZero();
        assertThat(space.unmapFast(0x1000, 0x1000)).isZero();
        assertThat(space.unmapFast(0x1000, 0x1000, new IotlbGather())).isZero();
        assertThat(space.iovaToPhys(0x1000)).isZero();
        space.flushTlbAll();
        space.tlbSync();
        space.tlbRangeAdd(0x1000, 0x1000);
        space.walk(0, -1, (iova, paddr, size, descriptor, prot) -> {
            throw new AssertionError("a leaf after the end");
        });
    }

    @Test
    void mapAndUnmapAreLegalOnAnyThreadAndInsideAFaultHandler_R32() {
        Domain domain = machine.prepared("nic");
        IoMm space = domain.allocPasid(nic());
        space.onFault(event -> {
            space.map(event.iova(), 0x9000, 0x1000, RW);
            return FaultResponse.RETRY;
        });
        assertThat(Unit.of(nic()).host().report(FaultTest.fault(TestMachine.NIC, space.pasid(), 0x5000)))
                .isEqualTo(FaultResponse.RETRY);
        assertThat(space.iovaToPhys(0x5000)).isEqualTo(0x9000);
    }

    @Test
    void twoSpacesMapTheSameIovaToDifferentPagesAndFlushingOneKeepsTheOther_R36() {
        Domain domain = machine.prepared("nic");
        IoMm one = domain.allocPasid(nic());
        IoMm two = domain.allocPasid(nic());
        one.map(0x1000, 0x9000, 0x1000, RW);
        two.map(0x1000, 0xa000, 0x1000, RW);
        assertThat(machine.hardware.dma(TestMachine.NIC, one.pasid(), 0x1000)).isEqualTo(0x9000);
        assertThat(machine.hardware.dma(TestMachine.NIC, two.pasid(), 0x1000)).isEqualTo(0xa000);
        one.flushTlbAll();
        one.unmap(0x1000, 0x1000);
        assertThat(machine.hardware.cached(3))
                .as("the other's translation stayed")
                .isEqualTo(1);
        assertThat(machine.hardware.dma(TestMachine.NIC, one.pasid(), 0x1000)).isZero();
        assertThat(machine.hardware.dma(TestMachine.NIC, two.pasid(), 0x1000)).isEqualTo(0xa000);
    }

    @Test
    void nothingButAttachAndDetachIsAskedOfTheDriver_R35_R37() {
        Domain domain = machine.prepared("nic");
        machine.journal.clear();
        IoMm space = domain.allocPasid(nic());
        domain.freePasid(space);
        assertThat(machine.journal.of("createContext", "mmAttach", "mmDetach", "freeContext"))
                .containsExactlyElementsOf(machine.journal.lines().stream()
                        .filter(line -> !line.startsWith("table.") && !line.startsWith("free page"))
                        .toList());
    }
}
