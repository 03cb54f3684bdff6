package org.sluice.bench;

/** Random numbers as the C peers make them: both sides meet the same addresses in the same order. */
final class Xorshift {
    static final long SEED = 0x9e3779b97f4a7c15L;

    private Xorshift() {}

    static long next(long x) {
        long a = x ^ x << 13;
        long b = a ^ a >>> 7;
        return b ^ b << 17;
    }
}
