package org.sluice.spi.driver;

import java.util.List;

/**
 * A device as a driver knows it.
 *
 * @param name name on its bus
 * @param streamIds StreamIDs, unsigned
 * @param pasidBits width of the PASIDs it can send, 0 for none
 */
public record DeviceRecord(String name, List<Integer> streamIds, int pasidBits) {
    /** Copies the StreamIDs. */
    public DeviceRecord {
        streamIds = List.copyOf(streamIds);
    }
}
