package org.sluice.pgtable.arm;

import org.sluice.pgtable.testkit.GraceHost;
import org.sluice.pgtable.testkit.RaceCases;

/** Races on long descriptors. */
class PageTableConcurrencyTest extends RaceCases {
    PageTableConcurrencyTest() {
        super(
                new GraceHost(LANES),
                new Stage1Format(),
                Configs.of(Configs.SIZES_4K),
                2 << 20,
                4096,
                4096,
                4096,
                2 << 20,
                2 << 20,
                1 << 30);
    }
}
