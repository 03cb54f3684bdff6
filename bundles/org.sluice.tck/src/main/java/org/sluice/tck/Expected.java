package org.sluice.tck;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What must be mapped, as a sorted map of leaves. Written from the contract alone. Where the contract leaves a choice, it
 * takes the format's answer, checks that it is one of the choices, and holds it to that.
 */
final class Expected {
    /** A leaf. */
    record Leaf(long size, long paddr, int prot) {}

    private final long first;
    private final UnmapRule rule;
    private final long tableSpans;
    /** By offset from the first IOVA, so that they are sorted in the upper half too. */
    private final TreeMap<Long, Leaf> leaves = new TreeMap<>();

    Expected(Trial trial) {
        first = trial.first();
        rule = trial.subject().unmapRule();
        tableSpans = trial.subject().tableSpans().applyAsLong(trial.table().config());
    }

    /** Books what a map says it mapped. */
    void map(long iova, long paddr, long size, long count, int prot, long mapped) {
        long wanted = size * count;
        long free = freeBytes(iova, size, count);
        if (free == wanted) {
            assertThat(mapped).as("mapped, nothing is in the way").isEqualTo(wanted);
        } else {
            // A format may look at a whole run of entries before it writes the first.
            assertThat(mapped).as("mapped, 0x%x bytes are free", free).isLessThanOrEqualTo(free);
        }
        for (long at = 0; at < mapped; at += size) {
            leaves.put(iova - first + at, new Leaf(size, paddr + at, prot));
        }
    }

    private long freeBytes(long iova, long size, long count) {
        for (long at = 0; at < size * count; at += size) {
            if (leafAt(iova + at) != null || !within(iova + at, size).isEmpty()) {
                return at;
            }
        }
        return size * count;
    }

    /** Books what an unmap says it unmapped. */
    void unmap(long iova, long size, long count, long unmapped) {
        long done = 0;
        while (done < size * count) {
            long step = step(iova + done, size, unmapped - done);
            if (step == 0) {
                break;
            }
            within(iova + done, step).clear();
            done += step;
        }
        assertThat(unmapped).as("unmapped").isEqualTo(done);
    }

    /** Bytes that go at one address, when so much is said to have gone from there on. */
    private long step(long iova, long size, long claimed) {
        Leaf leaf = leafAt(iova);
        if (leaf != null && leaf.size >= size) {
            boolean whole = leaf.size == size || rule == UnmapRule.REMOVE_WHOLE && leaves.get(iova - first) == leaf;
            return whole ? leaf.size : 0;
        }
        if (!within(iova, size).isEmpty() && (tableSpans & size) != 0) {
            return size;
        }
        if (claimed <= 0) {
            return 0;
        }
        // Nothing, or an empty table; or smaller leaves that fill no table: stopping there and taking them are both
        // right.
        if (rule == UnmapRule.REMOVE_WHOLE) {
            return stepOfRange(iova, size, claimed);
        }
        boolean choice = !within(iova, size).isEmpty() || (tableSpans & size) != 0;
        return choice ? size : 0;
    }

    /** A format that unmaps ranges takes a table that lies in it whole, or one leaf. */
    private long stepOfRange(long iova, long size, long claimed) {
        for (long spans = tableSpans; spans != 0; spans &= ~Long.highestOneBit(spans)) {
            long span = Long.highestOneBit(spans);
            if (span > 0 && span <= Math.min(size, claimed) && (iova & span - 1) == 0) {
                return span;
            }
        }
        Leaf leaf = leaves.get(iova - first);
        return leaf == null ? 0 : leaf.size;
    }

    private Leaf leafAt(long iova) {
        Map.Entry<Long, Leaf> below = leaves.floorEntry(iova - first);
        return below != null && iova - first - below.getKey() < below.getValue().size ? below.getValue() : null;
    }

    private Map<Long, Leaf> within(long iova, long bytes) {
        return leaves.subMap(iova - first, true, iova - first + bytes - 1, true);
    }

    long iovaToPhys(long iova) {
        Map.Entry<Long, Leaf> below = leaves.floorEntry(iova - first);
        return leafAt(iova) == null ? 0 : below.getValue().paddr + (iova - first - below.getKey());
    }

    int leaves() {
        return leaves.size();
    }

    /** Checks that a table maps this and nothing else. */
    void assertMappedBy(Trial trial) {
        List<String> expected = new ArrayList<>();
        leaves.forEach((offset, leaf) -> expected.add(line(first + offset, leaf.paddr, leaf.size)));
        List<String> seen = new ArrayList<>();
        trial.table().walk(trial.first(), trial.last(), (iova, paddr, size, descriptor, prot) -> {
            Leaf leaf = leaves.get(iova - first);
            if (leaf != null) {
                assertThat(trial.subject().protections().readBack().accepts(trial.config(), leaf.prot, prot))
                        .as("leaf at 0x%x was mapped with 0x%x and says 0x%x", iova, leaf.prot, prot)
                        .isTrue();
            }
            return seen.add(line(iova, paddr, size));
        });
        assertThat(seen).as("leaves in ascending order").isEqualTo(expected);
    }

    private static String line(long iova, long paddr, long size) {
        return String.format("0x%x to 0x%x, 0x%x bytes", iova, paddr, size);
    }
}
