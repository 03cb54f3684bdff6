package org.sluice.spi.driver;

import org.osgi.annotation.versioning.ConsumerType;
import org.sluice.spi.pgtable.PageTableConfig;
import org.sluice.spi.pgtable.WalkerConfig;

/**
 * The side of one IOMMU of an address space: a tag, and the invalidations by it. A space that devices behind several IOMMUs
 * share has one of each, over the same page table.
 */
@ConsumerType
public interface TranslationContext extends SpaceInvalidation {
    /**
     * What a successor needs to make it again.
     *
     * @return the record, with the walker configuration once {@link #install}ed
     */
    ContextRecord record();

    /**
     * The page table that the hardware wants for this context.
     *
     * @return format and configuration
     */
    PageTableConfig tableConfig();

    /**
     * Says which tables to walk; before the first attach.
     *
     * @param walker of the page table; another IOMMU may walk it already
     * @throws org.sluice.api.IommuException EINVAL a family that the hardware does not walk
     */
    void install(WalkerConfig walker);
}
