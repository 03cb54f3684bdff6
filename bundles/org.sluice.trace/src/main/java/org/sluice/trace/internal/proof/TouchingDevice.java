package org.sluice.trace.internal.proof;

import java.util.concurrent.atomic.AtomicInteger;
import org.sluice.api.SvaBond;
import org.sluice.process.Process;
import org.sluice.spi.board.Dma;
import org.sluice.trace.internal.machine.Stream;

/** A device that writes to one page of a process after the other, so that it faults all the time, until it is cut off. */
final class TouchingDevice {
    private static final long POLL_MILLIS = 1;

    private final Stream stream;
    private final SvaBond bond;
    private final long base;
    private final int pages;
    private final AtomicInteger touched = new AtomicInteger();
    private final Thread thread;
    private volatile boolean stop;
    private volatile boolean cutOff;
    private volatile RuntimeException failure;

    /**
     * Does nothing yet.
     *
     * @param base address of the first page in bytes
     * @param pages how many there are; then it begins anew
     */
    TouchingDevice(Stream stream, SvaBond bond, long base, int pages) {
        this.stream = stream;
        this.bond = bond;
        this.base = base;
        this.pages = pages;
        thread = new Thread(this::run, "sluice-replay-touch-" + bond.pasid());
        thread.setDaemon(true);
    }

    private void run() {
        byte[] bytes = new byte[Pattern.BYTES];
        try {
            boolean last;
            do {
                last = stop;
                long address = base + touched.get() % pages * Process.PAGE;
                cutOff = stream.dma().write(bond.pasid(), address, bytes, 0, bytes.length, 0) != Dma.OK;
                stream.checked();
                touched.incrementAndGet();
            } while (!cutOff && !last);
        } catch (RuntimeException cause) {
            failure = cause;
        }
    }

    /** Starts and waits until some pages were touched; false if that does not happen. */
    boolean start(int wanted, long millis) throws InterruptedException {
        thread.start();
        for (long left = millis; left > 0 && touched.get() < wanted && thread.isAlive(); left -= POLL_MILLIS) {
            Thread.sleep(POLL_MILLIS);
        }
        return touched.get() >= wanted;
    }

    /** Stops it after one transfer more; true if that or an earlier one aborted. */
    boolean wasCutOff(long millis) throws InterruptedException {
        stop = true;
        thread.join(millis);
        return !thread.isAlive() && cutOff;
    }

    /** What ended it other than an abort; null for nothing. */
    RuntimeException failure() {
        return failure;
    }
}
