package org.sluice.core.space;

import java.util.List;
import org.sluice.spi.driver.IommuUnit;

/** An IOMMU as spaces know it. Everything is called under the lock of its board. */
public interface Translator {
    /**
     * Its name.
     *
     * @return for messages
     */
    String name();

    /**
     * The driver's object.
     *
     * @return null while there is none
     */
    IommuUnit iommu();

    /**
     * Its sides of spaces: all contexts that its driver made and did not free yet.
     *
     * @return a list to add to and to remove from
     */
    List<HardwareSide> sides();
}
