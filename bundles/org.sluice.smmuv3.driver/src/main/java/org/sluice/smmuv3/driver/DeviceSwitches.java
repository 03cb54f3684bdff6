package org.sluice.smmuv3.driver;

import java.util.List;
import org.sluice.spi.driver.DeviceRecord;

/**
 * A device's ATS and PRI, worked in the order that keeps it from caching what nobody invalidates: the stream table entry
 * allows ATS before the device is told to use it, and forbids it after the device was told to stop and its cache was
 * invalidated. One thread at a time.
 */
final class DeviceSwitches {
    /** Smallest translation unit: the device may ask for 4 KiB. */
    private static final int UNIT_SHIFT = 12;

    /** Most page requests that a device may have unanswered, as Linux's drivers ask for. */
    private static final int OUTSTANDING = 32;

    private final DeviceRecord device;
    private final DeviceCaches caches;
    private final boolean available;
    private final int outstanding;
    private boolean on;

    DeviceSwitches(DeviceRecord device, Features features, DeviceCaches caches) {
        this.device = device;
        this.caches = caches;
        this.available = features.has(Feature.ATS) && device.port().hasAts();
        boolean asks = available
                && features.has(Feature.PAGE_REQUESTS)
                && device.port().hasPri();
        this.outstanding = asks ? Math.min(OUTSTANDING, 1 << features.pageRequestQueueLog2()) : 0;
    }

    /** Whether both sides can do ATS. */
    boolean available() {
        return available;
    }

    /** Whether the device uses it now. */
    boolean isOn() {
        return on;
    }

    /** Takes over a device as a predecessor left it. */
    void adopt(boolean uses) {
        on = uses;
    }

    /** The entries of the device's streams allow ATS, and the SMMU has seen that. */
    void turnOn() {
        if (!on) {
            on = true;
            device.port().enableAts(UNIT_SHIFT);
            if (outstanding > 0) {
                device.port().enablePri(outstanding);
            }
        }
    }

    /** Before the entries forbid ATS: the device stops, and forgets. */
    void turnOff() {
        if (on) {
            stop();
            forget(device.streamIds(), DeviceCommand.UNTAGGED);
        }
    }

    /** The device stops; what it cached is the caller's to shut out. */
    void stop() {
        on = false;
        device.port().disablePri();
        device.port().disableAts();
    }

    /**
     * Makes the device forget what it cached, if it caches.
     *
     * @param streamIds its streams
     * @param substreamId SubstreamID, or {@link DeviceCommand#UNTAGGED} for any
     */
    void forgetIfOn(List<Integer> streamIds, int substreamId) {
        if (on) {
            forget(streamIds, substreamId);
        }
    }

    private void forget(List<Integer> streamIds, int substreamId) {
        caches.forget(streamIds, substreamId);
    }
}
