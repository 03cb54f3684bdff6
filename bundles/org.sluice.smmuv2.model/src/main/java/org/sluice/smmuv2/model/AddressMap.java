package org.sluice.smmuv2.model;

/**
 * Where the spaces are in the register file: global pages in its lower half, a page for each context bank in its upper half.
 *
 * @param pageShift log2 of a page
 * @param pages in each half
 */
record AddressMap(int pageShift, int pages) {
    static final int GLOBAL0 = 0;
    static final int GLOBAL1 = 1;
    /** Added to the number of a context bank. */
    static final int BANK = 2;

    static final int NOTHING = -1;

    /** The space at an address: {@link #GLOBAL0}, {@link #GLOBAL1}, {@link #BANK} + number, or {@link #NOTHING}. */
    int space(long address) {
        long page = address >>> pageShift;
        if (page < pages) {
            return page <= GLOBAL1 ? (int) page : NOTHING;
        }
        return page < 2L * pages ? (int) page - pages + BANK : NOTHING;
    }

    int offset(long address) {
        return (int) (address & (1L << pageShift) - 1);
    }

    /** Bytes of the whole register file. */
    long bytes() {
        return 2L * pages << pageShift;
    }
}
