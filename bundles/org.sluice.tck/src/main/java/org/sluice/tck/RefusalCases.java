package org.sluice.tck;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.util.Map;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.api.Prot;
import org.sluice.spi.pgtable.WalkerConfig;

/** What cannot be mapped is refused with the right error, and nothing of it is mapped. */
interface RefusalCases {
    @EachConfiguration
    default void pageSizeThatIsNotOfferedIsEinval(Trial trial) {
        long page = trial.page();
        long offered = trial.table().config().pageSizes();
        for (long size : new long[] {0, 1, page >>> 1, page | page << 1, page * 3, Long.MIN_VALUE, -1}) {
            if (Long.bitCount(size) != 1 || (offered & size) == 0) {
                trial.assertRefused(Errno.EINVAL, 0, () -> trial.map(trial.iova(page, 0), 0, size, 1));
                assertThat(trial.unmap(trial.iova(page, 0), size, 1)).isZero();
            }
        }
        assertThat(trial.table().survey().leaves()).isZero();
    }

    @EachConfiguration
    default void misalignedAddressIsRefused(Trial trial) {
        Errno errno = trial.subject().misaligned();
        for (long size : trial.sizes()) {
            long iova = trial.iova(size, 0);
            long paddr = trial.paddr(size, 0);
            for (long off : new long[] {1, 8, size / 2}) {
                trial.assertRefused(errno, 0, () -> trial.map(iova + off, paddr, size, 1));
                trial.assertRefused(errno, 0, () -> trial.map(iova, paddr + off, size, 1));
            }
        }
        assertThat(trial.table().survey().leaves()).isZero();
    }

    @EachConfiguration
    default void pageCountThatIsNotPositiveIsEinval(Trial trial) {
        long page = trial.page();
        for (long count : new long[] {0, -1, Long.MIN_VALUE}) {
            trial.assertRefused(Errno.EINVAL, 0, () -> trial.map(trial.iova(page, 0), page, page, count));
        }
        assertThat(trial.table().survey().leaves()).isZero();
    }

    @EachConfiguration
    default void protectionThatCannotBeExpressedIsRefused(Trial trial) {
        long page = trial.page();
        Protections protections = trial.subject().protections();
        for (int prot : new int[] {0, Prot.CACHE, Prot.NOEXEC | Prot.MMIO}) {
            refused(trial, prot, protections.refusal(), page);
        }
        protections.refused().forEach(prot -> refused(trial, prot, protections.refusal(), page));
        for (int prot : new int[] {protections.usual() | Prot.ALL + 1, protections.usual() | Integer.MIN_VALUE}) {
            refused(trial, prot, Errno.EINVAL, page);
        }
        assertThat(trial.table().survey().leaves()).isZero();
    }

    private static void refused(Trial trial, int prot, Errno errno, long page) {
        trial.assertRefused(errno, 0, () -> trial.table().mapPages(trial.iova(page, 0), page, page, 1, prot));
    }

    @EachConfiguration
    default void iovaOutsideTheAddressSpaceIsErangeAtBothEnds(Trial trial) {
        long page = trial.page();
        long first = trial.first();
        long last = trial.last();
        for (long outside : new long[] {first - page, last + 1, first ^ Long.MIN_VALUE}) {
            if (!trial.isIova(outside)) {
                trial.assertRefused(Errno.ERANGE, 0, () -> trial.map(outside, page, page, 1));
                assertThat(trial.unmap(outside, page, 1)).isZero();
                assertThat(trial.table().iovaToPhys(outside)).isZero();
            }
        }
        assertThat(trial.table().survey().leaves()).isZero();
    }

    @EachConfiguration
    default void runOverTheEndOfTheAddressSpaceIsErangeAndMapsNothing(Trial trial) {
        for (long size : trial.sizes()) {
            long lastLeaf = trial.last() + 1 - size & -size;
            if (trial.isIova(lastLeaf + size)) {
                continue;
            }
            trial.assertRefused(Errno.ERANGE, 0, () -> trial.map(lastLeaf, trial.paddr(size, 0), size, 2));
            trial.assertRefused(Errno.ERANGE, 0, () -> trial.map(lastLeaf, trial.paddr(size, 0), size, Long.MAX_VALUE));
        }
        assertThat(trial.table().survey().leaves()).isZero();
    }

    @EachConfiguration
    default void paddrOutsideTheOutputSizeIsErange(Trial trial) {
        long end = 1L << trial.table().config().outputBits();
        for (long size : trial.sizes()) {
            long iova = trial.iova(size, 0);
            for (long outside : new long[] {end, -size}) {
                trial.assertRefused(Errno.ERANGE, 0, () -> trial.map(iova, outside, size, 1));
            }
            if (Long.compareUnsigned(2 * size - 1, trial.last() - iova) <= 0) {
                trial.assertRefused(Errno.ERANGE, 0, () -> trial.map(iova, end - size, size, 2));
            }
            assertThat(trial.map(iova, end - size, size, 1)).isEqualTo(size);
            trial.assertTranslates(iova, end - size, size);
            assertThat(trial.unmap(iova, size, 1)).isEqualTo(size);
            trial.sync();
        }
    }

    @EachConfiguration
    default void configurationWithoutPageSizesIsEinvalAndKeepsNothing(Trial trial) {
        IommuException refused = catchThrowableOfType(
                IommuException.class,
                () -> trial.subject().format().create(trial.config().withPageSizes(0), trial.ledger()));
        assertThat(refused).as("creation without page sizes").isNotNull();
        assertThat(refused.errno()).isEqualTo(Errno.EINVAL);
        assertThat(trial.ledger().live()).isEmpty();
    }

    /** Only a format whose tree grows at the top asks for another root. */
    @EachConfiguration
    default void mapThatNeedsAnotherRootIsRefusedWhereTheHardwareCannotFollow(Trial trial) {
        long page = trial.page();
        trial.map(trial.iova(page, 0), 8 * page, page, 1);
        Map<Long, byte[]> before = trial.contents();
        WalkerConfig walker = trial.table().walkerConfig();
        long last = trial.table().lastIova() + 1 - page;
        trial.ledger().refuseMoves(true);
        Throwable refused = catchThrowable(() -> trial.map(last, 9 * page, page, 1));
        trial.ledger().refuseMoves(false);
        if (refused != null) {
            trial.assertRefused(Errno.EOPNOTSUPP, 0, () -> {
                throw (RuntimeException) refused;
            });
            assertThat(trial.contents()).containsExactlyInAnyOrderEntriesOf(before);
            assertThat(trial.table().walkerConfig()).isEqualTo(walker);
            trial.assertUnmapped(last, page);
            assertThat(trial.map(last, 9 * page, page, 1)).as("where it can").isEqualTo(page);
        }
        trial.assertTranslates(last, 9 * page, page);
        trial.assertTranslates(trial.iova(page, 0), 8 * page, page);
    }

    @EachConfiguration
    default void everyRefusalNamesItsValue(Trial trial) {
        long page = trial.page();
        long odd = trial.iova(page, 0) + 8;
        IommuException refused = catchThrowableOfType(IommuException.class, () -> trial.map(odd, page, page, 1));
        assertThat(refused).hasMessageContaining(Long.toHexString(odd));
        long outside = trial.last() + 1;
        if (!trial.isIova(outside)) {
            refused = catchThrowableOfType(IommuException.class, () -> trial.map(outside, page, page, 1));
            assertThat(refused).hasMessageContaining(Long.toHexString(outside));
        }
    }
}
