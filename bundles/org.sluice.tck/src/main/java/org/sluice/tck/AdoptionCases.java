package org.sluice.tck;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.spi.memory.MemoryRegion;
import org.sluice.spi.memory.PhysicalMemory;
import org.sluice.spi.pgtable.PageTable;

/** A successor takes over tables that are in memory already, if they are sound. */
interface AdoptionCases {
    @EachConfiguration
    default void adoptedTablesMapTheSameAndNothingIsWritten(Trial trial) {
        Expected expected = new Population(trial).fill(30);
        PageTable old = trial.table().unwatched();
        Map<Long, byte[]> before = trial.contents();

        PageTable successor = trial.adopt(old.walkerConfig().root());

        assertThat(trial.contents()).as("tables").containsExactlyInAnyOrderEntriesOf(before);
        assertThat(successor.survey()).isEqualTo(old.survey());
        assertThat(successor.survey().digest()).isEqualTo(old.survey().digest());
        assertThat(successor.config()).isEqualTo(old.config());
        assertThat(successor.walkerConfig()).isEqualTo(old.walkerConfig());
        assertThat(successor.firstIova()).isEqualTo(old.firstIova());
        assertThat(successor.lastIova()).isEqualTo(old.lastIova());
        assertThat(MergedRanges.of(successor, old.firstIova(), old.lastIova()))
                .isEqualTo(MergedRanges.of(old, old.firstIova(), old.lastIova()));
        trial.takeOver(successor);
        expected.assertMappedBy(trial);
    }

    @EachConfiguration
    default void successorGoesOnMappingAndUnmapping(Trial trial) {
        new Population(trial).fill(6);
        trial.takeOver(trial.adopt(trial.table().walkerConfig().root()));
        List<long[]> leaves = new ArrayList<>();
        trial.table().walk(trial.first(), trial.last(), (iova, paddr, size, descriptor, prot) -> {
            leaves.add(new long[] {iova, paddr, size});
            return true;
        });
        for (long[] leaf : leaves) {
            trial.assertRefused(Errno.EEXIST, 0, () -> trial.map(leaf[0], trial.paddr(leaf[2], 3), leaf[2], 1));
            trial.assertTranslates(leaf[0], leaf[1], leaf[2]);
            assertThat(trial.unmap(leaf[0], leaf[2], 1)).isEqualTo(leaf[2]);
            trial.assertUnmapped(leaf[0], leaf[2]);
            assertThat(trial.map(leaf[0], trial.paddr(leaf[2], 3), leaf[2], 1)).isEqualTo(leaf[2]);
            assertThat(trial.unmap(leaf[0], leaf[2], 1)).isEqualTo(leaf[2]);
            trial.sync();
        }
        assertThat(trial.table().survey().leaves()).isZero();
    }

    @EachConfiguration
    default void rootThatIsMisalignedOrNotMemoryIsRefused(Trial trial) {
        long root = trial.table().walkerConfig().root();
        for (long bad : new long[] {root + 8, root + 32, 0, -4096, TableLedger.POOL.last() + 1}) {
            refuses(trial, bad);
        }
    }

    @EachConfiguration
    default void tableThatIsReachedTwiceIsRefused(Trial trial) {
        long page = trial.page();
        trial.map(trial.iova(page, 0), 8 * page, page, 1);
        trial.map(trial.last() + 1 - page, 9 * page, page, 1);
        long root = trial.table().walkerConfig().root();
        List<Long> entries = entries(trial, root);
        if (trial.ledger().live().size() < 3 || entries.size() < 2) {
            return; // the root holds the pages itself, or every way begins in one entry
        }
        byte[] original = descriptor(trial, entries.get(0));
        trial.ledger()
                .memory()
                .write(entries.get(0), descriptor(trial, entries.get(entries.size() - 1)), 0, original.length);
        refuses(trial, root);
        trial.ledger().memory().write(entries.get(0), original, 0, original.length);
        assertThat(trial.adopt(root).survey())
                .as("after the repair")
                .isEqualTo(trial.table().survey());
    }

    @EachConfiguration
    default void tablesThatLeadOutOfMemoryAreRefusedWithoutAnAbort(Trial trial) {
        Trial apart = trial.another(false);
        apart.ledger().spread(1 << 21);
        long page = apart.page();
        apart.map(apart.iova(page, 0), 8 * page, page, 1);
        long root = apart.table().walkerConfig().root();
        if (apart.ledger().live().size() > 1) {
            byte[] bytes = new byte[Math.toIntExact(apart.ledger().live().get(root))];
            apart.ledger().memory().read(root, bytes, 0, bytes.length);
            MemoryRegion alone = new MemoryRegion(root & -0x1_0000L, Math.max(0x1_0000L, bytes.length));
            PhysicalMemory island = trial.factory().create(List.of(alone));
            island.write(root, bytes, 0, bytes.length);
            refused(catchThrowable(() -> trial.subject().format().adopt(trial.config(), root, new MemoryOnly(island))));
        }
        apart.finish();
    }

    /** Garbage is refused, or it is tables by chance: then they can be inspected. */
    @EachConfiguration
    default void randomWordsNeverMakeAnythingButARefusal(Trial trial) {
        Random random = new Random(11);
        new Population(trial).fill(3);
        long root = trial.table().walkerConfig().root();
        List<Long> tables = new ArrayList<>(trial.ledger().live().keySet());
        int width = trial.subject().descriptorBytes();
        for (int round = 0; round < 300; round++) {
            long table = tables.get(random.nextInt(tables.size()));
            long words = trial.ledger().live().get(table) / width;
            long at = table + width * (long) random.nextInt((int) words);
            byte[] original = descriptor(trial, at);
            byte[] garbage = original.clone();
            if (round % 2 == 0) {
                random.nextBytes(garbage);
            } else {
                garbage[random.nextInt(width)] ^= (byte) (1 << random.nextInt(8));
            }
            trial.ledger().memory().write(at, garbage, 0, width);
            Throwable thrown = catchThrowable(() -> inspect(trial, trial.adopt(root)));
            if (thrown != null) {
                refused(thrown);
            }
            trial.ledger().memory().write(at, original, 0, width);
        }
    }

    private static void inspect(Trial trial, PageTable adopted) {
        long[] leaves = {0};
        adopted.walk(trial.first(), trial.last(), (iova, paddr, size, descriptor, prot) -> {
            leaves[0]++;
            return true;
        });
        assertThat(adopted.survey().leaves()).isEqualTo(leaves[0]);
    }

    private static void refuses(Trial trial, long root) {
        Map<Long, byte[]> before = trial.contents();
        refused(catchThrowable(() -> trial.adopt(root)));
        assertThat(trial.contents()).as("tables after a refusal").containsExactlyInAnyOrderEntriesOf(before);
    }

    private static void refused(Throwable thrown) {
        assertThat(thrown).as("adoption").isInstanceOf(IommuException.class);
        assertThat(((IommuException) thrown).errno()).as("%s", thrown).isEqualTo(Errno.EINVAL);
    }

    /** Addresses of the descriptors of a table that are not 0. */
    private static List<Long> entries(Trial trial, long table) {
        int width = trial.subject().descriptorBytes();
        List<Long> entries = new ArrayList<>();
        for (long at = table; at < table + trial.ledger().live().get(table); at += width) {
            for (byte part : descriptor(trial, at)) {
                if (part != 0) {
                    entries.add(at);
                    break;
                }
            }
        }
        return entries;
    }

    private static byte[] descriptor(Trial trial, long at) {
        byte[] bytes = new byte[trial.subject().descriptorBytes()];
        trial.ledger().memory().read(at, bytes, 0, bytes.length);
        return bytes;
    }
}
