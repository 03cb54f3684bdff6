package org.sluice.core.space;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import org.junit.jupiter.api.Test;

/** Page sizes of a run, by generic_pt's cases (linux-iommu.md section 5.5) and against a search of all sizes. */
class PageSizesTest {
    private static final long K4 = 1L << 12;
    private static final long M2 = 1L << 21;
    private static final long G1 = 1L << 30;

    @Test
    void countIsThatOfGenericPt() {
        assertThat(PageSizes.count(K4, K4, 0, 0, G1)).isEqualTo(262144);
        assertThat(PageSizes.count(K4 | M2, K4, K4, K4, G1 - K4)).isEqualTo(511);
    }

    @Test
    void largestIsWhatASearchOfAllSizesFinds() {
        Random random = new Random(5);
        for (int round = 0; round < 20_000; round++) {
            long bitmap = random.nextLong() & random.nextLong() & -(1L << 13) | K4;
            long iova = random.nextLong() & -1L << 12 + random.nextInt(51);
            long paddr = random.nextLong() & -1L << 12 + random.nextInt(51);
            long size = (random.nextLong() >>> random.nextInt(51)) & -K4 | K4;
            long best = 0;
            for (int bit = 12; bit < 64; bit++) {
                long candidate = bitmap & 1L << bit;
                boolean fits = candidate != 0
                        && Long.compareUnsigned(candidate, size) <= 0
                        && ((iova | paddr) & candidate - 1) == 0;
                best = fits ? candidate : best;
            }
            assertThat(PageSizes.largest(bitmap, iova | paddr, size))
                    .as("sizes 0x%x, iova 0x%x, paddr 0x%x, size 0x%x", bitmap, iova, paddr, size)
                    .isEqualTo(best);
        }
    }

    @Test
    void countEndsWhereTheNextLargerSizeBeginsAndNeverBehindTheRun() {
        Random random = new Random(6);
        for (int round = 0; round < 20_000; round++) {
            long bitmap = K4 | M2 | G1;
            long iova = (random.nextLong() & (1L << 40) - 1) & -K4;
            long paddr = random.nextBoolean() ? iova + M2 * random.nextInt(4) : random.nextLong() >>> 24 & -K4;
            long size = K4 * (1 + random.nextInt(1 << 20));
            long page = PageSizes.largest(bitmap, iova | paddr, size);
            long count = PageSizes.count(bitmap, page, iova, paddr, size);
            assertThat(count).isBetween(1L, size / page);
            long end = iova + count * page;
            long left = size - count * page;
            boolean larger = left >= page && PageSizes.largest(bitmap, end | paddr + count * page, left) > page;
            assertThat(left < page || larger)
                    .as("0x%x to 0x%x, 0x%x bytes: %d of 0x%x", iova, paddr, size, count, page)
                    .isTrue();
        }
    }
}
