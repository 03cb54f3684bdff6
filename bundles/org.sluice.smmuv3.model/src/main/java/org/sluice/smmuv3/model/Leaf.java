package org.sluice.smmuv3.model;

import org.sluice.smmuv3.arch.EventId;
import org.sluice.smmuv3.arch.EvtFTranslation;

/**
 * The outcome of a translation in one {@code long}, so that neither a TLB hit nor a walk allocates.
 *
 * <p>Not negative: a leaf. Bits 51:12 are the output address of its first byte, 5:0 log2 of its size, 10:6 what stage 1
 * says of it, 11 whether a write makes a descriptor dirty, 56:52 what stage 2 denies of it, 62:57 log2 of the stage-1 leaf that it is a part of where stage 2 maps in
 * smaller pieces, else 0. Negative: a fault. Bits 6:0 are the event number, 7 whether it is a descriptor that could not be written, 59:8 the physical address whose read aborted
 * or the IPA that stage 2 did not translate, 60 whether stage 2 faulted, 62:61 then the CLASS of the event. This is the
 * model's own encoding, not the architecture's.
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
    /** nG: belongs to one ASID. Set in leaves of stage 2 alone, which belong to a VMID. */
    static final long NOT_GLOBAL = 1 << 10;

    /** A descriptor of either stage is clean: a write is permitted, but has to walk, which makes it dirty. */
    static final long CLEAN = 1 << 11;

    /** Stage 2 denies reads. */
    static final long STAGE2_NO_READ = 1L << 52;
    /** Stage 2 denies writes. */
    static final long STAGE2_NO_WRITE = 1L << 53;
    /** Stage 2 denies privileged instruction fetches. */
    static final long STAGE2_PRIVILEGED_EXECUTE_NEVER = 1L << 54;
    /** Stage 2 denies unprivileged instruction fetches. */
    static final long STAGE2_UNPRIVILEGED_EXECUTE_NEVER = 1L << 55;
    /** Stage 2 says Device memory, which S2PTW keeps table walks from. */
    static final long STAGE2_DEVICE = 1L << 56;

    private static final long SIZE = 0x3f;
    private static final long ADDRESS = 0xffffffffff000L;
    private static final long STAGE1 =
            READ_ONLY | UNPRIVILEGED | PRIVILEGED_EXECUTE_NEVER | UNPRIVILEGED_EXECUTE_NEVER | NOT_GLOBAL | CLEAN;
    private static final long STAGE2 = STAGE2_NO_READ
            | STAGE2_NO_WRITE
            | STAGE2_PRIVILEGED_EXECUTE_NEVER
            | STAGE2_UNPRIVILEGED_EXECUTE_NEVER
            | STAGE2_DEVICE
            | CLEAN;
    private static final int STAGE1_SIZE_SHIFT = 57;

    private static final long FAULT = Long.MIN_VALUE;
    private static final long EVENT = 0x7f;
    private static final long DESCRIPTOR_WRITE = 1 << 7;
    private static final long FAULT_ADDRESS = 0xf_ffff_ffff_ffffL;
    private static final long STAGE2_FAULT = 1L << 60;
    private static final int CLASS_SHIFT = 61;
    private static final long CLASS = 3;

    private Leaf() {}

    static long of(long output, int log2size, long permissions) {
        return output | permissions | log2size;
    }

    /**
     * The leaf of both stages together: the smaller of the two, with what either says of it.
     *
     * @param input the input address, which {@code stage1} maps to an IPA that {@code stage2} maps
     */
    static long combine(long stage1, long stage2, long input) {
        int size = Math.min(log2size(stage1), log2size(stage2));
        long output = output(stage2, output(stage1, input)) & -1L << size;
        long whole = log2size(stage1) == size ? 0 : (long) log2size(stage1) << STAGE1_SIZE_SHIFT;
        return of(output, size, stage1 & STAGE1 | stage2 & STAGE2 | whole);
    }

    /** The run of leaves that the Contiguous bit joins, as one leaf; the same leaf if it does not lie as such a run does. */
    static long contiguous(long leaf, long input, int log2count) {
        int size = log2size(leaf);
        long joined = (1L << size + log2count) - (1L << size);
        boolean aligned = ((leaf ^ input) & joined) == 0;
        return aligned ? leaf & ~joined & ~SIZE | size + log2count : leaf;
    }

    static int log2size(long leaf) {
        return (int) (leaf & SIZE);
    }

    /** Whether stage 2 maps the stage-1 leaf in smaller pieces, of which this is one. */
    static boolean isPiece(long leaf) {
        return leaf >>> STAGE1_SIZE_SHIFT != 0;
    }

    /** log2 of the size of the leaf that the first stage has; the same as {@link #log2size} but for a piece. */
    static int wholeLog2size(long leaf) {
        return isPiece(leaf) ? (int) (leaf >>> STAGE1_SIZE_SHIFT) : log2size(leaf);
    }

    /** Whether an access has to walk although it is permitted: a write to what is clean. */
    static boolean needsUpdate(long leaf, int flags) {
        return (leaf & CLEAN) != 0 && Permissions.isWrite(flags);
    }

    /** A leaf after its descriptor was updated for an access. */
    static long written(long leaf, int flags) {
        return Permissions.isWrite(flags) ? leaf & ~CLEAN : leaf;
    }

    static boolean isGlobal(long leaf) {
        return (leaf & NOT_GLOBAL) == 0;
    }

    /** Where an input address goes. */
    static long output(long leaf, long input) {
        return leaf & ADDRESS | input & (1L << log2size(leaf)) - 1;
    }

    /** A fault of stage 1. */
    static long fault(int event, long fetchAddress) {
        return FAULT | (fetchAddress & FAULT_ADDRESS) << Byte.SIZE | event;
    }

    /**
     * A fault of stage 2.
     *
     * @param address IPA; for F_WALK_EABT the physical address whose read aborted
     * @param clazz CLASS: what was to be translated
     */
    static long stage2Fault(int event, long address, long clazz) {
        return fault(event, address) | STAGE2_FAULT | clazz << CLASS_SHIFT;
    }

    /** The same fault, of a descriptor that the walk was to write and not to read. */
    static long ofDescriptorWrite(long fault) {
        return fault | DESCRIPTOR_WRITE;
    }

    static boolean isDescriptorWrite(long fault) {
        return (fault & DESCRIPTOR_WRITE) != 0;
    }

    static boolean isFault(long outcome) {
        return outcome < 0;
    }

    static int event(long fault) {
        return (int) (fault & EVENT);
    }

    static boolean isStage2Fault(long fault) {
        return (fault & STAGE2_FAULT) != 0;
    }

    /**
     * CLASS of the event. Stage 1 only translates input addresses, but that the fetch of one of its descriptors aborts is
     * of class TT (IHI 0070 section 7.3.12), unlike its other faults.
     */
    static long clazz(long fault) {
        if (isStage2Fault(fault)) {
            return fault >>> CLASS_SHIFT & CLASS;
        }
        return event(fault) == EventId.F_WALK_EABT ? EvtFTranslation.CLASS_TT : EvtFTranslation.CLASS_IN;
    }

    /** The physical address whose read aborted, or the IPA of a fault of stage 2. */
    static long faultAddress(long fault) {
        return fault >>> Byte.SIZE & FAULT_ADDRESS;
    }
}
