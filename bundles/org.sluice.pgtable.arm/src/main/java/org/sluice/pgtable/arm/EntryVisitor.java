package org.sluice.pgtable.arm;

/** Sees leaves where they stand. */
@FunctionalInterface
interface EntryVisitor {
    /**
     * A leaf.
     *
     * @param entry address of its descriptor, the first one of a group
     * @param size its size
     * @param iova first IOVA in bytes
     * @param paddr physical address in bytes
     * @param descriptor the raw descriptor, the first one of a group
     * @return false to stop
     */
    boolean leaf(long entry, LeafSize size, long iova, long paddr, long descriptor);
}
