package org.sluice.pgtable.apple;

/** The two page sizes, of which a DART has one. */
final class Pages {
    static final int SHIFT_4K = 12;
    static final int SHIFT_16K = 14;

    private Pages() {}
}
