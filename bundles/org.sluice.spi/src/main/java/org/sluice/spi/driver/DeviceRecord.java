package org.sluice.spi.driver;

import java.util.List;
import org.sluice.spi.bus.DevicePort;

/**
 * A device as a driver knows it.
 *
 * @param name name on its bus
 * @param streamIds StreamIDs, unsigned
 * @param pasidBits width of the PASIDs it can send, 0 for none
 * @param port its ATS and PRI switches
 */
public record DeviceRecord(String name, List<Integer> streamIds, int pasidBits, DevicePort port) {
    /** Copies the StreamIDs. */
    public DeviceRecord {
        streamIds = List.copyOf(streamIds);
    }

    /**
     * A device without ATS and PRI.
     *
     * @param name name on its bus
     * @param streamIds StreamIDs, unsigned
     * @param pasidBits width of the PASIDs it can send, 0 for none
     */
    public DeviceRecord(String name, List<Integer> streamIds, int pasidBits) {
        this(name, streamIds, pasidBits, DevicePort.NONE);
    }
}
