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

    /** Whether an entry of a level may be a block, without 52-bit addresses: 4K level 1 and 2, else level 2. */
    static boolean blockAllowed(int granule, int level) {
        return level == 2 || level == 1 && granule == BITS_4K;
    }

    /** log2 of the largest leaf of a granule that is not larger than a limit, which is not below the granule. */
    static int leafSize(int granule, int limit) {
        int level = LAST_LEVEL;
        while (level > 1 && blockAllowed(granule, level - 1) && shift(granule, level - 1) <= limit) {
            level--;
        }
        return shift(granule, level);
    }

    /** Where a walk over so many input bits starts. */
    static int startLevel(int granule, int inputBits) {
        int perLevel = bitsPerLevel(granule);
        int levels = (inputBits - granule + perLevel - 1) / perLevel;
        return LAST_LEVEL + 1 - levels;
    }
}
