package org.sluice.pgtable.x86;

import org.sluice.pgtable.testkit.GraceHost;
import org.sluice.pgtable.testkit.RaceCases;

/** Races on a second stage. */
class PageTableConcurrencyTest extends RaceCases {
    PageTableConcurrencyTest() {
        super(
                new GraceHost(LANES),
                Configs.SECOND,
                Configs.of(Configs.SECOND, 38),
                2 << 20,
                4096,
                4096,
                4096,
                2 << 20,
                2 << 20,
                1 << 30);
    }
}
