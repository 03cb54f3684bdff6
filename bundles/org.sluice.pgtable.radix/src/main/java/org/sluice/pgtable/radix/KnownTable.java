package org.sluice.pgtable.radix;

/**
 * A table that is remembered: which IOVAs lead to it, and where its entries are. Immutable: whoever finds one, by whatever
 * race, sees the window as it was when the table was found, or later.
 */
public final class KnownTable {
    /** Its first entry. */
    final long address;
    /** First IOVA that leads to it. */
    final long first;
    /** The words that hold its entries; null in a memory without windows. */
    public final long[] window;
    /** Index of the first one in the window. */
    public final int word;

    KnownTable(long address, long first, long[] window, int word) {
        this.address = address;
        this.first = first;
        this.window = window;
        this.word = word;
    }
}
