package org.sluice.spi.driver;

import org.osgi.annotation.versioning.ProviderType;
import org.sluice.spi.pgtable.PageTableConfig;

/** An allocation of a private space, as a plug-in sees it; valid during the call. */
@ProviderType
public interface MmRequest {
    /**
     * For which device.
     *
     * @return the device
     */
    DeviceRecord device();

    /**
     * The context that the driver made for it: its tag is the space's ASID.
     *
     * @return the record
     */
    ContextRecord context();

    /**
     * The table that the driver would use; a plug-in starts from it.
     *
     * @return the configuration
     */
    PageTableConfig suggested();

    /**
     * Makes the page table. Called exactly once.
     *
     * @param config format and configuration
     * @return root of the table: physical address in bytes
     * @throws org.sluice.api.ProviderMissingException no bundle offers the format
     */
    long createTable(PageTableConfig config);
}
