package org.sluice.tck;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.api.IotlbGather;
import org.sluice.api.LeafVisitor;
import org.sluice.api.Prot;
import org.sluice.spi.pgtable.DirtyTracking;

/** What hardware marked is read, and cleared where that is asked for; for tables that are declared to track it. */
interface DirtyCases {
    /** Reads of one entry by one pass, after each of which something may happen. */
    int READS = 4;

    @EachConfiguration
    default void leafIsDirtyFromItsMarkUntilItIsCleared(Trial trial) {
        for (long size : DirtyPass.sizes(trial)) {
            DirtyPass pass = DirtyPass.over(trial, size, 3);
            List<Long> all = List.of(pass.iova(0), pass.iova(1), pass.iova(2));
            boolean born = trial.subject().abilities().dirty().fromTheStart();
            assertThat(pass.dirty(true)).as("from the start").isEqualTo(born ? all : List.of());
            assertThat(pass.dirty(true)).as("after they were cleared").isEmpty();
            pass.entries(1).mark(0);
            assertThat(pass.dirty(false)).containsExactly(pass.iova(1));
            assertThat(pass.dirty(false)).as("again, since nothing was cleared").containsExactly(pass.iova(1));
            assertThat(pass.dirty(true)).containsExactly(pass.iova(1));
            assertThat(pass.dirty(true)).isEmpty();
            pass.unmap();
        }
    }

    @EachConfiguration
    default void leafIsDirtyWhenAnyOfItsEntriesIs(Trial trial) {
        for (long size : DirtyPass.sizes(trial)) {
            DirtyPass pass = DirtyPass.over(trial, size, 2);
            pass.dirty(true);
            LeafEntries entries = pass.entries(1);
            for (int number : new int[] {0, entries.count() / 2, entries.count() - 1}) {
                entries.mark(number);
                assertThat(pass.dirty(true))
                        .as("entry %d of 0x%x", number, size)
                        .containsExactly(pass.iova(1));
                assertThat(pass.dirty(true)).as("entry %d, cleared", number).isEmpty();
            }
            for (int number = 0; number < entries.count(); number++) {
                entries.mark(number);
            }
            assertThat(pass.dirty(true)).as("told once").containsExactly(pass.iova(1));
            assertThat(pass.dirty(true)).as("every mark is cleared").isEmpty();
            pass.unmap();
        }
    }

    @EachConfiguration
    default void whatCannotBeWrittenIsNeverDirtyFromTheStart(Trial trial) {
        if (!trial.tracks()) {
            return;
        }
        long page = trial.page();
        long n = 0;
        List<Long> writable = new ArrayList<>();
        for (int prot : trial.subject().protections().accepted()) {
            long iova = trial.iova(page, n++);
            trial.table().mapPages(iova, trial.paddr(page, n), page, 1, prot);
            if ((prot & Prot.WRITE) != 0) {
                writable.add(iova);
            }
        }
        boolean born = trial.subject().abilities().dirty().fromTheStart();
        assertThat(DirtyPass.read(trial, trial.iova(page, 0), n * page, false)).isEqualTo(born ? writable : List.of());
    }

    @EachConfiguration
    default void readingWithoutClearingWritesNothingAndNeedsNoGather(Trial trial) {
        for (long size : DirtyPass.sizes(trial)) {
            DirtyPass pass = DirtyPass.over(trial, size, 2);
            pass.entries(0).mark(0);
            Map<Long, byte[]> before = trial.contents();
            List<Long> seen = new ArrayList<>();
            trial.dirtyTracking().readDirty(pass.iova(0), size, false, null, (iova, paddr, bytes, entry, prot) -> {
                assertThat(paddr).isEqualTo(trial.table().iovaToPhys(iova));
                assertThat(bytes).isEqualTo(size);
                return seen.add(iova);
            });
            assertThat(seen).containsExactly(pass.iova(0));
            assertThat(trial.contents()).containsExactlyInAnyOrderEntriesOf(before);
            pass.unmap();
        }
    }

    @EachConfiguration
    default void clearingChangesNothingButTheMark(Trial trial) {
        for (long size : DirtyPass.sizes(trial)) {
            DirtyPass pass = DirtyPass.over(trial, size, 2);
            pass.dirty(true);
            Map<Long, byte[]> clean = trial.contents();
            var survey = trial.table().survey();
            pass.entries(0).mark(pass.entries(0).count() - 1);
            assertThat(trial.table().survey()).as("a mark changes no mapping").isEqualTo(survey);
            pass.dirty(true);
            assertThat(trial.contents()).containsExactlyInAnyOrderEntriesOf(clean);
            assertThat(trial.table().survey()).isEqualTo(survey);
            trial.assertTranslates(pass.iova(0), pass.paddr(0), size);
            pass.unmap();
        }
    }

    @EachConfiguration
    default void whatWasClearedIsInTheGatherAndNothingElse(Trial trial) {
        for (long size : DirtyPass.sizes(trial)) {
            DirtyPass pass = DirtyPass.over(trial, size, 3);
            pass.dirty(true);
            IotlbGather gather = trial.gather();
            pass.dirty(true);
            assertThat(gather.isEmpty()).as("nothing was cleared").isTrue();
            pass.entries(1).mark(0);
            pass.dirty(false);
            assertThat(gather.isEmpty()).as("nothing was asked to be cleared").isTrue();
            trial.dirtyTracking()
                    .readDirty(pass.iova(0), 3 * size, true, gather, (iova, paddr, bytes, entry, prot) -> true);
            assertThat(gather.isEmpty()).as("gather is empty").isFalse();
            assertThat(gather.start()).isEqualTo(pass.iova(1));
            assertThat(gather.end()).isEqualTo(pass.iova(1) + size - 1);
            assertThat(gather.pageSize()).isBetween(1L, size);
            assertThat(gather.tableCount()).isZero();
            trial.sync();
            pass.unmap();
        }
    }

    @EachConfiguration
    default void leavesThatTheRangeTouchesAreTakenWholeAndNoOthers(Trial trial) {
        for (long size : DirtyPass.sizes(trial)) {
            DirtyPass pass = DirtyPass.over(trial, size, 4);
            pass.dirty(true);
            for (int leaf = 0; leaf < 4; leaf++) {
                pass.entries(leaf).mark(0);
            }
            assertThat(DirtyPass.read(trial, pass.iova(2) - 1, 2, true)).containsExactly(pass.iova(1), pass.iova(2));
            assertThat(DirtyPass.read(trial, pass.iova(3) + size - 1, 1, true)).containsExactly(pass.iova(3));
            assertThat(pass.dirty(true)).as("those beside the range").containsExactly(pass.iova(0));
            pass.unmap();
        }
    }

    @EachConfiguration
    default void visitorThatStopsLeavesTheMarksBehindIt(Trial trial) {
        for (long size : DirtyPass.sizes(trial)) {
            DirtyPass pass = DirtyPass.over(trial, size, 4);
            pass.dirty(true);
            for (int leaf = 0; leaf < 4; leaf++) {
                pass.entries(leaf).mark(0);
            }
            List<Long> seen = new ArrayList<>();
            trial.dirtyTracking()
                    .readDirty(pass.iova(0), 4 * size, true, trial.gather(), (iova, paddr, bytes, entry, prot) -> {
                        seen.add(iova);
                        return seen.size() < 2;
                    });
            trial.sync();
            assertThat(seen).containsExactly(pass.iova(0), pass.iova(1));
            assertThat(pass.dirty(true)).containsExactly(pass.iova(2), pass.iova(3));
            pass.unmap();
        }
    }

    @EachConfiguration
    default void dirtyLeafIsUnmappedLikeACleanOneAndItsPlaceIsAsNew(Trial trial) {
        for (long size : DirtyPass.sizes(trial)) {
            DirtyPass pass = DirtyPass.over(trial, size, 1);
            pass.dirty(true);
            pass.entries(0).mark(pass.entries(0).count() - 1);
            trial.assertRefused(Errno.EEXIST, 0, () -> trial.map(pass.iova(0), pass.paddr(0), size, 1));
            pass.unmap();
            trial.assertUnmapped(pass.iova(0), size);
            assertThat(pass.dirty(true)).isEmpty();
            trial.map(pass.iova(0), pass.paddr(0), size, 1);
            boolean born = trial.subject().abilities().dirty().fromTheStart();
            assertThat(pass.dirty(true)).hasSize(born ? 1 : 0);
            pass.unmap();
        }
    }

    @EachConfiguration
    default void successorSeesTheMarks(Trial trial) {
        for (long size : DirtyPass.sizes(trial)) {
            DirtyPass pass = DirtyPass.over(trial, size, 2);
            pass.dirty(true);
            pass.entries(1).mark(pass.entries(1).count() - 1);
            trial.takeOver(trial.adopt(trial.table().walkerConfig().root()));
            assertThat(pass.dirty(true)).containsExactly(pass.iova(1));
            assertThat(pass.dirty(true)).isEmpty();
            pass.unmap();
        }
    }

    @EachConfiguration
    default void argumentsThatCannotBeAreEinvalAndClearNothing(Trial trial) {
        if (!trial.tracks()) {
            return;
        }
        long page = trial.page();
        DirtyPass pass = DirtyPass.over(trial, page, 1);
        pass.dirty(true);
        pass.entries(0).mark(0);
        LeafVisitor all = (iova, paddr, bytes, entry, prot) -> true;
        DirtyTracking tracking = trial.dirtyTracking();
        for (long size : new long[] {0, -1, Long.MIN_VALUE}) {
            refused(Errno.EINVAL, () -> tracking.readDirty(pass.iova(0), size, true, trial.gather(), all));
        }
        refused(Errno.EINVAL, () -> tracking.readDirty(pass.iova(0), page, true, null, all));
        assertThat(pass.dirty(false)).containsExactly(pass.iova(0));
    }

    @EachConfiguration
    default void marksAreNotClearedWhereTheDeviceIsNotExcluded(Trial trial) {
        if (!trial.tracks()) {
            return;
        }
        Trial apart = trial.another(true);
        apart.ledger().withoutAtomicAccess();
        DirtyPass pass = DirtyPass.over(apart, apart.page(), 1);
        pass.entries(0).mark(0);
        refused(
                Errno.EOPNOTSUPP,
                () -> apart.dirtyTracking()
                        .readDirty(
                                pass.iova(0),
                                apart.page(),
                                true,
                                apart.gather(),
                                (iova, paddr, bytes, entry, prot) -> true));
        assertThat(pass.dirty(false)).containsExactly(pass.iova(0));
        apart.finish();
    }

    private static void refused(Errno errno, Runnable read) {
        Throwable thrown = catchThrowable(read::run);
        assertThat(thrown).isInstanceOf(IommuException.class);
        assertThat(((IommuException) thrown).errno()).as("%s", thrown).isEqualTo(errno);
    }

    @EachConfiguration
    default void clearingDoesNotBringBackALeafThatWasUnmappedMeanwhile(Trial trial) {
        for (int reads = 1; reads <= READS && trial.tracks(); reads++) {
            Trial apart = trial.another(true);
            long page = apart.page();
            DirtyPass pass = DirtyPass.over(apart, page, 2);
            pass.entries(1).mark(0);
            long[] gone = {0};
            IotlbGather other = new IotlbGather();
            apart.ledger()
                    .interruptions()
                    .afterRead(
                            pass.entries(1).word(0),
                            reads,
                            () -> gone[0] = apart.table().unwatched().unmapPages(pass.iova(1), page, 1, other));
            pass.dirty(true);
            apart.ledger().interruptions().none();
            assertThat(apart.table().iovaToPhys(pass.iova(1)) == 0)
                    .as("unmapped after read %d, and so it stays", reads)
                    .isEqualTo(gone[0] == page);
            apart.finish();
        }
    }

    @EachConfiguration
    default void markThatComesMeanwhileIsSeenNowOrNextTime(Trial trial) {
        for (int reads = 1; reads <= READS && trial.tracks(); reads++) {
            Trial apart = trial.another(true);
            DirtyPass pass = DirtyPass.over(apart, apart.page(), 2);
            pass.dirty(true);
            LeafEntries entries = pass.entries(1);
            boolean[] marked = {false};
            apart.ledger().interruptions().afterRead(entries.word(0), reads, () -> marked[0] = entries.mark(0));
            List<Long> seen = new ArrayList<>(pass.dirty(true));
            apart.ledger().interruptions().none();
            seen.addAll(pass.dirty(true));
            assertThat(seen).as("marked after read %d", reads).hasSize(marked[0] ? 1 : 0);
            apart.finish();
        }
    }
}
