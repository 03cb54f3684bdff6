package org.sluice.pgtable.amd;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.sluice.api.IotlbGather;
import org.sluice.api.Prot;
import org.sluice.pgtable.testkit.GraceHost;
import org.sluice.pgtable.testkit.RaceCases;
import org.sluice.spi.pgtable.PageTable;
import org.sluice.spi.pgtable.RadixTable;

/** Races on a tree with leaves of many sizes, and on one that grows. */
class PageTableConcurrencyTest extends RaceCases {
    private static final long K4 = 4096;
    private static final long G1 = 1 << 30;

    PageTableConcurrencyTest() {
        super(
                new GraceHost(LANES),
                new AmdV1Format(),
                Configs.of(64),
                2 << 20,
                K4,
                K4,
                4 * K4,
                16 * K4,
                2 << 20,
                4 << 20,
                G1);
    }

    @Test
    void treeGrowsWhileOthersMap() throws Exception {
        for (int round = 0; round < 200; round++) {
            PageTable growing = new AmdV1Format().create(Configs.of(64), host);
            inParallel(lane -> {
                IotlbGather gather = new IotlbGather();
                for (int i = 0; i < 12; i++) {
                    // Lanes ask for different heights; each also maps below the first top, in tables that all share.
                    long low = (i * LANES + lane) * K4;
                    long high = (1L << 39 + 9 * (lane + i) % 27) + low;
                    for (long iova : new long[] {low, high}) {
                        assertThat(host.operation(
                                        () -> growing.mapPages(iova, low + G1, K4, 1, Prot.READ | Prot.WRITE)))
                                .isEqualTo(K4);
                        assertThat(host.operation(() -> growing.iovaToPhys(iova + 5)))
                                .isEqualTo(low + G1 + 5);
                    }
                    if (i % 3 == 0) {
                        assertThat(host.operation(() -> growing.unmapPages(high, K4, 1, gather)))
                                .isEqualTo(K4);
                        host.sync(gather);
                    }
                }
            });
            assertThat(growing.survey().leaves()).isEqualTo(LANES * (12 + 8));
            assertThat(((RadixTable) growing.walkerConfig()).levels()).isEqualTo(6);
            assertThat(host.root()).as("what the hardware was told").isEqualTo(growing.walkerConfig());
            growing.free();
        }
        assertThat(host.liveTables()).isEqualTo(1);
    }
}
