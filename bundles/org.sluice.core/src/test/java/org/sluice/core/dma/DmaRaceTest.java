package org.sluice.core.dma;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.sluice.api.Capability;
import org.sluice.api.DmaDirection;
import org.sluice.api.DmaMapper;
import org.sluice.api.Domain;
import org.sluice.api.DomainType;
import org.sluice.api.ScatterList;
import org.sluice.core.TestMachine;
import org.sluice.core.fake.FakeDriver;
import org.sluice.core.iova.FlushQueue;
import org.sluice.core.unit.DefaultPolicy;
import org.sluice.core.unit.DmaDoor;
import org.sluice.pgtable.arm.Stage1Format;

/**
 * Threads that map and unmap for DMA beside a device whose TLB forgets only what is invalidated. An IOVA that is handed out
 * reaches its new page at once, whatever was there before; after a strict unmap nothing reaches the old one.
 */
@Timeout(300)
class DmaRaceTest {
    private static final long FRAMES = 0x9_0000_0000L;
    private static final int FRAMES_EACH = 256;
    private static final int THREADS = 3;

    private final ConcurrentLinkedQueue<Throwable> failures = new ConcurrentLinkedQueue<>();
    private final AtomicBoolean stop = new AtomicBoolean();
    private final AtomicLongArray recent = new AtomicLongArray(64);
    private final AtomicLongArray poison = new AtomicLongArray(THREADS * FRAMES_EACH);
    private TestMachine machine;
    private DmaMapper dma;
    private Domain domain;

    private void attach(DomainType type, FlushQueue.Bounds bounds) {
        machine = TestMachine.withRealTables(
                bounds, DefaultPolicy.BLOCKED, it -> it.driver.capabilities = Set.of(Capability.DEFERRED_FLUSH));
        domain = machine.domain(type);
        domain.attach(machine.device("nic"));
        dma = machine.device("nic").dma();
    }

    @AfterEach
    void stop() {
        machine.close();
    }

    private Thread start(Runnable work) {
        Thread thread = new Thread(work);
        thread.setUncaughtExceptionHandler((who, failure) -> {
            failures.add(failure);
            stop.set(true);
        });
        thread.start();
        return thread;
    }

    private void device() {
        ThreadLocalRandom random = ThreadLocalRandom.current();
        while (!stop.get()) {
            long address = recent.get(random.nextInt(recent.length()));
            machine.hardware.dma(TestMachine.NIC, -1, address, at -> {
                if (at >= FRAMES && poison.get((int) (at - FRAMES >>> 12)) != 0) {
                    throw new AssertionError(String.format("0x%x reached 0x%x after its unmap", address, at));
                }
            });
        }
    }

    private void client(int index, int rounds, BooleanSupplier enough, boolean strict) {
        ThreadLocalRandom random = ThreadLocalRandom.current();
        ScatterList segments = new ScatterList();
        ScatterList out = new ScatterList();
        for (int round = 0; (round < rounds || !enough.getAsBoolean()) && !stop.get(); round++) {
            int pages = 1 + random.nextInt(round % 16 == 0 ? 60 : 8);
            int first = index * FRAMES_EACH + random.nextInt(FRAMES_EACH - pages);
            long paddr = FRAMES + first * 4096L;
            poison(first, pages, 0);
            if (round % 5 == 0) {
                segments.clear();
                for (int i = 0; i < pages; i++) {
                    segments.add(paddr + (pages - 1 - i) * 4096L, 4096);
                }
                assertThat(dma.mapSg(segments, DmaDirection.BIDIRECTIONAL, 0, out))
                        .isEqualTo(1);
                check(out.address(0), paddr + (pages - 1) * 4096L);
                dma.unmapSg(out, DmaDirection.BIDIRECTIONAL, 0);
            } else {
                long address = dma.map(paddr + 16, pages * 4096L - 16, DmaDirection.BIDIRECTIONAL);
                check(address, paddr + 16);
                check(address + (pages - 1) * 4096L, paddr + 16 + (pages - 1) * 4096L);
                dma.unmap(address, pages * 4096L - 16, DmaDirection.BIDIRECTIONAL);
            }
            if (strict) {
                poison(first, pages, 1);
            }
        }
    }

    private void check(long address, long paddr) {
        recent.set(ThreadLocalRandom.current().nextInt(recent.length()), address & -4096);
        assertThat(machine.hardware.dma(TestMachine.NIC, -1, address)).isEqualTo(paddr);
    }

    private void poison(int first, int pages, int value) {
        for (int i = 0; i < pages; i++) {
            poison.set(first + i, value);
        }
    }

    private void race(int rounds, BooleanSupplier enough, boolean strict, Runnable meanwhile)
            throws InterruptedException {
        List<Thread> clients = new ArrayList<>();
        Thread device = start(this::device);
        for (int i = 0; i < THREADS; i++) {
            int index = i;
            clients.add(start(() -> client(index, rounds, enough, strict)));
        }
        while (clients.stream().anyMatch(Thread::isAlive) && !stop.get()) {
            meanwhile.run();
        }
        for (Thread client : clients) {
            client.join();
        }
        stop.set(true);
        device.join();
        assertThat(failures).isEmpty();
    }

    private void assertEverythingCameBack() {
        DmaDomain state = DmaDoor.of(domain);
        if (state.queue() != null) {
            do {
                // A flush of the alarm that is still under way lets this one give less back.
                state.queue().flush();
            } while (state.queue().size() != 0);
        }
        assertThat(state.iovas().flushCaches(60_000_000_000L)).isTrue();
        assertThat(state.iovas().takenBytes()).isZero();
        domain.space().walk(0, domain.space().lastIova(), (iova, paddr, size, descriptor, prot) -> {
            throw new AssertionError(String.format("0x%x is still mapped", iova));
        });
        domain.close();
        assertThat(machine.counter("tables.live")).isZero();
    }

    @Test
    void strictly() throws InterruptedException {
        attach(DomainType.DMA, FlushQueue.Bounds.PER_THREAD);
        race(4000, () -> true, true, Thread::yield);
        assertEverythingCameBack();
    }

    @Test
    void lazilyWithRingsOfThreads() throws InterruptedException {
        attach(DomainType.DMA_FQ, new FlushQueue.Bounds(64, 2_000_000, true));
        race(6000, () -> true, false, Thread::yield);
        assertThat(DmaDoor.of(domain).queue().flushes()).isPositive();
        assertEverythingCameBack();
    }

    @Test
    void lazilyWithOneRing() throws InterruptedException {
        attach(DomainType.DMA_FQ, new FlushQueue.Bounds(128, 2_000_000, false));
        race(6000, () -> true, false, Thread::yield);
        assertEverythingCameBack();
    }

    @Test
    void whileFormatAndDriverAreExchanged() throws InterruptedException {
        attach(DomainType.DMA_FQ, new FlushQueue.Bounds(64, 2_000_000, true));
        AtomicLong swaps = new AtomicLong();
        race(3000, () -> swaps.get() > 2, false, () -> {
            long count = swaps.incrementAndGet();
            if (count % 2 == 0) {
                machine.removeFormat();
                machine.addFormat(new Stage1Format(), "1." + count + ".0");
            } else {
                machine.removeDriver();
                FakeDriver next = new FakeDriver(machine.hardware);
                next.tableFormat = machine.driver.tableFormat;
                next.capabilities = machine.driver.capabilities;
                machine.driver = next;
                machine.addDriver("1." + count + ".0");
            }
            machine.settle();
        });
        assertThat(machine.swaps).isNotEmpty().allMatch(event -> event.adopted(), "adopted");
        assertEverythingCameBack();
    }
}
