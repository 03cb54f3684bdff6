package org.sluice.board.qemu;

import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.IntConsumer;
import org.sluice.board.base.FannedInterrupts;
import org.sluice.spi.bus.InterruptLines;

/**
 * The thread of a board: raises the SMMU's interrupt lines, reads what QEMU says while nobody else does, and notices its
 * end. It is told of interrupts by whoever reads them.
 */
final class QemuWatch implements IntConsumer, AutoCloseable {
    private static final int FIRST_LINE = 74;
    private static final List<String> LINES = List.of("eventq", "priq", "cmdq-sync", "gerror");
    private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(20);
    private static final long JOIN_MILLIS = 2_000;

    private final FannedInterrupts interrupts = new FannedInterrupts();
    private final AtomicInteger raised = new AtomicInteger();
    private final Thread thread;
    private volatile boolean closed;
    private volatile Runnable round;

    /**
     * A watch that does not run yet.
     *
     * @param board for the thread's name
     */
    QemuWatch(String board) {
        thread = new Thread(this::run, "sluice-qemu-" + board);
        thread.setDaemon(true);
    }

    InterruptLines interrupts() {
        return interrupts;
    }

    /** A line was raised; any thread, and it returns at once. */
    @Override
    public void accept(int line) {
        int index = line - FIRST_LINE;
        if (index >= 0 && index < LINES.size()) {
            raised.getAndUpdate(bits -> bits | 1 << index);
            LockSupport.unpark(thread);
        }
    }

    /**
     * Begins.
     *
     * @param everyRound what to do between the interrupts; when it throws, the thread ends
     */
    void start(Runnable everyRound) {
        round = everyRound;
        thread.start();
    }

    private void run() {
        try {
            while (!closed) {
                int lines = raised.getAndSet(0);
                for (int index = 0; index < LINES.size(); index++) {
                    if ((lines & 1 << index) != 0) {
                        interrupts.accept(LINES.get(index));
                    }
                }
                round.run();
                if (raised.get() == 0 && !closed) {
                    LockSupport.parkNanos(this, PAUSE_NANOS);
                }
            }
        } catch (RuntimeException gone) {
            // the conversation has the reason, and everybody who asks gets it
            closed = true;
        }
    }

    @Override
    public void close() {
        closed = true;
        LockSupport.unpark(thread);
        if (thread == Thread.currentThread()) {
            return;
        }
        try {
            thread.join(JOIN_MILLIS);
        } catch (InterruptedException hurry) {
            Thread.currentThread().interrupt();
        }
    }
}
