package org.sluice.core.unit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.sluice.api.ActivationKind;
import org.sluice.api.Domain;
import org.sluice.api.DomainType;
import org.sluice.api.Errno;
import org.sluice.api.IoMm;
import org.sluice.api.IommuDevice;
import org.sluice.api.IommuException;
import org.sluice.api.IotlbGather;
import org.sluice.api.Prot;
import org.sluice.api.ProviderMissingException;
import org.sluice.api.SpaceState;
import org.sluice.api.SvaBond;
import org.sluice.api.SvaFeature;
import org.sluice.api.SvaParameters;
import org.sluice.core.TestMachine;
import org.sluice.core.fake.FakeDriver;
import org.sluice.core.fake.FaultingDevice;
import org.sluice.pgtable.arm.Stage1Format;
import org.sluice.process.Process;
import org.sluice.process.ProcessRequest;
import org.sluice.process.internal.Processes;
import org.sluice.process.internal.ProcessesDoor;

/** Sharing the address space of a process: bind and its errors, invalidation, exit, unbind. */
class SvaTest {
    private static final int RW = TestMachine.RW;
    private static final long BASE = 0x10_0000;

    private final TestMachine machine = TestMachine.withRealTables();
    private final Processes processes = ProcessesDoor.open(machine.board, new Stage1Format());
    private Process process;

    @BeforeEach
    void start() {
        machine.addProcesses(processes);
        process = processes.start(ProcessRequest.on("fake").withBits(39, 48));
        process.mmap(BASE, 0x4000, RW);
        nic().initSva(SvaParameters.any().with(SvaFeature.IO_PAGE_FAULTS));
    }

    @AfterEach
    void everythingComesBack() {
        machine.driver.failMmAttach = false;
        processes.close();
        machine.close();
        assertThat(machine.board.allocator().allocatedBytes()).isZero();
    }

    private IommuDevice nic() {
        return machine.device("nic");
    }

    private IommuDevice disk() {
        return machine.device("disk");
    }

    private SvaBond bind(IommuDevice device) {
        return machine.platform.bind(device, process.number());
    }

    private FaultingDevice device(String name, int stream) {
        return new FaultingDevice(
                machine.hardware,
                machine.driver.responses,
                Unit.of(machine.device(name)).host(),
                stream);
    }

    private static Errno errnoOf(Runnable call) {
        return catchThrowableOfType(IommuException.class, call::run).errno();
    }

    private int at(long address) {
        byte[] one = new byte[1];
        process.read(address, one, 0, 1);
        return one[0];
    }

    private void put(long address, int value) {
        process.write(address, new byte[] {(byte) value}, 0, 1);
    }

    @Test
    void deviceAndProcessUseTheSamePages() {
        put(BASE, 5);
        SvaBond bond = bind(nic());
        FaultingDevice dma = device("nic", TestMachine.NIC);
        long hit = dma.access(bond.pasid(), BASE, false);
        assertThat(machine.board.memory().read8(hit)).isEqualTo((byte) 5);
        machine.board.memory().write8(dma.access(bond.pasid(), BASE + 0x2004, true), (byte) 6);
        assertThat(at(BASE + 0x2004)).isEqualTo(6);
        assertThat(machine.counter("iopf.success")).isPositive();
    }

    @Test
    void bondSaysWhatItIs() {
        SvaBond bond = bind(nic());
        assertThat(bond.isLive()).isTrue();
        assertThat(bond.device()).isSameAs(nic());
        assertThat(bond.process()).isEqualTo(process.number());
        assertThat(bond.features()).containsExactly(SvaFeature.IO_PAGE_FAULTS);
        IoMm space = bond.space();
        assertThat(space.isPrivate()).isFalse();
        assertThat(space.process()).hasValue(process.number());
        assertThat(space.pasid()).isEqualTo(bond.pasid()).isPositive();
        assertThat(space.bonds()).containsExactly(nic());
        assertThat(space.state()).isEqualTo(SpaceState.ATTACHED);
        assertThat(space.activation()).isEqualTo(ActivationKind.TABLE);
        assertThat(space.clientTable()).isEmpty();
        assertThat(space.domain().type()).isEqualTo(DomainType.SVA);
        assertThat(errnoOf(() -> space.domain().close())).isEqualTo(Errno.EBUSY);
        assertThat(errnoOf(() -> space.domain().attach(disk()))).isEqualTo(Errno.EINVAL);
        assertThat(errnoOf(() -> space.bond(disk()))).isEqualTo(Errno.EINVAL);
    }

    @Test
    void sharedSpaceHasNoMapAndUnmapIsZero_R30_R31() {
        put(BASE, 1);
        IoMm space = bind(nic()).space();
        IommuException error = catchThrowableOfType(IommuException.class, () -> space.map(0x1000, 0x9000, 0x1000, RW));
        assertThat(error.errno()).isEqualTo(Errno.EINVAL);
        assertThat(error).hasMessageContaining("shared with process " + process.number());
        assertThat(space.pageSizes()).isZero();
        assertThat(space.unmap(BASE, 0x1000)).isZero();
        assertThat(space.unmapFast(BASE, 0x1000)).isZero();
        assertThat(space.unmapFast(BASE, 0x1000, new IotlbGather())).isZero();
        assertThat(at(BASE)).isEqualTo(1);
        assertThat(space.iovaToPhys(BASE + 8)).isEqualTo(process.addressSpace().translate(BASE + 8));
        long[] leaves = new long[1];
        space.walk(0, (1L << 39) - 1, (iova, paddr, size, descriptor, prot) -> ++leaves[0] > 0);
        assertThat(leaves[0]).isEqualTo(1);
        space.flushTlbAll();
        space.tlbSync();
    }

    @Test
    void freeOfASharedSpaceHasNoEffect_R24() {
        SvaBond bond = bind(nic());
        Domain domain = machine.attached("nic");
        domain.freePasid(bond.space());
        bond.space().domain().freePasid(bond.space());
        assertThat(bond.isLive()).isTrue();
    }

    @Test
    void findOfAPrivatePasidIsEmpty_R33() {
        Domain domain = machine.attached("nic");
        IoMm own = domain.allocPasid(nic());
        SvaBond bond = bind(nic());
        assertThat(machine.platform.bond(nic(), own.pasid())).isEmpty();
        assertThat(machine.platform.bond(nic(), bond.pasid())).containsSame(bond);
        assertThat(machine.platform.bond(nic(), 99)).isEmpty();
        assertThat(machine.platform.bond(disk(), bond.pasid())).isEmpty();
        bond.close();
        assertThat(machine.platform.bond(nic(), bond.pasid())).isEmpty();
    }

    @Test
    void bindNeverFindsAPrivateSpace_R34() {
        Domain domain = machine.attached("nic");
        IoMm own = domain.allocPasid(nic());
        SvaBond bond = bind(nic());
        assertThat(bond.space()).isNotSameAs(own);
        assertThat(bond.pasid()).isNotEqualTo(own.pasid());
        own.map(BASE, 0x9000, 0x1000, RW);
        assertThat(machine.hardware.dma(TestMachine.NIC, own.pasid(), BASE)).isEqualTo(0x9000);
        assertThat(machine.hardware.dma(TestMachine.NIC, bond.pasid(), BASE)).isZero();
    }

    @Test
    void devicesOfOneProcessShareItsSpaceAndPasid() {
        disk().initSva(SvaParameters.any().with(SvaFeature.IO_PAGE_FAULTS));
        SvaBond one = bind(nic());
        SvaBond two = bind(disk());
        assertThat(two.space()).isSameAs(one.space());
        assertThat(one.space().bonds()).containsExactlyInAnyOrder(nic(), disk());
        assertThat(machine.counter("sva.bonds")).isEqualTo(2);
        put(BASE, 1);
        one.close();
        assertThat(machine.counter("sva.bonds")).isEqualTo(1);
        assertThat(two.isLive()).isTrue();
        assertThat(one.isLive()).isFalse();
        assertThat(machine.hardware.dma(TestMachine.NIC, one.pasid(), BASE)).isZero();
        assertThat(machine.hardware.dma(TestMachine.DISK, one.pasid(), BASE)).isNotZero();
        two.close();
        assertThat(two.space().state()).isEqualTo(SpaceState.FREED);
        assertThat(machine.counter("pasids")).isZero();
    }

    @Test
    void bindNeedsInitialisationWithItsFeatures() {
        assertThat(errnoOf(() -> bind(disk()))).isEqualTo(Errno.EINVAL);
        disk().initSva(SvaParameters.any());
        Set<SvaFeature> faults = Set.of(SvaFeature.IO_PAGE_FAULTS);
        assertThat(errnoOf(() -> machine.platform.bind(disk(), process.number(), faults)))
                .isEqualTo(Errno.EINVAL);
        assertThat(errnoOf(() -> machine.platform.bind(machine.device("old"), process.number())))
                .isEqualTo(Errno.EINVAL);
        assertThat(machine.counter("pasids")).isZero();
    }

    @Test
    void bindingAgainIsEexistAndOtherFeaturesAreEdom() {
        bind(nic());
        assertThat(errnoOf(() -> bind(nic()))).isEqualTo(Errno.EEXIST);
        disk().initSva(SvaParameters.any());
        assertThat(errnoOf(() -> bind(disk()))).isEqualTo(Errno.EDOM);
    }

    @Test
    void pasidOutsideOfTheOtherDevicesRangeIsErangeAndATakenOneEbusy() {
        SvaBond bond = bind(nic());
        disk().initSva(new SvaParameters(bond.pasid() + 1, 9).with(SvaFeature.IO_PAGE_FAULTS));
        assertThat(errnoOf(() -> bind(disk()))).isEqualTo(Errno.ERANGE);
        disk().shutdownSva();
        Domain other = machine.domain();
        assertThat(errnoOf(() -> other.attachPasid(disk(), bond.pasid()))).isEqualTo(Errno.EBUSY);
    }

    @Test
    void noPasidLeftIsEnospcAndNothingStays() {
        nic().shutdownSva();
        nic().initSva(new SvaParameters(1, 1));
        machine.attached("nic").allocPasid(nic());
        int tags = machine.hardware.tags.cardinality();
        assertThat(errnoOf(() -> bind(nic()))).isEqualTo(Errno.ENOSPC);
        assertThat(machine.hardware.tags.cardinality()).isEqualTo(tags);
        assertThat(machine.counter("spaces")).isEqualTo(2);
    }

    @Test
    void unknownProcessIsEsrchAndNoServiceIsNamed() {
        assertThat(errnoOf(() -> machine.platform.bind(nic(), 4711))).isEqualTo(Errno.ESRCH);
        process.exit();
        assertThat(errnoOf(() -> bind(nic()))).isEqualTo(Errno.ESRCH);
        try (TestMachine lonely = TestMachine.full()) {
            assertThatThrownBy(() -> lonely.platform.bind(lonely.device("nic"), 1))
                    .isInstanceOf(ProviderMissingException.class)
                    .hasMessageContaining("service of process address spaces is missing");
        }
    }

    @Test
    void deviceThatCannotWaitIsEnodevWhereFaultsAreToBeRepaired() {
        IommuDevice far = machine.device("far");
        assertThat(errnoOf(() -> far.initSva(SvaParameters.any().with(SvaFeature.IO_PAGE_FAULTS))))
                .isEqualTo(Errno.ENODEV);
        far.initSva(SvaParameters.any());
        assertThat(machine.platform.bind(far, process.number()).features()).isEmpty();
    }

    @Test
    void driverWithoutPasidsOrAnswersIsEnodev() {
        try (TestMachine plain = TestMachine.bare(0, 1000)) {
            plain.addFormat("1.0.0");
            plain.addDriver("1.0.0");
            plain.settle();
            assertThat(errnoOf(() ->
                            plain.device("nic").initSva(SvaParameters.any().with(SvaFeature.IO_PAGE_FAULTS))))
                    .isEqualTo(Errno.ENODEV);
        }
        try (TestMachine plain = TestMachine.bare(0, 1000)) {
            plain.driver.hasPasidOperations = false;
            plain.addFormat("1.0.0");
            plain.addDriver("1.0.0");
            plain.addProcesses(processes);
            plain.settle();
            plain.device("nic").initSva(SvaParameters.any());
            assertThat(errnoOf(() -> plain.platform.bind(plain.device("nic"), process.number())))
                    .isEqualTo(Errno.ENODEV);
        }
    }

    @Test
    void tablesThatTheHardwareCannotWalkAreEinvalWithBothValues() {
        Process wide = processes.start(ProcessRequest.on("fake"));
        int tags = machine.hardware.tags.cardinality();
        assertThatThrownBy(() -> machine.platform.bind(nic(), wide.number()))
                .hasMessageContaining("EINVAL")
                .hasMessageContaining("input bits of the process is 48, of the hardware 39");
        assertThat(machine.hardware.tags.cardinality()).isEqualTo(tags);
    }

    @Test
    void attachThatFailsUnwindsAndTheProcessForgetsUs() {
        machine.driver.failMmAttach = true;
        int tags = machine.hardware.tags.cardinality();
        assertThatThrownBy(() -> bind(nic())).hasMessageContaining("leaf of the CD table");
        assertThat(machine.counter("pasids")).isZero();
        assertThat(machine.hardware.tags.cardinality()).isEqualTo(tags);
        put(BASE, 1);
        process.munmap(BASE, 0x1000);
    }

    @Test
    void munmapReturnsWhenTheDeviceHasForgotten() {
        SvaBond bond = bind(nic());
        FaultingDevice dma = device("nic", TestMachine.NIC);
        assertThat(dma.access(bond.pasid(), BASE, true)).isNotZero();
        long before = machine.board.allocator().allocatedBytes();
        process.munmap(BASE, 0x1000);
        assertThat(machine.board.allocator().allocatedBytes()).isEqualTo(before - 0x1000);
        assertThat(dma.access(bond.pasid(), BASE, true)).isZero();
        assertThat(machine.counter("iopf.invalid")).isEqualTo(1);
    }

    @Test
    void deviceHasTheRightsOfTheProcessAndCopiesOnWrite() {
        SvaBond bond = bind(nic());
        FaultingDevice dma = device("nic", TestMachine.NIC);
        put(BASE, 1);
        long before = dma.access(bond.pasid(), BASE, true);
        Process child = process.fork();
        long after = dma.access(bond.pasid(), BASE, true);
        assertThat(after).isNotEqualTo(before);
        machine.board.memory().write8(after, (byte) 2);
        byte[] one = new byte[1];
        child.read(BASE, one, 0, 1);
        assertThat(one[0]).isEqualTo((byte) 1);
        assertThat(at(BASE)).isEqualTo(2);
        process.mprotect(BASE, 0x1000, Prot.READ);
        assertThat(dma.access(bond.pasid(), BASE, true)).isZero();
        assertThat(dma.access(bond.pasid(), BASE, false)).isNotZero();
    }

    @Test
    void withoutFaultRepairTheDeviceReachesWhatIsThereOnly() {
        nic().shutdownSva();
        nic().initSva(SvaParameters.any());
        SvaBond bond = bind(nic());
        put(BASE, 1);
        FaultingDevice dma = device("nic", TestMachine.NIC);
        assertThat(dma.access(bond.pasid(), BASE, false)).isNotZero();
        assertThat(dma.access(bond.pasid(), BASE + 0x1000, false)).isZero();
        assertThat(machine.counter("faults")).isEqualTo(1);
    }

    @Test
    void exitTellsTheClientThenDetachesThenFrees() {
        SvaBond bond = bind(nic());
        put(BASE, 1);
        List<String> order = new CopyOnWriteArrayList<>();
        bond.onExit(() -> {
            order.add("exit handler");
            assertThat(machine.hardware.dma(TestMachine.NIC, bond.pasid(), BASE))
                    .isNotZero();
            assertThat(errnoOf(() -> bind(disk()))).isEqualTo(Errno.EINVAL);
        });
        process.exit();
        assertThat(order).containsExactly("exit handler");
        assertThat(bond.isLive()).isFalse();
        assertThat(bond.space().state()).isEqualTo(SpaceState.FREED);
        assertThat(machine.hardware.dma(TestMachine.NIC, bond.pasid(), BASE)).isZero();
        assertThat(bond.space().iovaToPhys(BASE)).isZero();
        bond.close();
        assertThat(machine.counter("pasids")).isZero();
    }

    @Test
    void exitHandlerMayUnbindAndOneThatFailsDisturbsNobody() {
        SvaBond bond = bind(nic());
        bond.onExit(bond::close);
        process.exit();
        assertThat(bond.isLive()).isFalse();
        Process next = processes.start(ProcessRequest.on("fake").withBits(39, 48));
        SvaBond other = machine.platform.bind(nic(), next.number());
        other.onExit(() -> {
            throw new IllegalStateException("client");
        });
        next.exit();
        assertThat(other.isLive()).isFalse();
    }

    @Test
    void unbindWaitsForARunningExitHandler() throws InterruptedException {
        SvaBond bond = bind(nic());
        CountDownLatch began = new CountDownLatch(1);
        CountDownLatch go = new CountDownLatch(1);
        List<String> order = new CopyOnWriteArrayList<>();
        bond.onExit(() -> {
            began.countDown();
            try {
                go.await();
            } catch (InterruptedException interrupted) {
                Thread.currentThread().interrupt();
            }
            order.add("handler");
        });
        Thread exiting = new Thread(process::exit);
        exiting.start();
        began.await();
        Thread unbinding = new Thread(() -> {
            bond.close();
            order.add("unbound");
        });
        unbinding.start();
        while (bond.isLive()) {
            Thread.onSpinWait();
        }
        go.countDown();
        exiting.join();
        unbinding.join();
        assertThat(order).containsExactly("handler", "unbound");
    }

    @Test
    void shutdownOfTheDeviceUnbindsToo_R21() {
        SvaBond bond = bind(nic());
        nic().shutdownSva();
        assertThat(bond.isLive()).isFalse();
        assertThat(bond.space().state()).isEqualTo(SpaceState.FREED);
        put(BASE, 1);
        process.munmap(BASE, 0x1000);
        bond.close();
    }

    @Test
    void bondsSurviveAMoveOfTheUntaggedTraffic() {
        SvaBond bond = bind(nic());
        put(BASE, 1);
        machine.attached("nic");
        machine.domain(DomainType.IDENTITY).attach(nic());
        assertThat(machine.hardware.dma(TestMachine.NIC, bond.pasid(), BASE)).isNotZero();
    }

    @Test
    void munmapWaitsForADriverThatIsBeingExchanged() throws InterruptedException {
        SvaBond bond = bind(nic());
        FaultingDevice dma = device("nic", TestMachine.NIC);
        dma.access(bond.pasid(), BASE, true);
        machine.removeDriver();
        long before = machine.counter("gate.parked");
        Thread client = new Thread(() -> process.munmap(BASE, 0x1000));
        client.start();
        while (machine.counter("gate.parked") == before) {
            Thread.onSpinWait();
        }
        assertThat(machine.hardware.dma(TestMachine.NIC, bond.pasid(), BASE, true, address -> {}))
                .as("what the device holds still works")
                .isNotZero();
        FakeDriver next = new FakeDriver(machine.hardware);
        next.full = true;
        next.tableFormat = machine.driver.tableFormat;
        machine.driver = next;
        machine.addDriver("1.1.0");
        client.join();
        machine.settle();
        assertThat(machine.hardware.dma(TestMachine.NIC, bond.pasid(), BASE, true, address -> {}))
                .isZero();
        assertThat(bond.isLive()).isTrue();
        assertThat(bond.space().state()).isEqualTo(SpaceState.ATTACHED);
    }
}
