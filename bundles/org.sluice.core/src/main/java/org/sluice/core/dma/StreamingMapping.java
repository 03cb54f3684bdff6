package org.sluice.core.dma;

import java.util.concurrent.atomic.AtomicBoolean;
import org.sluice.api.DmaDirection;
import org.sluice.api.DmaMapping;

/** A streaming mapping that knows where it was made. Any thread may close it. */
final class StreamingMapping implements DmaMapping {
    private final DeviceDma device;
    private final DmaDomain domain; // null for an identity
    private final long address;
    private final long size;
    private final DmaDirection direction;
    private final AtomicBoolean closed = new AtomicBoolean();

    StreamingMapping(DeviceDma device, DmaDomain domain, long address, long size, DmaDirection direction) {
        this.device = device;
        this.domain = domain;
        this.address = address;
        this.size = size;
        this.direction = direction;
    }

    @Override
    public long address() {
        return address;
    }

    @Override
    public long size() {
        return size;
    }

    @Override
    public DmaDirection direction() {
        return direction;
    }

    @Override
    public void close() {
        close(true);
    }

    /** Unmaps; false if that was done before. */
    boolean close(boolean lazily) {
        if (!closed.compareAndSet(false, true)) {
            return false;
        }
        try {
            if (domain != null) {
                device.unmapIn(domain, address, size, direction.isWritten(), lazily && device.isLazy());
            }
            return true;
        } catch (RuntimeException failed) {
            closed.set(false);
            throw failed;
        }
    }
}
