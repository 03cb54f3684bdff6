package org.sluice.pgtable.arm;

import org.sluice.pgtable.testkit.GraceHost;
import org.sluice.pgtable.testkit.RaceCases;

/** Races on short descriptors, whose tables are smaller and whose entries share words. */
class ShortConcurrencyTest extends RaceCases {
    ShortConcurrencyTest() {
        super(
                new GraceHost(LANES, 1024, 0),
                new ShortFormat(),
                Configs.shortDescriptors(0),
                1 << 20,
                4096,
                4096,
                4096,
                1 << 20,
                1 << 20,
                1 << 24);
    }
}
