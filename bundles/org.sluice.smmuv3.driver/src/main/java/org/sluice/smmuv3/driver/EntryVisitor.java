package org.sluice.smmuv3.driver;

/** Sees the entries of a table that exist in memory. */
@FunctionalInterface
interface EntryVisitor {
    /**
     * One entry.
     *
     * @param id StreamID or SubstreamID, unsigned
     * @param address physical address in bytes
     */
    void visit(int id, long address);
}
