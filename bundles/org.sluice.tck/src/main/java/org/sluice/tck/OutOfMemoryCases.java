package org.sluice.tck;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.spi.pgtable.MappingException;

/** Memory for tables runs out at the first allocation, at the second, and so on until there is enough. */
interface OutOfMemoryCases {
    @EachConfiguration
    default void enomemAtEachAllocationLeavesNothingMappedAndNothingLeaks(Trial trial) {
        List<Long> sizes = trial.sizes();
        for (long size : sizes.subList(0, Math.min(3, sizes.size()))) {
            boolean complete = false;
            for (int allocations = 0; !complete; allocations++) {
                Trial poor = trial.another(false);
                poor.ledger().failAfter(allocations);
                complete = attempt(poor, size);
                poor.finish();
                assertThat(poor.ledger().live())
                        .as("after %d allocations", allocations)
                        .isEmpty();
                assertThat(allocations).as("allocations").isLessThan(64);
            }
        }
    }

    /** Maps over the end of a table, in the middle of the space; true if there was memory enough. */
    private static boolean attempt(Trial poor, long size) {
        try {
            poor.table();
        } catch (IommuException refused) {
            assertThat(refused.errno()).isEqualTo(Errno.ENOMEM);
            assertThat(poor.ledger().live())
                    .as("tables of a creation that failed")
                    .isEmpty();
            return false;
        }
        long places = (poor.last() - poor.iova(size, 0) + 1) / size;
        long targets = (1L << poor.table().config().outputBits()) / size - 2;
        long count = Math.max(1, Math.min(Math.min(places, targets), 8));
        List<Long> starts = new ArrayList<>(List.of(0L));
        if (places > 16) {
            starts.add(places / 2 - 3);
        }
        boolean complete = true;
        for (long start : starts) {
            complete &= mapOrRollBack(poor, poor.iova(size, start), size, count);
        }
        return complete;
    }

    private static boolean mapOrRollBack(Trial poor, long iova, long size, long count) {
        long leaves = poor.table().survey().leaves();
        try {
            poor.map(iova, poor.paddr(size, 0), size, 1);
            return count == 1 || poor.map(iova + size, poor.paddr(size, 1), size, count - 1) == size * (count - 1);
        } catch (MappingException refused) {
            assertThat(refused.errno()).isEqualTo(Errno.ENOMEM);
            long done = poor.table().iovaToPhys(iova + 5) == 0 ? refused.mapped() : size + refused.mapped();
            if (done != 0) {
                assertThat(poor.unmap(iova, size, done / size)).as("roll-back").isEqualTo(done);
            }
            poor.assertUnmapped(iova, size * count);
            assertThat(poor.table().survey().leaves())
                    .as("leaves after the roll-back")
                    .isEqualTo(leaves);
            poor.sync();
            poor.ledger().failAfter(Long.MAX_VALUE);
            assertThat(poor.map(iova, poor.paddr(size, 0), size, 1))
                    .as("with memory again")
                    .isEqualTo(size);
            assertThat(poor.unmap(iova, size, 1)).isEqualTo(size);
            poor.sync();
            return false;
        }
    }
}
