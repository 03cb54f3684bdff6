package org.sluice.core.fake;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;

/** What is in "memory": page tables by their root. It outlives the format that wrote it, as real tables do. */
public final class FakeTables {
    /** One leaf. */
    public record Leaf(long paddr, long size, int prot) {}

    /** One page table: leaves by IOVA, and the leaf tables of 2 MiB regions. */
    public static final class Table {
        final ConcurrentSkipListMap<Long, Leaf> leaves = new ConcurrentSkipListMap<>();
        final Map<Long, Long> leafTables = new ConcurrentHashMap<>();

        /** Physical address, or 0. */
        public long walk(long iova) {
            Map.Entry<Long, Leaf> below = leaves.floorEntry(iova);
            if (below == null || iova - below.getKey() >= below.getValue().size()) {
                return 0;
            }
            return below.getValue().paddr() + (iova - below.getKey());
        }

        /** Plants damage that a verification must find. */
        public void damage(long iova) {
            leaves.computeIfPresent(iova, (at, leaf) -> new Leaf(leaf.paddr() + 0x1000, leaf.size(), leaf.prot()));
        }
    }

    private final Map<Long, Table> byRoot = new ConcurrentHashMap<>();
    private final Map<Long, Long> limits = new ConcurrentHashMap<>();

    public Table at(long root) {
        return byRoot.get(root);
    }

    /** As the hardware reads it. */
    public long walk(long root, long iova) {
        Table table = byRoot.get(root);
        Long limit = limits.get(root);
        return table == null || limit != null && iova >= limit ? 0 : table.walk(iova);
    }

    void put(long root, Table table) {
        byRoot.put(root, table);
    }

    /** A top table that is too small for what lies beyond a limit. */
    void put(long root, Table table, long limit) {
        limits.put(root, limit);
        byRoot.put(root, table);
    }

    /** Whether a top table has entries for an IOVA. */
    boolean covers(long root, long iova) {
        return iova < limits.getOrDefault(root, Long.MAX_VALUE);
    }

    void remove(long root) {
        byRoot.remove(root);
        limits.remove(root);
    }
}
