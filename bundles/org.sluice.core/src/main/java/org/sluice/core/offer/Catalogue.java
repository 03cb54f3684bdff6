package org.sluice.core.offer;

import org.sluice.spi.driver.IommuDriver;
import org.sluice.spi.driver.MmAllocator;
import org.sluice.spi.pgtable.PageTableFormat;

/**
 * Everything that can be exchanged while the platform runs.
 *
 * @param formats by name of the format
 * @param drivers by compatible string of the IOMMU
 * @param allocators by compatible string of the device
 */
public record Catalogue(Offers<PageTableFormat> formats, Offers<IommuDriver> drivers, Offers<MmAllocator> allocators) {
    /**
     * Nothing is there yet.
     *
     * @return an empty catalogue
     */
    public static Catalogue empty() {
        return new Catalogue(new Offers<>(), new Offers<>(), new Offers<>());
    }
}
