package org.sluice.tck;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.sluice.spi.memory.PhysicalMemory;

/** The words in memory that are one leaf: hardware marks one of them. Found by what a walk says of the leaf. */
final class LeafEntries {
    private final PhysicalMemory memory;
    private final DirtyMarks marks;
    private final List<Long> words;

    private LeafEntries(PhysicalMemory memory, DirtyMarks marks, List<Long> words) {
        this.memory = memory;
        this.marks = marks;
        this.words = words;
    }

    /** The entries of the leaf at an IOVA; no other leaf may map to the same address, and none of them may be marked apart. */
    static LeafEntries of(Trial trial, long iova) {
        List<Long> descriptor = new ArrayList<>();
        trial.table().walk(iova, iova, (at, paddr, size, entry, prot) -> descriptor.add(entry));
        assertThat(descriptor).as("leaves at 0x%x", iova).hasSize(1);
        PhysicalMemory memory = trial.ledger().ownMemory();
        List<Long> words = new ArrayList<>();
        for (Map.Entry<Long, Long> table : trial.ledger().live().entrySet()) {
            for (long at = table.getKey(); at < table.getKey() + table.getValue(); at += 8) {
                if (memory.read64(at) == descriptor.get(0)) {
                    words.add(at);
                }
            }
        }
        assertThat(words).as("words that are the leaf at 0x%x", iova).isNotEmpty();
        return new LeafEntries(memory, marks(trial), words);
    }

    /** How hardware marks them; null where it does not. */
    private static DirtyMarks marks(Trial trial) {
        return trial.subject().abilities().dirty();
    }

    int count() {
        return words.size();
    }

    /** Address of an entry. */
    long word(int number) {
        return words.get(number);
    }

    /** What hardware does when it writes through an entry; whether it was not marked before. */
    boolean mark(int number) {
        long at = words.get(number);
        long entry = memory.read64Acquire(at);
        while (!marks.isMarked(entry)) {
            if (memory.compareAndSet64(at, entry, marks.mark(entry))) {
                return true;
            }
            entry = memory.read64Acquire(at);
        }
        return false;
    }
}
