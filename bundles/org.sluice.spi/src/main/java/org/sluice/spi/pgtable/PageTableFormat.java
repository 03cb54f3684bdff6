package org.sluice.spi.pgtable;

import org.osgi.annotation.versioning.ConsumerType;

/**
 * A page-table format: one service per format, with the property {@link #FORMAT}. It keeps no state of its own beside the
 * tables, so that a newer version can take over by {@link #adopt}.
 */
@ConsumerType
public interface PageTableFormat {
    /** Service property: name of the format as Linux has it, e.g. {@code ARM_64_LPAE_S1}. */
    String FORMAT = "sluice.pgtable.format";

    /**
     * Name of the format.
     *
     * @return as the service property
     */
    String name();

    /**
     * Makes an empty page table.
     *
     * @param config what the hardware wants; the format narrows the page sizes to one granule
     * @param host memory and deferred freeing
     * @return the table
     * @throws org.sluice.api.IommuException EINVAL, ERANGE for what the format cannot do, naming field, value and limit;
     *     ENOMEM. Nothing stays allocated.
     */
    PageTable create(PageTableConfig config, TableHost host);

    /**
     * Makes a page table object over tables that exist in memory already, written by this format, an older version of it
     * or another implementation. Copies and writes nothing.
     *
     * @param config as the tables were created
     * @param root physical address of the top table in bytes
     * @param host memory and deferred freeing
     * @return the table
     * @throws org.sluice.api.IommuException EINVAL when the tables cannot be of this format, naming the descriptor's
     *     address and value
     */
    PageTable adopt(PageTableConfig config, long root, TableHost host);
}
