package org.sluice.smmuv3.driver;

/** Devices' caches, and what becomes of a device whose cache does not answer. Any thread. */
interface DeviceShutOut {
    /** The caches. */
    DeviceCaches caches();

    /** When it returns, every device that did not answer before the call is blocked. */
    void shutOutSilent();
}
