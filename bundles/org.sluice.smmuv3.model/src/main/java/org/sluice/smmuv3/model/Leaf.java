package org.sluice.smmuv3.model;

/**
 * The outcome of a translation in one {@code long}, so that neither a TLB hit nor a walk allocates.
 *
 * <p>Not negative: a leaf. Bits 51:12 are the output address of its first byte, 5:0 log2 of its size, the rest its
 * effective permissions. Negative: a fault. Bits 7:0 are the event number, 62:8 the physical address whose read aborted.
 * This is the model's own encoding, not the architecture's.
 */
final class Leaf {
    /** Not writable. */
    static final long READ_ONLY = 1 << 6;
    /** Accessible unprivileged. */
    static final long UNPRIVILEGED = 1 << 7;
    /** PXN. */
    static final long PRIVILEGED_EXECUTE_NEVER = 1 << 8;
    /** UXN. */
    static final long UNPRIVILEGED_EXECUTE_NEVER = 1 << 9;
    /** nG: belongs to one ASID. */
    static final long NOT_GLOBAL = 1 << 10;

    private static final long SIZE = 0x3f;
    private static final long ADDRESS = 0xffffffffff000L;
    private static final long FAULT = Long.MIN_VALUE;
    private static final long EVENT = 0xff;

    private Leaf() {}

    static long of(long output, int log2size, long permissions) {
        return output | permissions | log2size;
    }

    static int log2size(long leaf) {
        return (int) (leaf & SIZE);
    }

    static boolean isGlobal(long leaf) {
        return (leaf & NOT_GLOBAL) == 0;
    }

    /** Where an input address goes. */
    static long output(long leaf, long input) {
        return leaf & ADDRESS | input & (1L << log2size(leaf)) - 1;
    }

    static long fault(int event, long fetchAddress) {
        return FAULT | fetchAddress << Byte.SIZE | event;
    }

    static boolean isFault(long outcome) {
        return outcome < 0;
    }

    static int event(long fault) {
        return (int) (fault & EVENT);
    }

    static long fetchAddress(long fault) {
        return (fault & ~FAULT) >>> Byte.SIZE;
    }
}
