package org.sluice.core;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLongArray;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.sluice.api.AddressSpace;
import org.sluice.api.Domain;
import org.sluice.api.IommuDevice;

/**
 * Threads map and unmap in one space while devices behind two IOMMUs do DMA, one of them comes and goes, and drivers are
 * exchanged. While a frame is poisoned no DMA may hit it; it is from when unmap has returned until it is mapped again.
 */
@Timeout(300)
class SeveralUnitsRaceTest {
    private static final int MAPPERS = 2;
    private static final int ROUNDS = 2000;
    private static final long REGION = 0x200000;
    private static final long FRAMES = 0x1_0000_0000L;

    private final TestMachine machine = TestMachine.withRealTables();
    private final ConcurrentLinkedQueue<Throwable> failures = new ConcurrentLinkedQueue<>();
    private final AtomicBoolean stop = new AtomicBoolean();
    private final AtomicLongArray poison = new AtomicLongArray(MAPPERS * 512);
    private final AtomicInteger hits = new AtomicInteger();

    private Thread start(String name, Runnable work) {
        Thread thread = new Thread(work, name);
        thread.setUncaughtExceptionHandler((who, failure) -> {
            failures.add(failure);
            stop.set(true);
        });
        thread.start();
        return thread;
    }

    private static long iova(int frame) {
        return frame / 512 * REGION + frame % 512 * 4096L;
    }

    private void mapAndUnmap(AddressSpace space, int first) {
        for (int round = 0; !stop.get(); round++) {
            int frame = first + round * 7 % 512;
            poison.set(frame, 0);
            space.map(iova(frame), FRAMES + frame * 4096L, 4096, TestMachine.RW);
            touch(TestMachine.NIC, frame);
            touch(TestMachine.FAR, frame);
            assertThat(space.unmap(iova(frame), 4096)).isEqualTo(4096);
            poison.set(frame, 1);
            assertThat(touch(TestMachine.NIC, frame)).isZero();
            assertThat(touch(TestMachine.FAR, frame)).isZero();
        }
    }

    /** One DMA; whoever hits a poisoned frame fails inside of the transaction. */
    private long touch(int stream, int frame) {
        return machine.hardware.dma(stream, -1, iova(frame), hit -> {
            hits.incrementAndGet();
            assertThat(poison.get((int) (hit - FRAMES >>> 12)))
                    .as("DMA of stream %d", stream)
                    .isZero();
        });
    }

    private void touchAll(int stream) {
        for (int frame = 0; !stop.get(); frame = (frame + 1) % poison.length()) {
            touch(stream, frame);
        }
    }

    @Test
    void noDmaThroughEitherUsesWhatWasUnmappedWhileOneComesAndGoesAndDriversAreExchanged() throws InterruptedException {
        Domain domain = machine.attached("nic", "far");
        IommuDevice far = machine.device("far");
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < MAPPERS; i++) {
            int first = i * 512;
            threads.add(start("mapper " + i, () -> mapAndUnmap(domain.space(), first)));
        }
        threads.add(start("nic", () -> touchAll(TestMachine.NIC)));
        threads.add(start("far", () -> touchAll(TestMachine.FAR)));
        try {
            for (int round = 0; round < ROUNDS && !stop.get(); round++) {
                if (round % 50 == 49) {
                    machine.removeDriver();
                    machine.addDriver("2." + round + ".0");
                }
                domain.detach(far);
                domain.attach(far);
            }
            // Each must have had its turn, however threads are scheduled.
            while (hits.get() < 1000 && !stop.get()) {
                Thread.yield();
            }
        } finally {
            stop.set(true);
            for (Thread thread : threads) {
                thread.join();
            }
        }
        assertThat(failures).isEmpty();
        domain.close();
        machine.close();
        assertThat(machine.hardware.tags.isEmpty()).isTrue();
        assertThat(machine.board.allocator().allocatedBytes()).isZero();
    }
}
