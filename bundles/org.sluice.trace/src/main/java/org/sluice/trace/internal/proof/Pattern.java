package org.sluice.trace.internal.proof;

/**
 * Bytes by which a place is recognised: 16 of them, different for every seed. A buffer is reused, so that filling one
 * allocates nothing.
 */
public final class Pattern {
    /** Length in bytes. */
    public static final int BYTES = 16;

    private Pattern() {}

    /**
     * Mixes what identifies a place and an attempt into a seed (the finalizer of SplitMix64).
     *
     * @param place e.g. an address
     * @param salt number of the attempt
     * @return a seed
     */
    public static long seed(long place, long salt) {
        long mixed = place + 0x9e3779b97f4a7c15L * (salt + 1);
        mixed = (mixed ^ mixed >>> 30) * 0xbf58476d1ce4e5b9L;
        mixed = (mixed ^ mixed >>> 27) * 0x94d049bb133111ebL;
        return mixed ^ mixed >>> 31;
    }

    /**
     * Fills a buffer.
     *
     * @param buffer of {@link #BYTES} bytes
     * @param seed decides the bytes
     */
    public static void fill(byte[] buffer, long seed) {
        long second = ~Long.reverse(seed);
        for (int index = 0; index < Long.BYTES; index++) {
            buffer[index] = (byte) (seed >>> Byte.SIZE * index);
            buffer[Long.BYTES + index] = (byte) (second >>> Byte.SIZE * index);
        }
    }

    static String text(byte[] buffer) {
        StringBuilder text = new StringBuilder();
        for (int index = 0; index < BYTES; index++) {
            text.append(String.format("%02x", buffer[index]));
        }
        return text.toString();
    }
}
