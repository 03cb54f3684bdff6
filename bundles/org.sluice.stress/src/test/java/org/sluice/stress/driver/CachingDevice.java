package org.sluice.stress.driver;

import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import org.sluice.spi.board.AtsCompletion;
import org.sluice.spi.board.AtsEndpoint;
import org.sluice.spi.board.AtsModel;
import org.sluice.spi.board.Dma;
import org.sluice.spi.board.IommuModel;
import org.sluice.spi.bus.DevicePort;

/**
 * A device with a cache of translations of its own (ATS): it keeps whatever it was given until it is told to forget. Many threads
 * do DMA; an invalidation waits for them.
 */
final class CachingDevice implements DevicePort, AtsEndpoint {
    private final int streamId;
    private final AtsModel model;
    private final Map<Long, AtsCompletion> cache = new HashMap<>(); // guarded by this
    private final ReentrantReadWriteLock use = new ReentrantReadWriteLock();
    private volatile boolean on;
    private volatile boolean silent;
    private volatile long hits;
    private volatile long generation;

    CachingDevice(int streamId, AtsModel model) {
        this.streamId = streamId;
        this.model = model;
        model.connect(streamId, this);
    }

    /** It answers no invalidation any more, or does again. */
    void silence(boolean value) {
        silent = value;
    }

    /** How often its cache served it. */
    long hits() {
        return hits;
    }

    boolean isOn() {
        return on;
    }

    /** One word of DMA. */
    int access(IommuModel untranslated, int substreamId, long iova, boolean write, byte[] data) {
        int flags = write ? IommuModel.WRITE : 0;
        if (!on) {
            return untranslated.transact(streamId, substreamId, iova, flags, data, 0, data.length);
        }
        use.readLock().lock();
        try {
            AtsCompletion translation = translate(substreamId, iova, flags);
            if (translation == null || write && !translation.write() || !write && !translation.read()) {
                return Dma.ABORT;
            }
            long address = translation.address() + (iova & translation.bytes() - 1);
            return model.transactTranslated(streamId, address, flags, data, 0, data.length);
        } finally {
            use.readLock().unlock();
        }
    }

    private AtsCompletion translate(int substreamId, long iova, int flags) {
        long page = iova & -Mapping.PAGE;
        long before;
        synchronized (this) {
            AtsCompletion cached = cache.get(page);
            if (cached != null) {
                hits++;
                return cached;
            }
            before = generation;
        }
        AtsCompletion completion = model.requestTranslation(streamId, substreamId, iova, flags);
        if (completion.status() != AtsCompletion.Status.SUCCESS) {
            return null;
        }
        synchronized (this) {
            if (before != generation) {
                return null;
            }
            if (completion.read() || completion.write()) {
                cache.put(page, completion);
            }
        }
        return completion;
    }

    @Override
    public boolean invalidate(int substreamId, boolean global, long address, int log2bytes) {
        if (silent) {
            return false;
        }
        forget(address, log2bytes);
        return true;
    }

    private void forget(long address, int log2bytes) {
        synchronized (this) {
            generation++;
            long last = log2bytes >= Long.SIZE ? -1 : address + (1L << log2bytes) - 1;
            long first = log2bytes >= Long.SIZE ? 0 : address;
            cache.keySet()
                    .removeIf(page -> Long.compareUnsigned(page, first) >= 0 && Long.compareUnsigned(page, last) <= 0);
        }
        // Whoever translated before is gone when this is had.
        use.writeLock().lock();
        use.writeLock().unlock();
    }

    @Override
    public void respond(int substreamId, int group, Response response) {
        throw new AssertionError("nothing was asked for");
    }

    @Override
    public boolean hasAts() {
        return true;
    }

    @Override
    public void enableAts(int smallestUnitShift) {
        on = true;
    }

    @Override
    public void disableAts() {
        on = false;
        if (!silent) {
            forget(0, EVERY_ADDRESS);
        }
    }
}
