package org.sluice.smmuv2.model;

import org.sluice.vmsa.arch.Tg0;
import org.sluice.vmsa.arch.Tg1;

/** Translation granules of the long format as powers of two; 0 stands for a reserved encoding. */
final class Granule {
    static final int BITS_4K = 12;
    static final int BITS_16K = 14;
    static final int BITS_64K = 16;

    /** Levels are numbered so that pages are at level 3 in every granule. */
    static final int LAST_LEVEL = 3;

    private Granule() {}

    static int ofTg0(long encoded) {
        if (encoded == Tg0.GRANULE_4K) {
            return BITS_4K;
        }
        if (encoded == Tg0.GRANULE_16K) {
            return BITS_16K;
        }
        return encoded == Tg0.GRANULE_64K ? BITS_64K : 0;
    }

    static int ofTg1(long encoded) {
        if (encoded == Tg1.GRANULE_4K) {
            return BITS_4K;
        }
        if (encoded == Tg1.GRANULE_16K) {
            return BITS_16K;
        }
        return encoded == Tg1.GRANULE_64K ? BITS_64K : 0;
    }

    static int bitsPerLevel(int granule) {
        return granule - 3;
    }

    static int shift(int granule, int level) {
        return granule + (LAST_LEVEL - level) * bitsPerLevel(granule);
    }

    static boolean blockAllowed(int granule, int level) {
        return level == 2 || level == 1 && granule == BITS_4K;
    }

    static int startLevel(int granule, int inputBits) {
        int perLevel = bitsPerLevel(granule);
        return LAST_LEVEL + 1 - (inputBits - granule + perLevel - 1) / perLevel;
    }
}
