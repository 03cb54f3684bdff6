package org.sluice.core.fake;

import java.util.Map;
import java.util.TreeMap;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.api.IotlbGather;
import org.sluice.api.LeafVisitor;
import org.sluice.spi.pgtable.MappingException;
import org.sluice.spi.pgtable.PageTable;
import org.sluice.spi.pgtable.PageTableConfig;
import org.sluice.spi.pgtable.PageTableFormat;
import org.sluice.spi.pgtable.TableHost;
import org.sluice.spi.pgtable.TableSurvey;
import org.sluice.spi.pgtable.WalkerConfig;

/** A format whose tables are maps; leaf tables of 2 MiB regions are allocated and unlinked like real ones. */
public final class FakeFormat implements PageTableFormat {
    public static final String NAME = "FAKE";
    static final long REGION = 0x200000;

    /** Walker configuration of the fake hardware. */
    public record Walker(long root) implements WalkerConfig {}

    private final FakeTables memory;
    private final Journal journal;

    /** IOVA whose map fails with ENOMEM; -1 for none. */
    public volatile long failAt = -1;

    /** Physical address whose map throws what no format should throw; -1 for none. */
    public volatile long crashAt = -1;

    /** Why this one adopts nothing; empty if it does. */
    public volatile String refusal = "";

    /** IOVA from which on a top table does not reach, so that the tree must grow; for tables that are created from now on. */
    public volatile long growsAt = Long.MAX_VALUE;

    /** Runs inside every map. */
    public volatile Runnable duringMap = () -> {};

    public FakeFormat(FakeTables memory, Journal journal) {
        this.memory = memory;
        this.journal = journal;
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public PageTable create(PageTableConfig config, TableHost host) {
        long root = host.allocateTable(4096, 4096, -1L);
        FakeTables.Table table = new FakeTables.Table();
        memory.put(root, table, growsAt);
        journal.add("table.create");
        return new Pages(config, root, table, host);
    }

    @Override
    public PageTable adopt(PageTableConfig config, long root, TableHost host) {
        if (!refusal.isEmpty()) {
            throw new IommuException(Errno.EINVAL, refusal);
        }
        journal.add("table.adopt");
        return new Pages(config, root, memory.at(root), host);
    }

    private final class Pages implements PageTable {
        private final PageTableConfig config;
        private volatile long root;
        private final FakeTables.Table table;
        private final TableHost host;

        Pages(PageTableConfig config, long root, FakeTables.Table table, TableHost host) {
            this.config = config;
            this.root = root;
            this.table = table;
            this.host = host;
        }

        @Override
        public PageTableConfig config() {
            return config;
        }

        @Override
        public long firstIova() {
            return 0;
        }

        @Override
        public long lastIova() {
            return (1L << config.inputBits()) - 1;
        }

        @Override
        public long mapPages(long iova, long paddr, long pgsize, long pgcount, int prot) {
            journal.add("map %x->%x %xx%d", iova, paddr, pgsize, pgcount);
            duringMap.run();
            for (long done = 0; done < pgsize * pgcount; done += pgsize) {
                long at = iova + done;
                if (at == failAt) {
                    throw new MappingException(Errno.ENOMEM, String.format("no table for iova 0x%x", at), done);
                }
                if (paddr + done == crashAt) {
                    throw new IllegalStateException("the format crashed");
                }
                Map.Entry<Long, FakeTables.Leaf> below = table.leaves.floorEntry(at + pgsize - 1);
                if (below != null && below.getKey() + below.getValue().size() > at) {
                    throw new MappingException(Errno.EEXIST, String.format("iova 0x%x is mapped", at), done);
                }
                grow(at, done);
                if (pgsize < REGION) {
                    table.leafTables.computeIfAbsent(at / REGION, region -> host.allocateTable(4096, 4096, -1L));
                } else {
                    Long empty = table.leafTables.remove(at / REGION);
                    if (empty != null) {
                        host.retireTable(at, REGION, 4096, empty, 4096);
                    }
                }
                table.leaves.put(at, new FakeTables.Leaf(paddr + done, pgsize, prot));
            }
            return pgsize * pgcount;
        }

        /** The former top table becomes one below the new one. */
        private void grow(long iova, long done) {
            synchronized (table) {
                if (memory.covers(root, iova)) {
                    return;
                }
                long higher = host.allocateTable(4096, 4096, -1L);
                memory.put(higher, table);
                try {
                    host.rootMoved(new Walker(higher));
                } catch (IommuException refused) {
                    memory.remove(higher);
                    host.freeTable(higher, 4096);
                    throw new MappingException(refused.errno(), refused.getMessage(), done);
                }
                table.leafTables.put(-1L, root);
                memory.remove(root);
                root = higher;
            }
        }

        @Override
        public long unmapPages(long iova, long pgsize, long pgcount, IotlbGather gather) {
            journal.add("unmap %x %xx%d", iova, pgsize, pgcount);
            long done = 0;
            while (done < pgsize * pgcount && unmapOne(iova + done, pgsize, gather)) {
                done += pgsize;
            }
            return done;
        }

        private boolean unmapOne(long at, long pgsize, IotlbGather gather) {
            FakeTables.Leaf leaf = table.leaves.get(at);
            if (leaf != null && leaf.size() == pgsize) {
                table.leaves.remove(at);
                gather.addRange(at, pgsize, pgsize);
                return true;
            }
            Long whole = pgsize == REGION ? table.leafTables.remove(at / REGION) : null;
            if (whole != null && !table.leaves.subMap(at, at + REGION).isEmpty()) {
                table.leaves.subMap(at, at + REGION).clear();
                gather.addRange(at, REGION, 4096);
                gather.addTable(whole, 4096);
                return true;
            }
            if (whole != null) {
                table.leafTables.put(at / REGION, whole);
            }
            return false;
        }

        @Override
        public long iovaToPhys(long iova) {
            return table.walk(iova);
        }

        @Override
        public WalkerConfig walkerConfig() {
            return new Walker(root);
        }

        @Override
        public void walk(long first, long last, LeafVisitor visitor) {
            for (Map.Entry<Long, FakeTables.Leaf> entry :
                    table.leaves.tailMap(first).entrySet()) {
                FakeTables.Leaf leaf = entry.getValue();
                if (entry.getKey() > last
                        || !visitor.leaf(entry.getKey(), leaf.paddr(), leaf.size(), leaf.paddr() | 3, leaf.prot())) {
                    return;
                }
            }
        }

        @Override
        public TableSurvey survey() {
            TreeMap<Long, Long> counts = new TreeMap<>();
            long digest = 0;
            for (Map.Entry<Long, FakeTables.Leaf> entry : table.leaves.entrySet()) {
                FakeTables.Leaf leaf = entry.getValue();
                counts.merge(leaf.size(), 1L, Long::sum);
                digest += TableSurvey.mix(entry.getKey(), leaf.paddr(), leaf.size(), leaf.prot());
            }
            long tables = 1 + table.leafTables.size();
            return new TableSurvey(counts, tables, tables * 4096, digest);
        }

        @Override
        public void free() {
            journal.add("table.free");
            memory.remove(root);
            table.leafTables.values().forEach(address -> host.freeTable(address, 4096));
            host.freeTable(root, 4096);
        }
    }
}
