package org.sluice.tck;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.sluice.api.IotlbGather;

/** Some leaves of one size next to each other, and passes over their marks. */
final class DirtyPass {
    private final Trial trial;
    private final long size;
    private final int leaves;
    private final long start;
    private final List<LeafEntries> entries = new ArrayList<>();

    private DirtyPass(Trial trial, long size, int leaves) {
        this.trial = trial;
        this.size = size;
        this.leaves = leaves;
        start = trial.iova(size, 0);
    }

    /** Sizes to try: the smallest ones that have room for four leaves, none where the table does not track. */
    static List<Long> sizes(Trial trial) {
        if (!trial.tracks()) {
            return List.of();
        }
        long room = Math.min(
                trial.last() - trial.first() + 1, 1L << trial.table().config().outputBits());
        return trial.sizes().stream()
                .filter(size -> size <= room / 8 && trial.iova(size, 4) - 1 <= trial.last())
                .limit(6)
                .toList();
    }

    /** Maps leaves. */
    static DirtyPass over(Trial trial, long size, int leaves) {
        DirtyPass pass = new DirtyPass(trial, size, leaves);
        for (int n = 0; n < leaves; n++) {
            trial.map(pass.iova(n), pass.paddr(n), size, 1);
        }
        for (int n = 0; n < leaves; n++) {
            pass.entries.add(LeafEntries.of(trial, pass.iova(n)));
        }
        return pass;
    }

    long iova(int leaf) {
        return start + leaf * size;
    }

    long paddr(int leaf) {
        return trial.paddr(size, leaf);
    }

    LeafEntries entries(int leaf) {
        return entries.get(leaf);
    }

    /** IOVAs of the dirty ones. */
    List<Long> dirty(boolean clear) {
        return read(trial, start, leaves * size, clear);
    }

    /** IOVAs of the dirty leaves of a range; a pass that clears is synced. */
    static List<Long> read(Trial trial, long iova, long bytes, boolean clear) {
        List<Long> seen = new ArrayList<>();
        IotlbGather gather = clear ? trial.gather() : null;
        trial.dirtyTracking().readDirty(iova, bytes, clear, gather, (at, paddr, size, entry, prot) -> seen.add(at));
        trial.sync();
        return seen;
    }

    void unmap() {
        assertThat(trial.unmap(start, size, leaves)).isEqualTo(leaves * size);
        trial.sync();
    }
}
