package org.sluice.smmuv2.model;

/**
 * What a walk found: a leaf of one stage, or of both together.
 *
 * @param input first input address of the leaf
 * @param output first output address
 * @param log2size size of the leaf
 * @param level of the walk at which it was found
 * @param denials what it denies: bits below
 * @param global whether it belongs to every ASID
 */
record Mapping(long input, long output, int log2size, int level, int denials, boolean global) implements WalkResult {
    static final int READ = 1;
    static final int WRITE = 1 << 1;
    static final int UNPRIVILEGED = 1 << 2;
    static final int PRIVILEGED_EXECUTE = 1 << 3;
    static final int UNPRIVILEGED_EXECUTE = 1 << 4;
    /** The same three of stage 2, which are a fault of stage 2. */
    static final int STAGE2_READ = 1 << 5;

    static final int STAGE2_WRITE = 1 << 6;
    static final int STAGE2_EXECUTE = 1 << 7;

    /** Where an address in the leaf goes. */
    long outputOf(long address) {
        return output + (address & (1L << log2size) - 1);
    }

    /** This leaf of stage 1 over a leaf of stage 2 that maps the output of an address: the smaller of the two. */
    Mapping over(Mapping second, long address) {
        int size = Math.min(log2size, second.log2size);
        long start = address & -1L << size;
        long first = second.outputOf(outputOf(address)) & -1L << size;
        return new Mapping(start, first, size, level, denials | second.denials, global);
    }
}
