package org.sluice.trace.internal.machine;

import java.util.concurrent.atomic.LongAdder;
import org.sluice.api.IommuDevice;
import org.sluice.spi.board.Dma;
import org.sluice.spi.board.Endpoint;

/** A device of the machine, as the core and as the board see it, and the score of its stream. Any thread may score. */
public final class Stream {
    private final IommuDevice device;
    private final Endpoint endpoint;
    private final LongAdder checked = new LongAdder();
    private final LongAdder mismatches = new LongAdder();

    /**
     * Pairs the two views.
     *
     * @param device as the core sees it
     * @param endpoint as the board sees it, of the same name
     */
    public Stream(IommuDevice device, Endpoint endpoint) {
        this.device = device;
        this.endpoint = endpoint;
    }

    /**
     * Name on its bus.
     *
     * @return the name
     */
    public String name() {
        return endpoint.name();
    }

    /**
     * StreamID of its DMA.
     *
     * @return unsigned
     */
    public int id() {
        return endpoint.streamIds().get(0);
    }

    /**
     * As the core sees it.
     *
     * @return the device
     */
    public IommuDevice device() {
        return device;
    }

    /**
     * Its DMA port.
     *
     * @return the port
     */
    public Dma dma() {
        return endpoint.dma();
    }

    /**
     * Width of the PASIDs that it can send.
     *
     * @return bits, 0 for none
     */
    public int pasidBits() {
        return endpoint.pasidBits();
    }

    /** Counts a transfer whose outcome was checked. */
    public void checked() {
        checked.increment();
    }

    /** Counts a mismatch of this stream. */
    public void mismatched() {
        mismatches.increment();
    }

    /**
     * Transfers whose outcome was checked.
     *
     * @return so far
     */
    public long checkedCount() {
        return checked.sum();
    }

    /**
     * Mismatches of this stream.
     *
     * @return so far
     */
    public long mismatchCount() {
        return mismatches.sum();
    }
}
