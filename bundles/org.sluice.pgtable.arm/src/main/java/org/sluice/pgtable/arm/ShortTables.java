package org.sluice.pgtable.arm;

import java.lang.invoke.VarHandle;
import org.sluice.api.IotlbGather;
import org.sluice.pgtable.radix.TableCache;
import org.sluice.pgtable.radix.TableWords;
import org.sluice.spi.memory.PhysicalMemory;
import org.sluice.spi.pgtable.TableHost;

/**
 * The two levels of the short descriptors in memory. Entries are half as wide as the memory's words, so that every change
 * is a compare-and-set of the entry alone: neighbours may change at the same moment.
 *
 * <p>Any thread may call it. Whoever clears an entry owns what it pointed to; it leaves the cache before it is given to
 * anybody who may free it, so nobody who begins later finds it.
 */
final class ShortTables {
    /** What covers the IOVA is a section. */
    static final long BLOCKED = -2;

    /** Nothing covers the IOVA. */
    static final long EMPTY = -1;

    static final int SECOND_ENTRIES = 256;
    static final long SECOND_BYTES = 4L * SECOND_ENTRIES;
    private static final long PAGE_BYTES = ShortSize.PAGE.bytes();
    private static final long SECTION_BYTES = ShortSize.SECTION.bytes();

    final long root;
    final int firstEntries;
    final ShortDescriptors descriptors;
    final TableHost host;
    private final PhysicalMemory memory;
    private final TableWords words;
    private final TableCache cache;
    private final long lastAddress;

    ShortTables(long root, int firstEntries, ShortDescriptors descriptors, long lastAddress, TableHost host) {
        this.root = root;
        this.firstEntries = firstEntries;
        this.descriptors = descriptors;
        this.lastAddress = lastAddress;
        this.host = host;
        memory = host.memory();
        words = new TableWords(memory);
        // a slot for each entry of the first level: no table drives another one out
        cache = new TableCache(words, Integer.numberOfTrailingZeros(firstEntries), ShortSize.FIRST_SHIFT);
    }

    /**
     * Where the short way finds second-level tables: nowhere, if memory has no windows, or if a table covers IOVAs that are
     * none.
     */
    TableCache near(long lastIova) {
        return words.isWindowed() && lastIova >= SECTION_BYTES - 1 ? cache : TableCache.never(words);
    }

    int load(long entry) {
        int descriptor = memory.read32(entry);
        VarHandle.acquireFence();
        return descriptor;
    }

    /** Address of the first-level entry for an IOVA. */
    long first(long iova) {
        return root + (iova >>> ShortSize.FIRST_SHIFT << 2);
    }

    /** Address of the entry for an IOVA in a second-level table. */
    static long second(long table, long iova) {
        return table + ((iova >>> ShortSize.PAGE.shift & SECOND_ENTRIES - 1) << 2);
    }

    /** The second-level table for an IOVA, {@link #EMPTY} or {@link #BLOCKED}. */
    long find(long iova) {
        long known = cache.get(iova);
        return known >= 0 ? known : search(iova);
    }

    private long search(long iova) {
        long stamp = cache.stamp(iova);
        int descriptor = load(first(iova));
        if (!ShortDescriptors.isTable(descriptor)) {
            return descriptor == 0 ? EMPTY : BLOCKED;
        }
        long table = descriptors.table(descriptor);
        cache.put(iova, table, stamp);
        return table;
    }

    /**
     * The second-level table for an IOVA, made where it is missing; or {@link #BLOCKED}.
     *
     * @throws org.sluice.api.IommuException ENOMEM
     */
    long findOrMake(long iova) {
        long table = find(iova);
        while (table == EMPTY) {
            long fresh = host.allocateTable(SECOND_BYTES, SECOND_BYTES, lastAddress);
            if (!memory.compareAndSet32(first(iova), 0, descriptors.table(fresh))) {
                host.freeTable(fresh, SECOND_BYTES); // another thread was first; its table is as good
            }
            table = find(iova);
        }
        return table;
    }

    /** Writes a leaf into its entries if all of them are empty; otherwise nothing. */
    boolean fill(long entry, int entries, int descriptor) {
        for (int i = 0; i < entries; i++) {
            if (!memory.compareAndSet32(entry + 4L * i, 0, descriptor)) {
                while (--i >= 0) {
                    memory.compareAndSet32(entry + 4L * i, descriptor, 0);
                }
                return false;
            }
        }
        return true;
    }

    /** Clears an entry that still has a value. */
    boolean clear(long entry, int descriptor) {
        return memory.compareAndSet32(entry, descriptor, 0);
    }

    boolean holdsLeaf(long table) {
        for (int i = 0; i < SECOND_ENTRIES; i++) {
            if (load(table + 4L * i) != 0) {
                return true;
            }
        }
        return false;
    }

    /**
     * Takes out the table at a first-level entry.
     *
     * @param gather keeps the table until its sync; null to retire it through the host at once
     * @return false if the entry has changed
     */
    boolean unlink(long iova, int descriptor, IotlbGather gather) {
        if (!clear(first(iova), descriptor)) {
            return false;
        }
        cache.forget(iova);
        long table = descriptors.table(descriptor);
        if (gather != null) {
            gather.addTable(table, SECOND_BYTES);
        } else {
            host.retireTable(iova & -SECTION_BYTES, SECTION_BYTES, PAGE_BYTES, table, SECOND_BYTES);
        }
        return true;
    }

    long rootBytes() {
        return 4L * firstEntries;
    }

    /** Second-level tables. */
    long secondTables() {
        long tables = 0;
        for (int i = 0; i < firstEntries; i++) {
            tables += ShortDescriptors.isTable(load(root + 4L * i)) ? 1 : 0;
        }
        return tables;
    }

    /** Frees every table, when nobody uses them any more. */
    void free() {
        for (int i = 0; i < firstEntries; i++) {
            int descriptor = load(root + 4L * i);
            if (ShortDescriptors.isTable(descriptor)) {
                host.freeTable(descriptors.table(descriptor), SECOND_BYTES);
            }
        }
        host.freeTable(root, rootBytes());
    }
}
