package org.sluice.api;

import java.util.Set;
import org.osgi.annotation.versioning.ProviderType;

/**
 * One device that shares the address space of one process: what {@link Iommu#bind} returns. The device uses the process's own
 * page table under {@link #pasid()}, the same for every device of the IOMMU that is bound to that process.
 *
 * <p>The bond ends with {@link #close}, with {@link IommuDevice#shutdownSva} or with the process, whichever is first; the
 * object stays usable and says so by {@link #isLive()}. Any thread may call it.
 */
@ProviderType
public interface SvaBond extends AutoCloseable {
    /**
     * The device.
     *
     * @return as bound
     */
    IommuDevice device();

    /**
     * The process.
     *
     * @return its number
     */
    long process();

    /**
     * What the device puts into its transactions. Never 0.
     *
     * @return 1 to 2^20 - 1
     */
    int pasid();

    /**
     * The shared address space: not private, maps nothing ({@link IoMm#map} is EINVAL, {@link IoMm#unmap} is 0), since only the
     * process maps.
     *
     * @return the same for every device that is bound to the process behind this IOMMU
     */
    IoMm space();

    /**
     * What the bond was made with.
     *
     * @return the features
     */
    Set<SvaFeature> features();

    /**
     * Whether the device still reaches the process.
     *
     * @return false once unbound
     */
    boolean isLive();

    /**
     * Asks to be told when the process exits ({@code mm_exit}): stop the device's use of the PASID and return. The handler may
     * sleep and may close this bond; the device is detached when it has returned.
     *
     * @param handler the handler, or null for none
     */
    void onExit(Runnable handler);

    /**
     * Unbinds. The client has stopped the device's use of the PASID before. Waits for a running exit handler and for faults
     * that are being repaired, unless it is called by them; when it returns, no DMA of this device uses the process's tables.
     * Closing again has no effect.
     *
     * @throws ProviderMissingException no driver came within the configured time; the bond stays
     */
    @Override
    void close();
}
