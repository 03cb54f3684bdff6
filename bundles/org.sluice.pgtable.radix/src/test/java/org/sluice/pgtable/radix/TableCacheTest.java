package org.sluice.pgtable.radix;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.sluice.memory.ResidentMemoryFactory;
import org.sluice.spi.memory.MemoryRegion;
import org.sluice.spi.memory.PhysicalMemory;

/** Remembers tables, and nothing that was forgotten since the walk began. */
class TableCacheTest {
    private static final long M2 = 2 << 20;
    private static final MemoryRegion REGION = new MemoryRegion(0, 64 << 20);

    private final PhysicalMemory memory = new ResidentMemoryFactory().create(List.of(REGION));
    private final TableCache cache = new TableCache(new TableWords(memory), 10, 21);

    /** The short way to pages by these tables. */
    private final LeafWay pages = new LeafWay(cache, 12, 512, 4096, 0) {};

    @Test
    void knowsWhatItWasToldForTheWholeTableAndNothingElse() {
        long iova = 0xffff_ffe0_0000L;
        cache.put(iova, 0x3ff_f000, cache.stamp(iova));
        assertThat(cache.get(iova)).isEqualTo(0x3ff_f000);
        assertThat(cache.get(iova + M2 - 1)).isEqualTo(0x3ff_f000);
        assertThat(cache.get(iova - 1)).isNegative();
        assertThat(cache.get(iova - (M2 << 10))).as("same slot, other table").isNegative();
        assertThat(cache.get(0)).isNegative();
    }

    @Test
    void noBitOfAnIovaIsLeftOut() {
        long iova = 5L << 31;
        cache.put(iova, 0x1000, cache.stamp(iova));
        for (int bit = 21; bit < 64; bit++) {
            assertThat(cache.get(iova ^ 1L << bit)).as("bit %d", bit).isNegative();
            assertThat(pages.tableOf(iova ^ 1L << bit)).as("bit %d", bit).isNull();
            assertThat(pages.tableAround(iova ^ 1L << bit)).as("bit %d", bit).isNull();
        }
    }

    @Test
    void shortWayFindsTheWordsOfTheTable() {
        memory.write64(0x28_5000 + 8 * 7, 77);
        cache.put(M2, 0x28_5000, cache.stamp(M2));
        long iova = M2 + 7 * 4096;
        KnownTable table = pages.tableOf(iova);
        assertThat(TableWords.get(table.window, pages.word(table, iova))).isEqualTo(77);
        TableWords.put(table.window, pages.word(table, iova + 4096), 88);
        assertThat(memory.read64(0x28_5000 + 8 * 8)).isEqualTo(88);
    }

    @Test
    void leafThatCannotBeginThereHasNoTable() {
        cache.put(M2, 0x1000, cache.stamp(M2));
        for (int bit = 0; bit < 12; bit++) {
            assertThat(pages.tableOf(M2 + (1L << bit))).as("bit %d", bit).isNull();
            assertThat(pages.tableAround(M2 + (1L << bit))).as("bit %d", bit).isNotNull();
        }
    }

    @Test
    void unknownProtectionGrantsNothing() {
        assertThat(pages.single(-1)).isZero();
        assertThat(pages.single(Integer.MAX_VALUE)).isZero();
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
        assertThat(pages.tableOf(M2)).isNull();
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
            assertThat(pages.tableOf(i * M2)).isNotNull();
        }
        cache.forget(4000 * M2);
        assertThat(cache.get(4000 * M2)).isNegative();
        assertThat(pages.tableOf(4000 * M2)).isNull();
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

    @Test
    void twoTablesThatShareASlotOfTheLargestCacheSeldomDriveEachOtherOut() {
        long apart = 1L << 45; // more than any number of slots tells apart
        int evictions = 0;
        int rounds = 1 << 18;
        for (int i = 0; i < rounds; i++) {
            long iova = i % 2 * apart;
            long stamp = cache.stamp(iova);
            if (cache.get(iova) < 0 && cache.admits(iova, true)) {
                cache.put(iova, 0x1000, stamp);
                evictions += i >= rounds / 2 ? 1 : 0;
            }
        }
        assertThat(evictions).isPositive().isLessThan(rounds / 16);
    }

    private void remember(long iova, long table) {
        long stamp = cache.stamp(iova);
        if (cache.get(iova) < 0 && cache.admits(iova, false)) {
            cache.put(iova, table, stamp);
        }
    }
}
