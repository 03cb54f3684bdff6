package org.sluice.core;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.sluice.api.AddressSpace;
import org.sluice.api.Domain;
import org.sluice.api.IoMm;
import org.sluice.api.IotlbGather;
import org.sluice.core.fake.FakeDriver;
import org.sluice.pgtable.arm.Stage1Format;

/** Races of map, unmap, DMA and swaps over real tables in memory, with a device whose TLB forgets only what is invalidated. */
@Timeout(300)
class ConcurrencyTest {
    private static final int RW = TestMachine.RW;
    private static final int MAPPERS = 4;
    private static final int ROUNDS = 2000;
    private static final long REGION = 0x200000;
    private static final long FRAMES = 0x1_0000_0000L;
    /** Frames of one mapper: a region's worth and some more, so that no two mappers share one. */
    private static final int FRAMES_EACH = 1024;
    /** Accesses of the devices before the mappers may end, however threads are scheduled. */
    private static final int MEETINGS = 100;

    private final TestMachine machine = TestMachine.withRealTables();
    private final ConcurrentLinkedQueue<Throwable> failures = new ConcurrentLinkedQueue<>();
    private final AtomicBoolean stop = new AtomicBoolean();

    @AfterEach
    void stop() {
        machine.close();
    }

    private Thread start(String name, Runnable work) {
        Thread thread = new Thread(work, name);
        thread.setUncaughtExceptionHandler((who, failure) -> {
            failures.add(failure);
            stop.set(true);
        });
        thread.start();
        return thread;
    }

    private static void joinAll(List<Thread> threads) throws InterruptedException {
        for (Thread thread : threads) {
            thread.join();
        }
    }

    /**
     * Each mapper owns a region and a frame per page; while a frame is poisoned no DMA may hit it, and the device checks that
     * inside the transaction. A frame is poisoned the moment unmap, or the sync of its gather, returns.
     */
    private final class Mapper implements Runnable {
        private final int pasid;
        private final int rounds;
        private final BooleanSupplier enough;
        private final AddressSpace space;
        private final long base;
        private final int first;
        private final AtomicLongArray poison;
        private volatile long current;

        Mapper(AddressSpace space, int pasid, int rounds, BooleanSupplier enough, int index, AtomicLongArray poison) {
            this.rounds = rounds;
            this.enough = enough;
            this.pasid = pasid;
            this.space = space;
            this.base = index * REGION;
            this.first = index * FRAMES_EACH;
            this.poison = poison;
        }

        @Override
        public void run() {
            IotlbGather gather = new IotlbGather();
            ThreadLocalRandom random = ThreadLocalRandom.current();
            for (int round = 0; (round < rounds || !enough.getAsBoolean()) && !stop.get(); round++) {
                int pages = 1 + random.nextInt(16);
                int at = random.nextInt(512 - pages);
                boolean whole = round % 8 == 0;
                long iova = whole ? base : base + at * 4096L;
                long size = whole ? REGION : pages * 4096L;
                int frame = whole ? first : first + at;
                poison(frame, size, 0);
                // A whole region is one page further, so that it is a table of 512 pages and not a block.
                long paddr = FRAMES + 4096L * frame + (whole ? 4096 : 0);
                current = iova;
                space.map(iova, paddr, size, RW);
                assertThat(space.iovaToPhys(iova)).isEqualTo(paddr);
                assertThat(machine.hardware.dma(TestMachine.NIC, pasid, iova)).isEqualTo(paddr);
                if (round % 3 == 0) {
                    assertThat(space.unmapFast(iova, size, gather)).isEqualTo(size);
                    space.sync(gather);
                } else {
                    assertThat(space.unmap(iova, size)).isEqualTo(size);
                }
                poison(frame, size, 1);
                assertThat(machine.hardware.dma(TestMachine.NIC, pasid, iova)).isZero();
            }
        }

        private void poison(int frame, long size, long value) {
            for (int i = 0; i <= size / 4096; i++) {
                poison.set(frame + i, value);
            }
        }
    }

    /** A device that accesses what somebody is just mapping or unmapping. */
    private void dma(int pasid, Mapper[] mappers, AtomicLongArray poison, AtomicLong hits) {
        ThreadLocalRandom random = ThreadLocalRandom.current();
        while (!stop.get()) {
            long iova = mappers[random.nextInt(mappers.length)].current + random.nextInt(4) * 4096L;
            machine.hardware.dma(TestMachine.NIC, pasid, iova, address -> {
                hits.incrementAndGet();
                if (poison.get((int) ((address - FRAMES) >>> 12)) != 0) {
                    throw new AssertionError(
                            String.format("DMA at 0x%x used 0x%x after its unmap had returned", iova, address));
                }
            });
        }
    }

    /** Maps for a number of rounds, and on until what happens meanwhile happened often enough. */
    private void race(AddressSpace space, int pasid, int rounds, BooleanSupplier enough, Runnable meanwhile)
            throws InterruptedException {
        AtomicLongArray poison = new AtomicLongArray(MAPPERS * FRAMES_EACH);
        for (int i = 0; i < poison.length(); i++) {
            poison.set(i, 1);
        }
        AtomicLong hits = new AtomicLong();
        Mapper[] mapperOf = new Mapper[MAPPERS];
        for (int i = 0; i < MAPPERS; i++) {
            mapperOf[i] =
                    new Mapper(space, pasid, rounds, () -> hits.get() >= MEETINGS && enough.getAsBoolean(), i, poison);
        }
        List<Thread> mappers = new ArrayList<>();
        List<Thread> devices = new ArrayList<>();
        for (int i = 0; i < 2; i++) {
            devices.add(start("device " + i, () -> dma(pasid, mapperOf, poison, hits)));
        }
        for (int i = 0; i < MAPPERS; i++) {
            mappers.add(start("mapper " + i, mapperOf[i]));
        }
        while (mappers.stream().anyMatch(Thread::isAlive) && !stop.get()) {
            meanwhile.run();
        }
        joinAll(mappers);
        stop.set(true);
        joinAll(devices);
        assertThat(failures).isEmpty();
    }

    @Test
    void noDmaUsesATranslationAfterItsUnmapReturned() throws InterruptedException {
        Domain domain = machine.attached("nic");
        race(domain.space(), -1, ROUNDS, () -> true, Thread::yield);
        assertThat(machine.counter("tables.live"))
                .as("root, one middle table, leaf tables that were not whole")
                .isLessThanOrEqualTo(2 + MAPPERS);
        domain.close();
        assertThat(machine.counter("tables.live")).isZero();
    }

    @Test
    void norThroughAPrivateSpace() throws InterruptedException {
        IoMm own = machine.ioMm("nic");
        race(own, own.pasid(), ROUNDS, () -> true, Thread::yield);
    }

    @Test
    void swapsUnderLoadLoseNothingAndFailNobody() throws InterruptedException {
        IoMm own = machine.ioMm("nic");
        own.map(0x4000_0000L, 0x2_0000_0000L, 0x10_0000, RW);
        AtomicLong swaps = new AtomicLong();
        race(own, own.pasid(), ROUNDS / 8, () -> swaps.get() >= 3, () -> {
            long count = swaps.incrementAndGet();
            long before = machine.counter("gate.parked");
            if (count % 2 == 0) {
                machine.removeFormat();
                awaitParked(before);
                machine.addFormat(new Stage1Format(), "1." + count + ".0");
            } else {
                machine.removeDriver();
                awaitParked(before);
                FakeDriver next = new FakeDriver(machine.hardware);
                next.tableFormat = machine.driver.tableFormat;
                machine.driver = next;
                machine.addDriver("1." + count + ".0");
            }
            machine.settle();
            for (long offset = 0; offset < 0x10_0000; offset += 0x1000) {
                assertThat(own.iovaToPhys(0x4000_0000L + offset)).isEqualTo(0x2_0000_0000L + offset);
            }
        });
        assertThat(swaps.get()).isGreaterThanOrEqualTo(2);
        assertThat(machine.swaps).isNotEmpty().allMatch(event -> event.adopted(), "adopted");
        assertThat(machine.swaps.stream()
                        .mapToLong(event -> event.callsParked())
                        .sum())
                .isPositive();
        assertThat(machine.counter("gate.parked")).isPositive();
        assertThat(own.unmap(0x4000_0000L, 0x10_0000)).isEqualTo(0x10_0000);
    }

    /** Until somebody waits at the gate, or all mappers are through. */
    private void awaitParked(long before) {
        for (int i = 0; i < 1000 && machine.counter("gate.parked") == before && !stop.get(); i++) {
            Thread.yield();
        }
    }
}
