package org.sluice.core.unit;

import java.util.Set;
import org.sluice.api.IoMm;
import org.sluice.api.IommuDevice;
import org.sluice.api.SvaBond;
import org.sluice.api.SvaFeature;

/** A bond as its client sees it; it refers to nothing but the space once it ended. Any thread may call it. */
final class SvaBinding implements SvaBond {
    private static final System.Logger LOG = System.getLogger("org.sluice.core");

    private final SharedSpace space;
    private final Device device;
    private volatile boolean live = true;
    private volatile Runnable exitHandler;
    private Thread exiting; // guarded by this

    SvaBinding(SharedSpace space, Device device) {
        this.space = space;
        this.device = device;
    }

    SharedSpace shared() {
        return space;
    }

    void end() {
        live = false;
    }

    /** Tells the client, which may take its time; once, and not when it has unbound meanwhile. */
    void processExits() {
        Runnable handler = exitHandler;
        if (handler == null || !begin()) {
            return;
        }
        try {
            handler.run();
        } catch (RuntimeException failed) {
            LOG.log(
                    System.Logger.Level.WARNING,
                    "the exit handler of {0} for {1} failed: {2}",
                    device.name(),
                    space.name(),
                    failed.toString());
        } finally {
            finish();
        }
    }

    private synchronized boolean begin() {
        if (!live || exiting != null) {
            return false;
        }
        exiting = Thread.currentThread();
        exitHandler = null;
        return true;
    }

    private synchronized void finish() {
        exiting = null;
        notifyAll();
    }

    /** Waits for a running exit handler, unless that is who calls. */
    private synchronized void awaitExitHandler() {
        boolean interrupted = false;
        while (exiting != null && exiting != Thread.currentThread()) {
            try {
                wait();
            } catch (InterruptedException again) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public IommuDevice device() {
        return device;
    }

    @Override
    public long process() {
        return space.mm().process();
    }

    @Override
    public int pasid() {
        return space.pasid();
    }

    @Override
    public IoMm space() {
        return space;
    }

    @Override
    public Set<SvaFeature> features() {
        return space.features();
    }

    @Override
    public boolean isLive() {
        return live;
    }

    @Override
    public void onExit(Runnable handler) {
        exitHandler = handler;
    }

    @Override
    public void close() {
        space.unit().shared().unbind(this, device);
        awaitExitHandler();
    }

    @Override
    public String toString() {
        return device.name() + " bound to process " + process();
    }
}
