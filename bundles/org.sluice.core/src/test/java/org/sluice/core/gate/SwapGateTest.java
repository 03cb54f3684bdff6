package org.sluice.core.gate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class SwapGateTest {
    private static final long LONG = TimeUnit.SECONDS.toNanos(30);

    private final SwapGate gate = new SwapGate();

    @Test
    void nestedEntryIsFreeAndTheOutermostPinCounts() throws InterruptedException {
        long[] outer = gate.enter();
        long[] inner = gate.enter();
        assertThat(outer).isNotNull();
        assertThat(inner).isNull();
        gate.leave(inner);
        assertThat(gate.isInside()).isTrue();
        assertThat(drainElsewhere(TimeUnit.MILLISECONDS.toNanos(20))).isFalse();
        gate.leave(outer);
        assertThat(gate.isInside()).isFalse();
        assertThat(drainElsewhere(LONG)).isTrue();
    }

    @Test
    void drainWaitsForWhoIsInside() throws InterruptedException {
        CountDownLatch inside = new CountDownLatch(1);
        CountDownLatch leave = new CountDownLatch(1);
        AtomicBoolean left = new AtomicBoolean();
        Thread operation = new Thread(() -> {
            long[] pin = gate.enter();
            inside.countDown();
            awaitQuietly(leave);
            left.set(true);
            gate.leave(pin);
        });
        operation.start();
        inside.await();
        assertThat(gate.drain(TimeUnit.MILLISECONDS.toNanos(20))).isFalse();
        leave.countDown();
        assertThat(gate.drain(LONG)).isTrue();
        assertThat(left).isTrue();
        operation.join();
    }

    @Test
    void drainIsNotStarvedByAThreadThatComesBack() {
        AtomicBoolean stop = new AtomicBoolean();
        Thread busy = new Thread(() -> {
            while (!stop.get()) {
                gate.leave(gate.enter());
            }
        });
        busy.start();
        for (int i = 0; i < 1000; i++) {
            assertThat(gate.drain(LONG)).isTrue();
        }
        stop.set(true);
    }

    @Test
    void drainInsideIsAMistake() {
        long[] pin = gate.enter();
        assertThatThrownBy(() -> gate.drain(1)).isInstanceOf(IllegalStateException.class);
        gate.leave(pin);
        assertThat(gate.drain(LONG)).isTrue();
    }

    @Test
    void awaitOpensOrGivesUpAndCountsBoth() throws InterruptedException {
        AtomicBoolean open = new AtomicBoolean();
        assertThat(gate.await(open::get, 0)).isFalse();
        Thread opener = new Thread(() -> {
            open.set(true);
            gate.open();
        });
        opener.start();
        assertThat(gate.await(open::get, LONG)).isTrue();
        opener.join();
        assertThat(gate.parked()).isEqualTo(2);
    }

    @Test
    void interruptedWaitEndsAndStaysInterrupted() {
        Thread.currentThread().interrupt();
        assertThat(gate.await(() -> false, LONG)).isFalse();
        assertThat(Thread.interrupted()).isTrue();
    }

    @Test
    void slotsOfThreadsThatEndedDisappear() throws InterruptedException {
        for (int i = 0; i < 50; i++) {
            Thread once = new Thread(() -> gate.leave(gate.enter()));
            once.start();
            once.join();
        }
        long end = System.nanoTime() + LONG;
        int slots;
        do {
            System.gc();
            Thread next = new Thread(() -> gate.leave(gate.enter()));
            next.start();
            next.join();
            slots = gate.slots();
        } while (slots > 5 && System.nanoTime() < end);
        assertThat(slots).isLessThanOrEqualTo(5);
    }

    @Test
    void ordinalsSpreadThreads() throws InterruptedException {
        int mine = SwapGate.ordinal(gate.enter());
        int[] other = {-1};
        Thread second = new Thread(() -> other[0] = SwapGate.ordinal(gate.enter()));
        second.start();
        second.join();
        assertThat(other[0]).isNotEqualTo(mine);
        assertThat(SwapGate.ordinal(null)).isZero();
    }

    @Test
    void numberOfAThreadThatEndedIsGivenToAnotherAndNeverThatOfOneThatLives() throws InterruptedException {
        int mine = SwapGate.ordinal(gate.enter());
        int highest = 0;
        for (int i = 0; i < 20; i++) {
            highest = Math.max(highest, ordinalOfANewThread());
        }
        long end = System.nanoTime() + LONG;
        int next;
        do {
            System.gc();
            next = ordinalOfANewThread();
            assertThat(next).isNotEqualTo(mine);
        } while (next >= highest && System.nanoTime() < end);
        assertThat(next).isLessThan(highest);
    }

    private int ordinalOfANewThread() throws InterruptedException {
        int[] ordinal = {-1};
        Thread thread = new Thread(() -> {
            long[] pin = gate.enter();
            ordinal[0] = SwapGate.ordinal(pin);
            gate.leave(pin);
        });
        thread.start();
        thread.join();
        return ordinal[0];
    }

    private boolean drainElsewhere(long nanos) throws InterruptedException {
        boolean[] answer = new boolean[1];
        Thread drainer = new Thread(() -> answer[0] = gate.drain(nanos));
        drainer.start();
        drainer.join();
        return answer[0];
    }

    private static void awaitQuietly(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
