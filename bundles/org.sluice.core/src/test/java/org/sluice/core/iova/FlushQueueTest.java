package org.sluice.core.iova;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.sluice.core.gate.SwapGate;

@Timeout(120)
class FlushQueueTest {
    private static final long PAGE = 4096;

    private final SwapGate gate = new SwapGate();
    private final IovaAllocator iovas = new IovaAllocator(gate, 0, 0xffff_ffffL, PAGE, () -> {});
    private final Queue<Runnable> alarms = new ArrayDeque<>();
    private volatile Runnable hardware = () -> {};
    private int hardwareFlushes;

    private FlushQueue queue(FlushQueue.Bounds bounds) {
        return new FlushQueue(
                bounds, gate, iovas, this::flushHardware, (nanos, action) -> alarms.add(action), () -> {});
    }

    private void flushHardware() {
        hardwareFlushes++;
        hardware.run();
    }

    /** Takes an IOVA and queues it. */
    private void unmap(FlushQueue queue) {
        long[] pin = gate.enter();
        queue.add(pin, iovas.allocate(pin, 64 * PAGE, -1L), 64 * PAGE);
        gate.leave(pin);
    }

    private long taken() {
        return iovas.takenBytes() / (64 * PAGE);
    }

    @Test
    void anIovaComesBackAfterAFlushThatBeganLater() {
        FlushQueue queue = queue(FlushQueue.Bounds.PER_THREAD);
        unmap(queue);
        unmap(queue);
        assertThat(taken()).isEqualTo(2);
        queue.flush();
        assertThat(taken()).isZero();
        assertThat(hardwareFlushes).isEqualTo(1);
    }

    @Test
    void aFlushThatHadBegunFreesOnlyWhatWasThereBefore() throws InterruptedException {
        FlushQueue queue = queue(FlushQueue.Bounds.PER_THREAD);
        CountDownLatch began = new CountDownLatch(1);
        CountDownLatch end = new CountDownLatch(1);
        hardware = () -> {
            began.countDown();
            try {
                end.await();
            } catch (InterruptedException ignored) {
                Thread.currentThread().interrupt();
            }
        };
        unmap(queue);
        Thread flusher = new Thread(queue::flush);
        flusher.start();
        began.await();
        unmap(queue); // the hardware may have passed its entry already
        end.countDown();
        flusher.join();
        assertThat(taken()).isEqualTo(1);
        hardware = () -> {};
        queue.flush();
        assertThat(taken()).isZero();
    }

    @Test
    void aFullRingAsksForAFlushAtOnce() {
        FlushQueue queue = queue(new FlushQueue.Bounds(256, 10_000_000, true));
        for (int i = 0; i < 256; i++) {
            unmap(queue);
            assertThat(queue.isOverdue()).isFalse();
        }
        unmap(queue);
        assertThat(queue.isOverdue()).isTrue();
        assertThat(queue.overflows()).isEqualTo(1);
        queue.flush();
        assertThat(queue.isOverdue()).isFalse();
        assertThat(taken()).isZero();
    }

    @Test
    void whatEvenTheOverflowCannotHoldIsFlushedOnTheSpot() {
        FlushQueue queue = queue(new FlushQueue.Bounds(2, 10_000_000, false));
        for (int i = 0; i < 2 + 1024; i++) {
            unmap(queue);
        }
        assertThat(hardwareFlushes).isZero();
        unmap(queue);
        assertThat(hardwareFlushes).isEqualTo(1);
        assertThat(taken()).isEqualTo(2 + 1024);
        queue.flush();
        assertThat(taken()).isZero();
    }

    @Test
    void oneAlarmIsSetForAllThatWaitAndFlushesThem() {
        FlushQueue queue = queue(FlushQueue.Bounds.PER_THREAD);
        unmap(queue);
        unmap(queue);
        assertThat(alarms).hasSize(1);
        alarms.remove().run();
        assertThat(taken()).isZero();
        assertThat(alarms).isEmpty();
        unmap(queue);
        assertThat(alarms).hasSize(1);
    }

    @Test
    void aFlushThatFailsFreesNothingAndIsTriedAgain() {
        FlushQueue queue = queue(FlushQueue.Bounds.PER_THREAD);
        unmap(queue);
        hardware = () -> {
            throw new IllegalStateException("no driver");
        };
        assertThatThrownBy(() -> alarms.remove().run()).hasMessage("no driver");
        assertThat(taken()).isEqualTo(1);
        assertThat(alarms).hasSize(1);
        hardware = () -> {};
        alarms.remove().run();
        assertThat(taken()).isZero();
    }

    @Test
    void threadsThatEndedAreFlushedToo() throws InterruptedException {
        FlushQueue queue = queue(FlushQueue.Bounds.PER_THREAD);
        for (int i = 0; i < 3; i++) {
            Thread thread = new Thread(() -> unmap(queue));
            thread.start();
            thread.join();
        }
        assertThat(queue.size()).isEqualTo(3);
        queue.flush();
        assertThat(queue.size()).isZero();
        assertThat(taken()).isZero();
    }

    @Test
    void aClosedQueueSetsNoFurtherAlarm() {
        FlushQueue queue = queue(FlushQueue.Bounds.PER_THREAD);
        unmap(queue);
        queue.close();
        alarms.remove().run();
        assertThat(hardwareFlushes).isZero();
        assertThat(alarms).isEmpty();
    }
}
