package org.sluice.spi.driver;

import org.osgi.annotation.versioning.ConsumerType;
import org.sluice.spi.board.IommuHardware;

/**
 * A driver for a kind of IOMMU: a service with the property {@link #COMPATIBLE}. It reaches the hardware through registers
 * and memory only, and keeps nothing that cannot be found there or in the core's {@link UnitRecord}, so that a newer version
 * can take over by {@link #adopt}. Services are immediate components; the core calls them from one thread at a time per
 * IOMMU, except where a method says otherwise.
 */
@ConsumerType
public interface IommuDriver {
    /** Service property: the programming interfaces it drives, e.g. {@code arm,smmu-v3}. */
    String COMPATIBLE = "sluice.driver.compatible";

    /**
     * Resets the hardware and enables translation. Every stream aborts until a device is added and attached.
     *
     * @param hardware the IOMMU
     * @param host what the core offers
     * @return the running IOMMU
     * @throws org.sluice.api.IommuException ENODEV, ENXIO, EOPNOTSUPP for hardware that cannot work, naming register, field
     *     and value; ETIMEDOUT. The hardware is left disabled and nothing stays allocated.
     */
    IommuUnit probe(IommuHardware hardware, UnitHost host);

    /**
     * Takes over hardware that runs, without a fault and without writing anything but queue indices. Verifies that
     * registers and tables agree with the record: what it would write equals what is there, on used bits.
     *
     * @param hardware the IOMMU
     * @param host what the core offers
     * @param record what was attached when the predecessor left
     * @return the running IOMMU
     * @throws org.sluice.api.IommuException EINVAL with the reason when it cannot take over; nothing was changed
     */
    IommuUnit adopt(IommuHardware hardware, UnitHost host, UnitRecord record);
}
