package org.sluice.spi.sva;

import org.osgi.annotation.versioning.ConsumerType;
import org.sluice.api.LeafVisitor;
import org.sluice.spi.pgtable.PageTableConfig;
import org.sluice.spi.pgtable.WalkerConfig;

/**
 * The address space of a process ({@code mm}): a page table that only the process changes, and that devices may walk. Any
 * thread may call it.
 *
 * <p><b>What a device may rely on.</b> Entries that come into being need no invalidation. Whenever an entry is taken away or
 * loses rights, the process changes the table, then calls {@link ProcessWatcher#invalidate} of every watcher, and only then
 * uses the frame or the table for anything else. When it exits it calls {@link ProcessWatcher#exit} of every watcher, and
 * frees the tables only when all have returned normally.
 */
@ConsumerType
public interface ProcessAddressSpace {
    /**
     * The process.
     *
     * @return its number, unique while the process is there
     */
    long process();

    /**
     * What the page table is like. The hardware must be able to walk it: same format, page sizes and widths within those of
     * the hardware, coherent walks.
     *
     * @return constant
     */
    PageTableConfig tableConfig();

    /**
     * What the hardware's walker must be told.
     *
     * @return constant for the life of the process
     */
    WalkerConfig walkerConfig();

    /**
     * Translates as the table says now; brings no page in and takes no lock.
     *
     * @param address virtual address in bytes
     * @return physical address in bytes; 0 where no page is
     */
    long translate(long address);

    /**
     * Visits the leaves of a range in ascending order of address; takes no lock.
     *
     * @param first virtual address in bytes
     * @param last virtual address in bytes, inclusive
     * @param visitor called for each leaf
     */
    void walk(long first, long last, LeafVisitor visitor);

    /**
     * Brings a page in for a device, with the rights that the process itself has there ({@code handle_mm_fault} after a check
     * of the VMA). May sleep. Not called under a lock that a watcher takes.
     *
     * @param address virtual address in bytes, anywhere in the page
     * @param access {@link org.sluice.api.Prot} READ and WRITE bits that are wanted
     * @param execute whether instructions are to be fetched
     * @return what became of it
     */
    PageArrival faultIn(long address, int access, boolean execute);

    /**
     * Adds a watcher.
     *
     * @param watcher told from now on
     * @throws org.sluice.api.IommuException ESRCH the process exits already
     */
    void watch(ProcessWatcher watcher);

    /**
     * Removes a watcher; does not wait for one that is being called.
     *
     * @param watcher added before; otherwise nothing happens
     */
    void unwatch(ProcessWatcher watcher);
}
