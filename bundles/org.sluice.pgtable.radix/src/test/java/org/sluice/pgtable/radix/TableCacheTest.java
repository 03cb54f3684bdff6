package org.sluice.pgtable.radix;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** Remembers tables, and nothing that was forgotten since the walk began. */
class TableCacheTest {
    private static final long M2 = 2 << 20;

    private final TableCache cache = new TableCache(10, 21, 57);

    @Test
    void knowsWhatItWasToldForTheWholeTableAndNothingElse() {
        long iova = 0xffff_ffe0_0000L;
        cache.put(iova, 0xf_ffff_f000L, cache.stamp(iova));
        assertThat(cache.get(iova)).isEqualTo(0xf_ffff_f000L);
        assertThat(cache.get(iova + M2 - 1)).isEqualTo(0xf_ffff_f000L);
        assertThat(cache.get(iova - 1)).isNegative();
        assertThat(cache.get(iova - (M2 << 10))).as("same slot, other tag").isNegative();
        assertThat(cache.get(0)).isNegative();
    }

    @Test
    void tableAboveTheHighestAddressIsNotKept() {
        cache.put(M2, 1L << 48, cache.stamp(M2));
        assertThat(cache.get(M2)).isNegative();
        cache.put(M2, (1L << 48) - 4096, cache.stamp(M2));
        assertThat(cache.get(M2)).isEqualTo((1L << 48) - 4096);
    }

    @Test
    void iovaThatIsTooWideForAnEntryIsNotKeptAndTakenForNoOther() {
        TableCache wide = new TableCache(10, 21, 64);
        long narrow = 5L << 31;
        wide.put(narrow, 0x1000, wide.stamp(narrow));
        for (int bit = 58; bit < 64; bit++) {
            long iova = narrow | 1L << bit;
            assertThat(wide.get(iova)).as("bit %d", bit).isNegative();
            wide.put(iova, 0x2000, wide.stamp(iova));
            assertThat(wide.get(iova)).as("bit %d", bit).isNegative();
        }
        assertThat(wide.get(narrow)).isEqualTo(0x1000);
        wide.put(narrow | 1L << 57, 0x3000, wide.stamp(narrow | 1L << 57));
        assertThat(wide.get(narrow | 1L << 57)).isEqualTo(0x3000);
    }

    @Test
    void tableAtAddressZeroIsATable() {
        cache.put(0, 0, cache.stamp(0));
        assertThat(cache.get(0)).isZero();
    }

    @Test
    void upperHalfIsFoundByItsSignExtendedAddress() {
        long iova = -M2;
        cache.put(iova, 0x1000, cache.stamp(iova));
        assertThat(cache.get(-1)).isEqualTo(0x1000);
    }

    @Test
    void walkThatBeganBeforeTheTableWasForgottenIsNotRemembered() {
        long stamp = cache.stamp(M2);
        cache.forget(M2);
        cache.put(M2, 0x1000, stamp);
        assertThat(cache.get(M2)).isNegative();
        cache.put(M2, 0x2000, cache.stamp(M2));
        assertThat(cache.get(M2)).isEqualTo(0x2000);
        cache.forget(M2 + 5);
        assertThat(cache.get(M2)).isNegative();
    }

    @Test
    void forgettingKeepsTheNeighbourInTheSameSlot() {
        cache.put(M2, 0x1000, cache.stamp(M2));
        cache.forget(M2 + (M2 << 10));
        assertThat(cache.get(M2)).isEqualTo(0x1000);
    }

    @Test
    void cacheGrowsUntilAllTablesThatAreLookedUpAgainAndAgainAreInIt() {
        int tables = 5 << 10;
        for (int round = 0; round < 8; round++) {
            for (long i = 0; i < tables; i++) {
                remember(i * M2, i << 12);
            }
        }
        for (long i = 0; i < tables; i++) {
            assertThat(cache.get(i * M2)).isEqualTo(i << 12);
        }
        cache.forget(4000 * M2);
        assertThat(cache.get(4000 * M2)).isNegative();
        assertThat(cache.get(3999 * M2)).isEqualTo(3999L << 12);
    }

    @Test
    void walkThatBeganBeforeTheTableWasForgottenIsNotRememberedByALargerCacheEither() {
        long stamp = cache.stamp(M2);
        cache.forget(M2);
        for (long i = 0; i < 1 << 14; i++) {
            remember(i % 4 * (M2 << 10), 0x1000); // all in one slot, until the cache has grown to have one for each
        }
        cache.put(M2, 0x1000, stamp);
        assertThat(cache.get(M2)).isNegative();
    }

    private void remember(long iova, long table) {
        long stamp = cache.stamp(iova);
        if (cache.get(iova) < 0 && cache.isFree(iova)) {
            cache.put(iova, table, stamp);
        }
    }
}
