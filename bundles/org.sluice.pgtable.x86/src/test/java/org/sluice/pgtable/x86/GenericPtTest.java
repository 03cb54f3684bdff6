package org.sluice.pgtable.x86;

import java.util.List;
import org.sluice.pgtable.testkit.GenericPtCases;
import org.sluice.spi.pgtable.PageTableConfig;
import org.sluice.spi.pgtable.PageTableFormat;

/** With the configurations of linux-iommu.md section 5.5, and further ones. */
class GenericPtTest extends GenericPtCases {
    static List<PageTableConfig> configs() {
        return Configs.each();
    }

    @Override
    protected PageTableFormat format(PageTableConfig config) {
        return Configs.format(config);
    }
}
