package org.sluice.smmuv3.model;

import org.sluice.smmuv3.arch.CmdTlbiNhVa;
import org.sluice.smmuv3.arch.StreamTableEntry;
import org.sluice.vmsa.arch.Tg0;
import org.sluice.vmsa.arch.Tg1;

/** Translation granules as powers of two; 0 stands for a reserved encoding. */
final class Granule {
    static final int BITS_4K = 12;
    static final int BITS_16K = 14;
    static final int BITS_64K = 16;

    /** Levels are numbered so that pages are at level 3 in every granule. */
    static final int LAST_LEVEL = 3;

    // by granule and log2 of a size
    private static final byte[] LEVELS = levels();

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

    static int ofS2tg(long encoded) {
        if (encoded == StreamTableEntry.S2TG_4K) {
            return BITS_4K;
        }
        if (encoded == StreamTableEntry.S2TG_16K) {
            return BITS_16K;
        }
        return encoded == StreamTableEntry.S2TG_64K ? BITS_64K : 0;
    }

    /** The TG field of a TLBI command; 0 means that no granule is given. */
    static int ofCommand(long encoded) {
        if (encoded == CmdTlbiNhVa.TG_4K) {
            return BITS_4K;
        }
        if (encoded == CmdTlbiNhVa.TG_16K) {
            return BITS_16K;
        }
        return encoded == CmdTlbiNhVa.TG_64K ? BITS_64K : 0;
    }

    /** Address bits that one level resolves. */
    static int bitsPerLevel(int granule) {
        return granule - 3;
    }

    /** Bits below what an entry of a level maps. */
    static int shift(int granule, int level) {
        return granule + (LAST_LEVEL - level) * bitsPerLevel(granule);
    }

    /**
     * Whether an entry of a level may be a block: 4K level 1 and 2, else level 2; one level above with 52-bit addresses.
     *
     * @param large with 4K and 16K whether DS is set, with 64K whether physical addresses have 52 bits
     */
    static boolean blockAllowed(int granule, int level, boolean large) {
        int highest = granule == BITS_4K ? 1 : 2;
        return level < LAST_LEVEL && level >= (large ? highest - 1 : highest);
    }

    /** The level that has a leaf of so many bytes (log2), merged by the Contiguous bit or not. */
    static int levelOf(int granule, int log2size) {
        return LEVELS[(granule - BITS_4K) * (Long.SIZE / 2) + log2size];
    }

    // a division would cost as much as the rest of a TLB hit
    private static byte[] levels() {
        byte[] levels = new byte[(BITS_64K - BITS_4K + 2) * (Long.SIZE / 2)];
        for (int granule = BITS_4K; granule <= BITS_64K; granule += 2) {
            for (int log2size = granule; log2size < Long.SIZE; log2size++) {
                levels[(granule - BITS_4K) * (Long.SIZE / 2) + log2size] =
                        (byte) (LAST_LEVEL - (log2size - granule) / bitsPerLevel(granule));
            }
        }
        return levels;
    }

    /** log2 of how many entries the Contiguous bit joins. */
    static int contiguousBits(int granule, int level) {
        if (granule == BITS_4K) {
            return 4;
        }
        return granule == BITS_16K && level == LAST_LEVEL ? 7 : 5;
    }

    /** Where a walk over so many input bits starts; -1 with 4K and more than 48 of them. */
    static int startLevel(int granule, int inputBits) {
        int perLevel = bitsPerLevel(granule);
        int levels = (inputBits - granule + perLevel - 1) / perLevel;
        return LAST_LEVEL + 1 - levels;
    }
}
