package org.sluice.tck;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.api.IotlbGather;
import org.sluice.spi.pgtable.BlockSplitting;

/** A block becomes a table of smaller leaves that map the same; for tables that are declared to do that. */
interface SplitCases {
    @EachConfiguration
    default void splitBlockMapsTheSameByTheNextSmallerLeaves(Trial trial) {
        for (Block block : Block.all(trial)) {
            for (int prot : trial.subject().protections().accepted()) {
                block.map(trial, prot);
                List<MergedRanges.Range> before = MergedRanges.of(trial.table(), trial.first(), trial.last());
                long bytes = trial.ledger().liveBytes();
                assertThat(trial.split(block.iova() + block.size() / 2 + 5, true))
                        .as("size of the leaves of 0x%x", block.size())
                        .isEqualTo(block.part());
                assertThat(MergedRanges.of(trial.table(), trial.first(), trial.last()))
                        .as("what is mapped, with 0x%x", prot)
                        .isEqualTo(before);
                assertThat(trial.table().survey().leavesBySize())
                        .isEqualTo(Map.of(block.part(), block.size() / block.part()));
                assertThat(trial.ledger().liveBytes()).as("one table more").isGreaterThan(bytes);
                trial.assertTranslates(block.iova(), block.paddr(), block.size());
                assertThat(trial.unmap(block.iova(), block.size(), 1)).isEqualTo(block.size());
                trial.sync();
            }
        }
    }

    @EachConfiguration
    default void partsOfASplitBlockAreUnmappedOneByOne(Trial trial) {
        for (Block block : Block.all(trial)) {
            block.map(trial, trial.prot());
            trial.split(block.iova(), true);
            long before = block.parts() > 4 ? 3 * block.part() : 0;
            long hole = block.iova() + before;
            long behind = block.size() - before - block.part();
            assertThat(trial.unmap(hole, block.part(), 1)).isEqualTo(block.part());
            trial.assertUnmapped(hole, block.part());
            if (before != 0) {
                trial.assertTranslates(block.iova(), block.paddr(), before);
            }
            trial.assertTranslates(hole + block.part(), block.paddr() + before + block.part(), behind);
            assertThat(trial.map(hole, trial.paddr(block.part(), 2), block.part(), 1))
                    .isEqualTo(block.part());
            assertThat(trial.unmap(block.iova(), block.size(), 1)).isEqualTo(block.size());
            assertThat(trial.table().survey().leaves()).isZero();
            trial.sync();
        }
    }

    @EachConfiguration
    default void splittingNeedsHardwareThatAcceptsIt(Trial trial) {
        for (Block block : Block.all(trial)) {
            block.map(trial, trial.prot());
            Map<Long, byte[]> before = trial.contents();
            refused(Errno.EOPNOTSUPP, () -> trial.split(block.iova(), false));
            assertThat(trial.contents()).containsExactlyInAnyOrderEntriesOf(before);
            assertThat(trial.unmap(block.iova(), block.size(), 1)).isEqualTo(block.size());
            trial.sync();
        }
    }

    @EachConfiguration
    default void splittingNothingOrTheSmallestPageIsZero(Trial trial) {
        if (!trial.splits()) {
            return;
        }
        long page = trial.page();
        trial.map(trial.iova(page, 1), trial.paddr(page, 1), page, 1);
        Map<Long, byte[]> before = trial.contents();
        for (long iova : new long[] {trial.iova(page, 0), trial.iova(page, 1), trial.last()}) {
            assertThat(trial.split(iova, true)).as("0x%x", iova).isZero();
        }
        assertThat(trial.contents()).containsExactlyInAnyOrderEntriesOf(before);
    }

    @EachConfiguration
    default void leavesThatAreNotOfferedAreNotMade(Trial trial) {
        for (Block block : Block.withoutParts(trial)) {
            block.map(trial, trial.prot());
            Map<Long, byte[]> before = trial.contents();
            refused(Errno.EOPNOTSUPP, () -> trial.split(block.iova(), true));
            assertThat(trial.contents()).containsExactlyInAnyOrderEntriesOf(before);
            assertThat(trial.unmap(block.iova(), block.size(), 1)).isEqualTo(block.size());
            trial.sync();
        }
    }

    @EachConfiguration
    default void splitWithoutMemoryIsEnomemAndChangesNothing(Trial trial) {
        for (Block block : Block.all(trial)) {
            block.map(trial, trial.prot());
            Map<Long, byte[]> before = trial.contents();
            trial.ledger().failAfter(0);
            refused(Errno.ENOMEM, () -> trial.split(block.iova(), true));
            trial.ledger().failAfter(Long.MAX_VALUE);
            assertThat(trial.contents()).containsExactlyInAnyOrderEntriesOf(before);
            trial.assertTranslates(block.iova(), block.paddr(), block.size());
            assertThat(trial.unmap(block.iova(), block.size(), 1)).isEqualTo(block.size());
            trial.sync();
        }
    }

    @EachConfiguration
    default void splitBlockTranslatesAtEveryMoment(Trial trial) {
        for (Block block : Block.all(trial)) {
            Trial apart = trial.another(true);
            block.map(apart, apart.prot());
            List<Long> wrong = new ArrayList<>();
            apart.ledger().interruptions().beforeEachWrite(() -> {
                for (long offset : new long[] {0, block.size() / 2 + 5, block.size() - 1}) {
                    if (apart.table().unwatched().iovaToPhys(block.iova() + offset) != block.paddr() + offset) {
                        wrong.add(offset);
                    }
                }
            });
            assertThat(apart.split(block.iova(), true)).isEqualTo(block.part());
            apart.ledger().interruptions().none();
            assertThat(wrong)
                    .as("offsets in a block of 0x%x that did not translate meanwhile", block.size())
                    .isEmpty();
            apart.assertTranslates(block.iova(), block.paddr(), block.size());
            apart.finish();
        }
    }

    @EachConfiguration
    default void splittingDoesNotBringBackABlockThatWasUnmappedMeanwhile(Trial trial) {
        for (Block block : Block.all(trial)) {
            block.map(trial, trial.prot());
            IotlbGather other = new IotlbGather();
            trial.ledger()
                    .duringNextAllocation(
                            () -> trial.table().unwatched().unmapPages(block.iova(), block.size(), 1, other));
            assertThat(trial.split(block.iova(), true))
                    .as("no block is there any more")
                    .isZero();
            trial.assertUnmapped(block.iova(), block.size());
            assertThat(trial.table().survey().leaves()).isZero();
        }
    }

    @EachConfiguration
    default void leavesOfASplitBlockAreAsDirtyAsItWas(Trial trial) {
        for (Block block : trial.tracks() ? Block.all(trial) : List.<Block>of()) {
            for (boolean dirty : new boolean[] {false, true}) {
                block.map(trial, trial.prot());
                DirtyPass.read(trial, block.iova(), block.size(), true);
                if (dirty) {
                    LeafEntries.of(trial, block.iova()).mark(0);
                }
                trial.split(block.iova(), true);
                assertThat(DirtyPass.read(trial, block.iova(), block.size(), true))
                        .hasSize(dirty ? (int) (block.size() / block.part()) : 0);
                assertThat(trial.unmap(block.iova(), block.size(), 1)).isEqualTo(block.size());
                trial.sync();
            }
        }
    }

    @EachConfiguration
    default void successorSplitsWhatItsPredecessorMapped(Trial trial) {
        for (Block block : Block.all(trial)) {
            block.map(trial, trial.prot());
            trial.takeOver(trial.adopt(trial.table().walkerConfig().root()));
            assertThat(trial.split(block.iova(), true)).isEqualTo(block.part());
            trial.takeOver(trial.adopt(trial.table().walkerConfig().root()));
            trial.assertTranslates(block.iova(), block.paddr(), block.size());
            assertThat(trial.unmap(block.iova(), block.size(), 1)).isEqualTo(block.size());
            trial.sync();
        }
    }

    /** Deterministic part of the next case: the block becomes a table while a look-up is on its way. */
    @EachConfiguration
    default void lookUpThatMeetsASplitTranslates(Trial trial) {
        for (Block block : Block.all(trial)) {
            for (int reads = 1; reads <= 4; reads++) {
                Trial apart = trial.another(true);
                block.map(apart, apart.prot());
                long entry = LeafEntries.of(apart, block.iova()).word(0);
                apart.ledger()
                        .interruptions()
                        .afterRead(
                                entry,
                                reads,
                                () -> ((BlockSplitting) apart.table().unwatched()).split(block.iova(), true));
                assertThat(apart.table().iovaToPhys(block.iova() + block.size() - 1))
                        .as("split after read %d of the block", reads)
                        .isEqualTo(block.paddr() + block.size() - 1);
                apart.ledger().interruptions().none();
                apart.finish();
            }
        }
    }

    @EachConfiguration
    default void rangeThatWasCutIsUnmappedExactly(Trial trial) {
        for (Block block : Block.all(trial)) {
            long page = trial.page();
            boolean pages = block.part() == page;
            long below = trial.sizes().stream()
                    .filter(size -> size > page && size <= block.part())
                    .count();
            int splits = (int) below + 1;
            long before = block.parts() > 4 ? 3 * block.part() : 0;
            long from = block.iova() + before;
            long bytes = pages ? 5 * page : block.part() + page;
            block.map(trial, trial.prot());
            BlockSplitting splitting = (BlockSplitting) trial.table().unwatched();
            assertThat(splitting.cut(from, bytes, true)).as("splits").isEqualTo(splits);
            trial.assertTranslates(block.iova(), block.paddr(), block.size());
            assertThat(splitting.cut(from, bytes, false))
                    .as("nothing lies across any more")
                    .isZero();
            long unmapped = trial.unmap(from, block.part(), bytes / block.part());
            unmapped += pages ? 0 : trial.unmap(from + block.part(), page, 1);
            assertThat(unmapped).isEqualTo(bytes);
            trial.assertUnmapped(from, bytes);
            if (before != 0) {
                trial.assertTranslates(block.iova(), block.paddr(), before);
            }
            trial.assertTranslates(from + bytes, block.paddr() + before + bytes, block.size() - before - bytes);
            assertThat(trial.unmap(block.iova(), block.size(), 1)).isEqualTo(block.size());
            trial.sync();
        }
    }

    @EachConfiguration
    default void threadsTranslateWhileABlockIsSplit(Trial trial) {
        for (Block block : Block.all(trial)) {
            Trial apart = trial.another(false);
            Lanes lanes = new Lanes(apart.ledger());
            apart.takeOver(trial.subject().format().create(trial.config(), lanes));
            var table = apart.table().unwatched();
            lanes.run(lane -> {
                IotlbGather gather = new IotlbGather();
                for (int round = 0; round < 40; round++) {
                    if (lane == 0) {
                        table.mapPages(block.iova(), block.paddr(), block.size(), 1, trial.prot());
                    }
                    lanes.meet();
                    if (lane == 0) {
                        lanes.operation(() -> ((BlockSplitting) table).split(block.iova(), true));
                    }
                    for (long at = lane; at < block.size(); at += block.size() / 16) {
                        long offset = at;
                        assertThat(lanes.operation(() -> table.iovaToPhys(block.iova() + offset)))
                                .isEqualTo(block.paddr() + offset);
                    }
                    lanes.meet();
                    if (lane == 0) {
                        table.unmapPages(block.iova(), block.size(), 1, gather);
                        lanes.sync(gather);
                    }
                }
            });
            apart.finish();
        }
    }

    private static void refused(Errno errno, Runnable split) {
        Throwable thrown = catchThrowable(split::run);
        assertThat(thrown).as("split").isInstanceOf(IommuException.class);
        assertThat(((IommuException) thrown).errno()).as("%s", thrown).isEqualTo(errno);
    }

    /** A block that can be split, and the size of the leaves that it becomes. */
    record Block(long iova, long paddr, long size, long part) {
        long parts() {
            return size / part;
        }

        /** Those of a table that splits, whose next smaller leaves are offered. */
        static List<Block> all(Trial trial) {
            return blocks(trial, true);
        }

        /** Those whose next smaller leaves are not offered. */
        static List<Block> withoutParts(Trial trial) {
            return blocks(trial, false);
        }

        private static List<Block> blocks(Trial trial, boolean offered) {
            List<Block> blocks = new ArrayList<>();
            for (long size : trial.splits() ? trial.tableSizes() : List.<Long>of()) {
                long smaller =
                        trial.subject().tableSpans().applyAsLong(trial.table().config()) & size - 1;
                long entry = smaller == 0 ? trial.page() : Long.highestOneBit(smaller);
                long sizes = trial.table().config().pageSizes();
                if (((sizes & entry) != 0) == offered) {
                    // A leaf of several entries may be the next smaller one.
                    long part = offered ? Long.highestOneBit(sizes & size - 1) : entry;
                    blocks.add(new Block(trial.iova(size, 0), trial.paddr(size, 0), size, part));
                }
            }
            return blocks;
        }

        void map(Trial trial, int prot) {
            assertThat(trial.table().mapPages(iova, paddr, size, 1, prot)).isEqualTo(size);
        }
    }
}
