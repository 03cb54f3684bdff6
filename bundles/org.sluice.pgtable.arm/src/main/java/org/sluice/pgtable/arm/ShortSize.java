package org.sluice.pgtable.arm;

import org.sluice.vmsa.arch.ShortLargePage;
import org.sluice.vmsa.arch.ShortLevel1;
import org.sluice.vmsa.arch.ShortLevel2;

/**
 * Leaves of the short descriptors. Each size has its attributes elsewhere; large pages and supersections stand in sixteen
 * equal entries (linux-iommu.md section 2.3).
 */
enum ShortSize {
    PAGE(
            12,
            1,
            ShortLevel2.SMALLPAGE_MASK | ShortLevel2.S_MASK | ShortLevel2.NG_MASK,
            ShortLevel2.TEX_LSB,
            ShortLevel2.AF_MASK,
            ShortLevel2.AP_UNPRIV_MASK,
            ShortLevel2.AP_RDONLY_MASK,
            ShortLevel2.XN_MASK,
            0),
    LARGE_PAGE(
            16,
            16,
            ShortLargePage.TYPE_LARGE_PAGE | ShortLargePage.S_MASK | ShortLargePage.NG_MASK,
            ShortLargePage.TEX_LSB,
            ShortLargePage.AF_MASK,
            ShortLargePage.AP_UNPRIV_MASK,
            ShortLargePage.AP_RDONLY_MASK,
            ShortLargePage.XN_MASK,
            0),
    SECTION(
            20,
            1,
            ShortLevel1.TYPE_SECTION | ShortLevel1.S_MASK | ShortLevel1.NG_MASK,
            ShortLevel1.TEX_LSB,
            ShortLevel1.AF_MASK,
            ShortLevel1.AP_UNPRIV_MASK,
            ShortLevel1.AP_RDONLY_MASK,
            ShortLevel1.XN_MASK,
            ShortLevel1.NS_MASK),
    SUPERSECTION(
            24,
            16,
            SECTION.common | ShortLevel1.SUPERSECTION_MASK,
            ShortLevel1.TEX_LSB,
            ShortLevel1.AF_MASK,
            ShortLevel1.AP_UNPRIV_MASK,
            ShortLevel1.AP_RDONLY_MASK,
            ShortLevel1.XN_MASK,
            ShortLevel1.NS_MASK);

    /** Sizes that there are. */
    static final long ALL = 1L << 12 | 1L << 16 | 1L << 20 | 1L << 24;

    /** log2 of the bytes that a first-level entry covers. */
    static final int FIRST_SHIFT = 20;

    final int shift;
    /** Entries that hold the same descriptor. */
    final int repeats;
    /** Bits of every leaf of this size: type, shareable, not global. */
    final int common;
    /** TEX 1: normal memory. */
    final int normal;

    final int accessed;
    final int unprivileged;
    final int readOnly;
    final int notExecutable;
    /** 0 where the table says it. */
    final int nonSecure;

    ShortSize(
            int shift,
            int repeats,
            long common,
            int texLsb,
            long accessed,
            long unprivileged,
            long readOnly,
            long notExecutable,
            long nonSecure) {
        this.shift = shift;
        this.repeats = repeats;
        this.common = (int) common;
        normal = 1 << texLsb;
        this.accessed = (int) accessed;
        this.unprivileged = (int) unprivileged;
        this.readOnly = (int) readOnly;
        this.notExecutable = (int) notExecutable;
        this.nonSecure = (int) nonSecure;
    }

    long bytes() {
        return 1L << shift;
    }

    /** Whether its entries are in the first-level table. */
    boolean isFirstLevel() {
        return shift >= FIRST_SHIFT;
    }

    /** Bytes that one of its entries covers. */
    long entryBytes() {
        return bytes() / repeats;
    }

    /** The leaf in a first-level entry; null where there is none. */
    static ShortSize ofFirst(int descriptor) {
        if ((descriptor & ShortLevel1.TYPE_SECTION) == 0) {
            return null;
        }
        return (descriptor & ShortLevel1.SUPERSECTION_MASK) != 0 ? SUPERSECTION : SECTION;
    }

    /** Whether a second-level entry is a small page. */
    static boolean isPage(int descriptor) {
        return (descriptor & ShortLevel2.SMALLPAGE_MASK) != 0;
    }

    /** The leaf in a second-level entry; null where there is none. */
    static ShortSize ofSecond(int descriptor) {
        if (isPage(descriptor)) {
            return PAGE;
        }
        return (descriptor & ShortLargePage.TYPE_MASK) == ShortLargePage.TYPE_LARGE_PAGE ? LARGE_PAGE : null;
    }

    /** The leaf of so many bytes; null when there is no such size. */
    static ShortSize ofBytes(long bytes) {
        return bytes == 1L << 12
                ? PAGE
                : bytes == 1L << 16
                        ? LARGE_PAGE
                        : bytes == 1L << 20 ? SECTION : bytes == 1L << 24 ? SUPERSECTION : null;
    }
}
