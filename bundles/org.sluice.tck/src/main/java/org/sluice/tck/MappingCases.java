package org.sluice.tck;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;

/** What is mapped translates, and nothing else does. */
interface MappingCases {
    @EachConfiguration
    default void everyPageSizeMapsTranslatesAndUnmaps(Trial trial) {
        for (long size : trial.sizes()) {
            long iova = trial.iova(size, 0);
            long paddr = trial.paddr(size, 0);
            trial.assertUnmapped(iova, size);
            assertThat(trial.map(iova, paddr, size, 1)).isEqualTo(size);
            trial.assertTranslates(iova, paddr, size);
            assertThat(trial.unmap(iova, size, 1)).isEqualTo(size);
            trial.assertUnmapped(iova, size);
            trial.sync();
            assertThat(trial.map(iova, trial.paddr(size, 1), size, 1))
                    .as("mapped again")
                    .isEqualTo(size);
            trial.assertTranslates(iova, trial.paddr(size, 1), size);
            assertThat(trial.unmap(iova, size, 1)).isEqualTo(size);
            trial.sync();
        }
    }

    @EachConfiguration
    default void leavesOfAllSizesLiveSideBySide(Trial trial) {
        Expected expected = new Expected(trial);
        long next = trial.first();
        for (long size : trial.sizes()) {
            long iova = next + size - 1 & -size;
            // the ends of an address space may leave no room for one more of the largest size
            if (Long.compareUnsigned(iova, next) < 0 || Long.compareUnsigned(iova + size - 1, trial.last()) > 0) {
                continue;
            }
            expected.map(
                    iova, trial.paddr(size, 2), size, 1, trial.prot(), trial.map(iova, trial.paddr(size, 2), size, 1));
            next = iova + size;
        }
        expected.assertMappedBy(trial);
    }

    @EachConfiguration
    default void firstAndLastLeafOfTheAddressSpaceTranslate(Trial trial) {
        for (long size : trial.sizes()) {
            long first = trial.iova(size, 0);
            long last = trial.last() + 1 - size & -size;
            assertThat(trial.map(last, trial.paddr(size, 0), size, 1)).isEqualTo(size);
            trial.assertTranslates(last, trial.paddr(size, 0), size);
            if (first != last) {
                trial.assertUnmapped(first, size);
                assertThat(trial.map(first, trial.paddr(size, 1), size, 1)).isEqualTo(size);
                trial.assertTranslates(first, trial.paddr(size, 1), size);
                trial.assertTranslates(last, trial.paddr(size, 0), size);
                assertThat(trial.unmap(first, size, 1)).isEqualTo(size);
                trial.assertTranslates(last, trial.paddr(size, 0), size);
            }
            assertThat(trial.unmap(last, size, 1)).isEqualTo(size);
            trial.sync();
        }
    }

    @EachConfiguration
    default void lastIovaThatTheTableNamesTranslates(Trial trial) {
        long page = trial.page();
        long last = trial.table().lastIova() + 1 - page;
        assertThat(trial.map(trial.first(), 8 * page, page, 1)).isEqualTo(page);
        assertThat(trial.map(last, 9 * page, page, 1)).isEqualTo(page);
        trial.assertTranslates(last, 9 * page, page);
        List<Long> seen = new ArrayList<>();
        trial.table().walk(0, -1, (iova, paddr, size, descriptor, prot) -> seen.add(iova));
        assertThat(seen).containsExactly(trial.first(), last);
        assertThat(trial.unmap(last, page, 1)).isEqualTo(page);
        trial.assertUnmapped(last, page);
    }

    @EachConfiguration
    default void runsOfPagesGoOnOverTheEndsOfTables(Trial trial) {
        long page = trial.page();
        long inTable = trial.pagesInTable();
        long whole = (trial.last() - trial.first() + 1) / page;
        long start = Math.max(0, inTable - 3);
        long count = Math.min(inTable + 7, whole - start);
        long iova = trial.iova(page, start);
        Expected expected = new Expected(trial);
        expected.map(iova, 16 * page, page, count, trial.prot(), trial.map(iova, 16 * page, page, count));
        expected.assertMappedBy(trial);
        assertThat(trial.unmap(iova, page, count)).isEqualTo(count * page);
        assertThat(trial.table().survey().leaves()).isZero();
    }

    @EachConfiguration
    default void leafSaysTheProtectionItWasMappedWith(Trial trial) {
        Expected expected = new Expected(trial);
        long n = 0;
        for (long size : trial.sizes().subList(0, Math.min(2, trial.sizes().size()))) {
            for (int prot : trial.subject().protections().accepted()) {
                long iova = trial.iova(
                        size, n + trial.subject().protections().accepted().size());
                if (Long.compareUnsigned(iova + size - 1, trial.last()) > 0) {
                    continue;
                }
                long mapped = trial.table().mapPages(iova, trial.paddr(size, n), size, 1, prot);
                expected.map(iova, trial.paddr(size, n), size, 1, prot, mapped);
                n++;
            }
        }
        assertThat(n).as("leaves").isPositive();
        expected.assertMappedBy(trial);
    }
}
