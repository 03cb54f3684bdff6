package org.sluice.spi.bus;

import org.osgi.annotation.versioning.ConsumerType;

/** The side of a {@link PowerDomain} that switches: a device's that shares the domain with its IOMMU. Any thread. */
@ConsumerType
public interface PowerSwitch {
    /** Switches the domain off, once the transactions that are under way are over. Again is harmless. */
    void off();

    /**
     * Switches the domain on. Listeners of {@link PowerDomain#onPowerUp} have been called when it returns, and no transaction
     * has passed before. Again is harmless.
     */
    void on();
}
