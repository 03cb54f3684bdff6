package org.sluice.pgtable.arm;

/** Sees leaves where they stand. */
@FunctionalInterface
interface EntryVisitor {
    /**
     * A leaf.
     *
     * @param entry address of its descriptor
     * @param level level of the entry
     * @param iova first IOVA in bytes
     * @param paddr physical address in bytes
     * @param descriptor the raw descriptor
     * @return false to stop
     */
    boolean leaf(long entry, Level level, long iova, long paddr, long descriptor);
}
