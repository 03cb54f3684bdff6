package org.sluice.process.internal;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.spi.sva.ProcessWatcher;

/** Who must hear of changes of one address space. Any thread may call it; nothing here waits for the address space. */
final class Watchers {
    private final long process;
    private final List<ProcessWatcher> watchers = new CopyOnWriteArrayList<>();
    private volatile boolean exiting;

    Watchers(long process) {
        this.process = process;
    }

    boolean isExiting() {
        return exiting;
    }

    synchronized void add(ProcessWatcher watcher) {
        if (exiting) {
            throw new IommuException(Errno.ESRCH, "process " + process + " exits");
        }
        watchers.add(watcher);
    }

    void remove(ProcessWatcher watcher) {
        watchers.remove(watcher);
    }

    /** Every watcher forgets a range, also when one of them cannot: the first failure is thrown at the end. */
    void invalidate(long address, long size) {
        RuntimeException failure = null;
        for (ProcessWatcher watcher : watchers) {
            try {
                watcher.invalidate(address, size);
            } catch (RuntimeException failed) {
                failure = failure == null ? failed : failure;
            }
        }
        if (failure != null) {
            throw failure;
        }
    }

    /** Nobody is added from now on. */
    synchronized void beginExit() {
        exiting = true;
    }

    /** Tells everybody who is still there; each leaves by {@link #remove}. */
    void exit() {
        for (ProcessWatcher watcher : watchers) {
            watcher.exit();
        }
    }
}
