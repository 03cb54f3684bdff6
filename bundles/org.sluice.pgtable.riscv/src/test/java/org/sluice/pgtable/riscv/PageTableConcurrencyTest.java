package org.sluice.pgtable.riscv;

import org.sluice.pgtable.testkit.GraceHost;
import org.sluice.pgtable.testkit.RaceCases;

/** Races on an Sv39 table, on ranges of 64K too. */
class PageTableConcurrencyTest extends RaceCases {
    PageTableConcurrencyTest() {
        super(
                new GraceHost(LANES),
                Configs.SV39,
                Configs.of(Configs.SV39, 38),
                2 << 20,
                4096,
                4096,
                4096,
                64 << 10,
                2 << 20,
                2 << 20,
                1 << 30);
    }
}
