package org.sluice.core;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.sluice.api.Domain;
import org.sluice.api.Errno;
import org.sluice.api.FaultResponse;
import org.sluice.api.IoMm;
import org.sluice.api.IommuDevice;
import org.sluice.api.IommuException;
import org.sluice.api.SpaceRevokedException;
import org.sluice.api.SpaceState;
import org.sluice.api.SvaBond;
import org.sluice.api.SvaFeature;
import org.sluice.api.SvaParameters;
import org.sluice.core.fake.FaultingDevice;
import org.sluice.core.unit.Unit;
import org.sluice.pgtable.arm.Stage1Format;
import org.sluice.process.Process;
import org.sluice.process.ProcessRequest;
import org.sluice.process.internal.Processes;
import org.sluice.process.internal.ProcessesDoor;

/**
 * Two threads per pair of operations, many rounds, over real tables and a device whose TLB forgets only what is invalidated. At
 * the end every count is what it was.
 */
@Timeout(300)
class RaceTest {
    private static final int ROUNDS = 200;
    private static final long BASE = 0x10_0000;

    private final TestMachine machine = TestMachine.withRealTables();
    private final Processes processes = ProcessesDoor.open(machine.board, new Stage1Format());
    private final ConcurrentLinkedQueue<Throwable> failures = new ConcurrentLinkedQueue<>();
    private final IommuDevice nic = machine.device("nic");
    private FaultingDevice dma;

    @BeforeEach
    void start() {
        machine.addProcesses(processes);
        dma = new FaultingDevice(
                machine.hardware, machine.driver.responses, Unit.of(nic).host(), TestMachine.NIC);
    }

    @AfterEach
    void everyCountIsWhatItWas() {
        processes.close();
        machine.settle();
        assertThat(failures).isEmpty();
        for (String counter :
                List.of("spaces", "pasids", "sva.bonds", "quarantine.spaces", "quarantine.bytes", "tables.live")) {
            assertThat(machine.counter(counter)).as(counter).isZero();
        }
        assertThat(machine.counter("iopf.groups"))
                .isEqualTo(machine.counter("iopf.success")
                        + machine.counter("iopf.invalid")
                        + machine.counter("iopf.failure"));
        machine.close();
        assertThat(machine.board.allocator().allocatedBytes()).isZero();
        assertThat(machine.hardware.tags.isEmpty()).isTrue();
        assertThat(machine.hardware.pasids).isEmpty();
    }

    private Thread begin(String name, Runnable work) {
        Thread thread = new Thread(work, name);
        thread.setUncaughtExceptionHandler((who, failure) -> failures.add(failure));
        thread.start();
        return thread;
    }

    /** Runs two things at the same moment. */
    private void together(Runnable one, Runnable other) {
        CyclicBarrier barrier = new CyclicBarrier(2);
        List<Thread> threads = new ArrayList<>();
        for (Runnable each : List.of(one, other)) {
            threads.add(begin("racer", () -> {
                try {
                    barrier.await();
                } catch (Exception broken) {
                    throw new AssertionError(broken);
                }
                each.run();
            }));
        }
        threads.forEach(RaceTest::join);
        assertThat(failures).isEmpty();
    }

    private static void join(Thread thread) {
        try {
            thread.join();
        } catch (InterruptedException interrupted) {
            throw new AssertionError(interrupted);
        }
    }

    private static void expecting(Set<Errno> allowed, Runnable call) {
        try {
            call.run();
        } catch (IommuException refused) {
            assertThat(refused.errno()).isIn(allowed);
        }
    }

    private Process process() {
        Process process = processes.start(ProcessRequest.on("fake").withBits(39, 48));
        process.mmap(BASE, 0x8000, TestMachine.RW);
        return process;
    }

    private void initSva() {
        nic.initSva(SvaParameters.any().with(SvaFeature.IO_PAGE_FAULTS));
    }

    @Test
    void freeAgainstFault() {
        Domain domain = machine.attached("nic");
        initSva();
        for (int round = 0; round < ROUNDS; round++) {
            IoMm own = domain.allocPasid(nic);
            own.onPageFault(fault -> {
                try {
                    own.map(fault.iova() & -4096, 0x8_0000_0000L, 0x1000, TestMachine.RW);
                    return FaultResponse.RETRY;
                } catch (SpaceRevokedException taken) {
                    return FaultResponse.ABORT;
                }
            });
            together(() -> domain.freePasid(own), () -> {
                for (int page = 0; page < 16; page++) {
                    dma.access(own.pasid(), BASE + page * 4096L, true);
                }
            });
            machine.driver.responses.clear();
            assertThat(own.state()).isEqualTo(SpaceState.FREED);
        }
        domain.close();
    }

    /** Every free finds a client in the midst of its maps: it begins when some are made, and they go on until they are refused. */
    @Test
    void freeAgainstMapAndUnmap() {
        Domain domain = machine.attached("nic");
        initSva();
        long tables = machine.counter("tables.live");
        for (int round = 0; round < ROUNDS; round++) {
            IoMm own = domain.allocPasid(nic);
            int pasid = own.pasid();
            AtomicLong mapped = new AtomicLong();
            long some = 1 + round % 16;
            together(
                    () -> {
                        while (mapped.get() < some && failures.isEmpty()) {
                            Thread.yield();
                        }
                        domain.freePasid(own);
                    },
                    () -> mapUntilRefused(own, mapped));
            assertThat(own.state()).isEqualTo(SpaceState.FREED);
            assertThat(own.unmap(BASE, 0x1000)).isZero();
            assertThat(own.iovaToPhys(BASE)).isZero();
            assertThat(machine.hardware.dma(TestMachine.NIC, pasid, BASE)).isZero();
            assertThat(machine.counter("tables.live")).as("round %d", round).isEqualTo(tables);
        }
        domain.close();
    }

    private void mapUntilRefused(IoMm own, AtomicLong mapped) {
        for (int turn = 0; failures.isEmpty(); turn++) {
            long iova = BASE + turn % 512 * 0x20_0000L;
            try {
                own.map(iova, 0x8_0000_0000L, 0x1000, TestMachine.RW);
            } catch (SpaceRevokedException taken) {
                return;
            }
            mapped.incrementAndGet();
            // Refused, it leaves what is mapped to the free; else it is this one's to end.
            long done = turn % 3 == 0 ? own.unmap(iova, 0x1000) : own.unmapFast(iova, 0x1000);
            assertThat(done).isIn(0L, 0x1000L);
            if (done == 0) {
                assertThat(own.state()).isNotEqualTo(SpaceState.ATTACHED);
            }
            if (turn % 5 == 0) {
                own.tlbSync();
            }
        }
    }

    @Test
    void freeAgainstASecondBond() {
        Domain domain = machine.attached("nic");
        initSva();
        IommuDevice disk = machine.device("disk");
        disk.initSva(SvaParameters.any());
        for (int round = 0; round < ROUNDS; round++) {
            IoMm own = domain.allocPasid(nic);
            together(() -> domain.freePasid(own), () -> {
                try {
                    own.bond(disk);
                } catch (SpaceRevokedException taken) {
                    assertThat(own.state()).isNotEqualTo(SpaceState.ATTACHED);
                }
            });
            assertThat(own.state()).isEqualTo(SpaceState.FREED);
            assertThat(machine.hardware.pasids).isEmpty();
        }
        domain.close();
    }

    @Test
    void detachAgainstFault() {
        Domain domain = machine.domain();
        Domain other = machine.domain();
        for (Domain each : List.of(domain, other)) {
            each.onPageFault(fault -> {
                expecting(
                        Set.of(Errno.EEXIST),
                        () -> each.space().map(fault.iova() & -4096, 0x8_0000_0000L, 0x1000, TestMachine.RW));
                return FaultResponse.RETRY;
            });
        }
        for (int round = 0; round < ROUNDS; round++) {
            domain.attach(nic);
            together(
                    () -> {
                        other.attach(nic);
                        other.detach(nic);
                    },
                    () -> {
                        for (int page = 0; page < 8; page++) {
                            dma.access(-1, BASE + page * 4096L, true);
                        }
                    });
            machine.driver.responses.clear();
            domain.space().unmap(BASE, 0x8000);
            other.space().unmap(BASE, 0x8000);
        }
        domain.close();
        other.close();
    }

    @Test
    void shutdownAgainstBind() {
        Process process = process();
        for (int round = 0; round < ROUNDS; round++) {
            initSva();
            AtomicBoolean bound = new AtomicBoolean();
            together(
                    nic::shutdownSva,
                    () -> expecting(Set.of(Errno.EINVAL), () -> {
                        machine.platform.bind(nic, process.number());
                        bound.set(true);
                    }));
            assertThat(machine.hardware.pasids).isEmpty();
            assertThat(machine.counter("spaces")).isZero();
        }
    }

    @Test
    void exitAgainstUnbindAndFault() {
        initSva();
        for (int round = 0; round < ROUNDS; round++) {
            Process process = process();
            SvaBond bond = machine.platform.bind(nic, process.number());
            if (round % 2 == 0) {
                bond.onExit(bond::close);
            }
            Thread faulting = begin("device", () -> {
                for (int page = 0; page < 8; page++) {
                    dma.access(bond.pasid(), BASE + page * 4096L, true);
                }
            });
            together(process::exit, bond::close);
            join(faulting);
            machine.driver.responses.clear();
            assertThat(bond.isLive()).isFalse();
            assertThat(bond.space().state()).isEqualTo(SpaceState.FREED);
        }
    }

    @Test
    void exitAgainstBind() {
        initSva();
        for (int round = 0; round < ROUNDS; round++) {
            Process process = process();
            together(
                    process::exit,
                    () -> expecting(Set.of(Errno.ESRCH), () -> machine.platform.bind(nic, process.number())));
            assertThat(machine.hardware.pasids).isEmpty();
            assertThat(machine.counter("pasids")).isZero();
        }
    }

    @Test
    void replaceAgainstDmaSeesTheOldOrTheNewAndNothingBetween() {
        Domain one = machine.domain();
        Domain two = machine.domain();
        one.space().map(BASE, 0x8_0000_0000L, 0x1000, TestMachine.RW);
        two.space().map(BASE, 0x9_0000_0000L, 0x1000, TestMachine.RW);
        one.attach(nic);
        one.attachPasid(nic, 9);
        AtomicBoolean stop = new AtomicBoolean();
        AtomicLong hits = new AtomicLong();
        List<Thread> devices = new ArrayList<>();
        for (int pasid : new int[] {-1, 9}) {
            devices.add(begin("device", () -> {
                while (!stop.get()) {
                    long hit = machine.hardware.dma(TestMachine.NIC, pasid, BASE);
                    assertThat(hit).isIn(0x8_0000_0000L, 0x9_0000_0000L);
                    hits.incrementAndGet();
                }
            }));
        }
        for (int round = 0; round < ROUNDS || hits.get() < 1000 && failures.isEmpty(); round++) {
            Domain next = round % 2 == 0 ? two : one;
            next.attach(nic);
            next.replacePasid(nic, 9);
            assertThat(machine.hardware.dma(TestMachine.NIC, 9, BASE))
                    .isEqualTo(next == one ? 0x8_0000_0000L : 0x9_0000_0000L);
        }
        stop.set(true);
        devices.forEach(RaceTest::join);
        one.close();
        two.close();
    }

    @Test
    void munmapAndForkAgainstDmaNeverLoseAFrameThatIsInUse() {
        initSva();
        Process process = process();
        SvaBond bond = machine.platform.bind(nic, process.number());
        AtomicBoolean stop = new AtomicBoolean();
        AtomicLong hits = new AtomicLong();
        Thread device = begin("device", () -> {
            while (!stop.get()) {
                long at = BASE + ThreadLocalRandom.current().nextInt(8) * 4096L;
                dma.access(
                        bond.pasid(),
                        at,
                        ThreadLocalRandom.current().nextBoolean(),
                        frame -> assertThat(machine.board.allocator().isAllocated(frame, 4096))
                                .as("frame 0x%x in flight", frame)
                                .isTrue());
                hits.incrementAndGet();
                if (hits.get() % 1000 == 0) {
                    machine.driver.responses.clear();
                }
            }
        });
        for (int round = 0; (round < ROUNDS || hits.get() < 1000) && failures.isEmpty(); round++) {
            process.munmap(BASE + round % 8 * 4096L, 4096);
            process.mmap(BASE + round % 8 * 4096L, 4096, TestMachine.RW);
            if (round % 4 == 0) {
                process.fork().exit();
            }
        }
        stop.set(true);
        join(device);
        assertThat(hits.get()).isPositive();
        process.exit();
    }

    @Test
    void resetAgainstAttachAndFree() {
        Domain domain = machine.attached("nic");
        initSva();
        Set<Errno> busy = Set.of(Errno.EBUSY, Errno.EINVAL);
        for (int round = 0; round < ROUNDS; round++) {
            domain.attach(nic);
            IoMm own = domain.allocPasid(nic);
            together(
                    () -> {
                        nic.prepareReset();
                        nic.resetDone();
                    },
                    () -> {
                        expecting(busy, () -> machine.platform.device("nic").ifPresent(domain::detach));
                        domain.freePasid(own);
                    });
            assertThat(own.state()).isEqualTo(SpaceState.FREED);
            assertThat(machine.hardware.pasids).isEmpty();
        }
        domain.close();
    }

    @Test
    void claimAgainstUseOfTheDefaultDomain() {
        for (int round = 0; round < ROUNDS; round++) {
            AtomicLong winners = new AtomicLong();
            together(
                    () -> expecting(Set.of(Errno.EPERM), () -> {
                        nic.group().claim(this);
                        winners.incrementAndGet();
                        nic.group().release(this);
                    }),
                    () -> expecting(Set.of(Errno.EBUSY), () -> {
                        nic.group().useDefaultDomain();
                        winners.incrementAndGet();
                        nic.group().unuseDefaultDomain();
                    }));
            assertThat(winners.get()).isPositive();
        }
    }
}
