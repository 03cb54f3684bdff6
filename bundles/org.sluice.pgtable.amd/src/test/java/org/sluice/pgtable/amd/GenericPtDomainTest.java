package org.sluice.pgtable.amd;

import java.util.List;
import org.sluice.pgtable.testkit.GenericPtCases;
import org.sluice.spi.pgtable.PageTableConfig;
import org.sluice.spi.pgtable.PageTableFormat;

/** What all trees of generic_pt must do, beginning with three levels; {@link GenericPtTest} has what is AMD's alone. */
class GenericPtDomainTest extends GenericPtCases {
    static List<PageTableConfig> configs() {
        return List.of(
                new PageTableConfig("AMD_V1", 1L << 12 | 1L << 21 | 1L << 30, 64, 52, true, 0),
                new PageTableConfig("AMD_V1", 1L << 12 | 1L << 21 | 1L << 30, 48, 52, true, 0));
    }

    @Override
    protected PageTableFormat format(PageTableConfig config) {
        return new AmdV1Format();
    }
}
