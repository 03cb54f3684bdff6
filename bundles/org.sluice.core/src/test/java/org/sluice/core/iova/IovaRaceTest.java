package org.sluice.core.iova;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicIntegerArray;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.sluice.core.gate.SwapGate;

/** Threads that allocate, hand over to others and free, while caches are flushed and trimmed: no frame has two owners. */
@Timeout(300)
class IovaRaceTest {
    private static final long PAGE = 4096;
    private static final int FRAMES = 1 << 15;
    private static final int THREADS = 4;
    private static final int ROUNDS = 60_000;

    private record Held(long iova, long pages) {}

    private final SwapGate gate = new SwapGate();
    private final IovaAllocator iovas = new IovaAllocator(gate, 0, FRAMES * PAGE - 1, PAGE, () -> {});
    private final AtomicIntegerArray owners = new AtomicIntegerArray(FRAMES);
    private final ConcurrentLinkedQueue<Held> handedOver = new ConcurrentLinkedQueue<>();
    private final ConcurrentLinkedQueue<Throwable> failures = new ConcurrentLinkedQueue<>();

    @Test
    void noFrameHasTwoOwnersAndAllComeBack() throws InterruptedException {
        AtomicBoolean stop = new AtomicBoolean();
        List<Thread> workers = new ArrayList<>();
        for (int i = 1; i <= THREADS; i++) {
            int me = i;
            workers.add(start(() -> work(me)));
        }
        Thread flusher = start(() -> {
            while (!stop.get()) {
                iovas.flushCaches(60_000_000_000L);
                iovas.trim();
                Thread.yield();
            }
        });
        for (Thread worker : workers) {
            worker.join();
        }
        stop.set(true);
        flusher.join();
        assertThat(failures).isEmpty();
        for (Held held = handedOver.poll(); held != null; held = handedOver.poll()) {
            release(held);
        }
        assertThat(iovas.flushCaches(60_000_000_000L)).isTrue();
        assertThat(iovas.takenBytes()).isZero();
        assertThat(iovas.freeRanges()).isEqualTo(1);
    }

    private Thread start(Runnable work) {
        Thread thread = new Thread(work);
        thread.setUncaughtExceptionHandler((who, failure) -> failures.add(failure));
        thread.start();
        return thread;
    }

    private void work(int me) {
        ThreadLocalRandom random = ThreadLocalRandom.current();
        for (int round = 0; round < ROUNDS && failures.isEmpty(); round++) {
            long pages = random.nextInt(20) == 0 ? 40 : 1 << random.nextInt(4);
            long[] pin = gate.enter();
            long iova = iovas.allocate(pin, pages * PAGE, -1L);
            gate.leave(pin);
            if (iova != 0) {
                for (int frame = (int) (iova / PAGE); frame < iova / PAGE + pages; frame++) {
                    assertThat(owners.compareAndSet(frame, 0, me))
                            .as("frame %d", frame)
                            .isTrue();
                }
                handedOver.add(new Held(iova, pages));
            }
            if (iova == 0 || handedOver.size() > 600) {
                Held other = handedOver.poll();
                if (other != null) {
                    release(other);
                }
            }
        }
    }

    private void release(Held held) {
        for (int frame = (int) (held.iova / PAGE); frame < held.iova / PAGE + held.pages; frame++) {
            owners.set(frame, 0);
        }
        long[] pin = gate.enter();
        iovas.free(pin, held.iova, held.pages * PAGE);
        gate.leave(pin);
    }
}
