package org.sluice.trace.internal.proof;

import java.util.OptionalInt;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.IntSupplier;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;

/**
 * Transfers that may fault, on threads of their own: a fault that is never answered holds the device, and whoever waits for it,
 * until the machine is switched off. A transfer that did not end in time keeps its thread, and its buffer, until then.
 */
final class BoundedTransfers implements AutoCloseable {
    private final long patienceMillis;
    private final ExecutorService devices = Executors.newCachedThreadPool(work -> {
        Thread thread = new Thread(work, "sluice-replay-device");
        thread.setDaemon(true);
        return thread;
    });

    /**
     * None yet.
     *
     * @param patienceMillis how long a transfer may take, its faults included
     */
    BoundedTransfers(long patienceMillis) {
        this.patienceMillis = patienceMillis;
    }

    long patienceMillis() {
        return patienceMillis;
    }

    /**
     * Does one.
     *
     * @param dma the transfer, with a buffer that nobody uses again if it does not end
     * @param what in words
     * @return its outcome; empty if it did not end in time
     * @throws IommuException EIO the transfer threw; EBUSY the thread was interrupted, which it stays
     */
    OptionalInt run(IntSupplier dma, String what) {
        try {
            return OptionalInt.of(devices.submit(dma::getAsInt).get(patienceMillis, TimeUnit.MILLISECONDS));
        } catch (TimeoutException stuck) {
            return OptionalInt.empty();
        } catch (ExecutionException failed) {
            throw new IommuException(Errno.EIO, what + ": the transfer failed: " + failed.getCause());
        } catch (InterruptedException stop) {
            Thread.currentThread().interrupt();
            throw new IommuException(Errno.EBUSY, "interrupted during " + what);
        }
    }

    @Override
    public void close() {
        devices.shutdown();
    }
}
