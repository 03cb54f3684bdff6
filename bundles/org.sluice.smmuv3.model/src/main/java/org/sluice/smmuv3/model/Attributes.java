package org.sluice.smmuv3.model;

import org.sluice.spi.board.MemoryAttributes;
import org.sluice.vmsa.arch.Shareability;
import org.sluice.vmsa.arch.Stage2Leaf;

/**
 * Memory attributes in one {@code int}, so that walks and the TLB carry them without allocating: bits 7:0 the type as a
 * byte of MAIR codes it, 9:8 the shareability as a descriptor codes it, 10 the Contiguous bit, 11 the transient hint. Of a
 * stage-2 leaf, bits 3:0 are its MemAttr instead of the type.
 */
final class Attributes {
    /** Normal, Write-Back, Inner Shareable: what the model's devices send. */
    static final int INCOMING = 0xff | (int) Shareability.INNER_SHAREABLE << 8;

    /** Bits that they have. */
    static final int BITS = 12;

    private static final int TYPE = 0xff;
    private static final int SH_SHIFT = 8;
    private static final int SH = 3 << SH_SHIFT;
    private static final int CONTIGUOUS = 1 << 10;
    private static final int TRANSIENT = 1 << 11;

    private static final int DEVICE_LIMIT = 0x10;
    private static final int NORMAL_NC = 0x44;
    private static final int NORMAL_WB = 0xff;
    // a nibble of MAIR: 4 is not cacheable; else its upper bits tell the policy, its lower ones the allocation
    private static final int NIBBLE_NC = 4;
    private static final int NIBBLE = 0xf;
    private static final int NIBBLE_NON_TRANSIENT = 8;
    private static final int NIBBLE_WRITE_BACK = 4;
    private static final int ALLOCATION = 3;
    // MemAttr without FWB: Device below 4; else two times two bits, of which 1 is NC, 2 WT, 3 WB
    private static final int MEMATTR_DEVICE_LIMIT = 4;
    private static final int MEMATTR_NC = 1;
    private static final int MEMATTR_WT = 2;

    private Attributes() {}

    static int of(int type, long shareability, boolean contiguous) {
        return type | (int) shareability << SH_SHIFT | (contiguous ? CONTIGUOUS : 0);
    }

    static int type(int attributes) {
        return attributes & TYPE;
    }

    static int shareability(int attributes) {
        return (attributes & SH) >>> SH_SHIFT;
    }

    static boolean isContiguous(int attributes) {
        return (attributes & CONTIGUOUS) != 0;
    }

    static int withShareability(int attributes, long shareability) {
        return attributes & ~SH | (int) shareability << SH_SHIFT;
    }

    static int withType(int attributes, int type) {
        return attributes & ~TYPE | type;
    }

    static boolean isDevice(int attributes) {
        return type(attributes) < DEVICE_LIMIT;
    }

    /** MAIR's byte for a MemAttr of four bits, with all allocations. */
    static int typeOf(int memAttr) {
        if (memAttr < MEMATTR_DEVICE_LIMIT) {
            return memAttr << 2;
        }
        return nibble(memAttr >>> 2, ALLOCATION) << 4 | nibble(memAttr & 3, ALLOCATION);
    }

    // the MAIR nibble of a cacheability of two bits
    private static int nibble(int cacheability, int allocation) {
        if (cacheability <= MEMATTR_NC) {
            return NIBBLE_NC;
        }
        return NIBBLE_NON_TRANSIENT | (cacheability == MEMATTR_WT ? 0 : NIBBLE_WRITE_BACK) | allocation;
    }

    /** Sets the allocation hints of Normal cacheable memory. */
    static int withAllocation(int attributes, boolean read, boolean write, boolean isTransient) {
        int hints = attributes & ~TRANSIENT | (isTransient ? TRANSIENT : 0);
        if (isDevice(attributes)) {
            return hints;
        }
        int allocation = (read ? 2 : 0) | (write ? 1 : 0);
        int outer = type(attributes) >>> 4;
        int inner = type(attributes) & NIBBLE;
        return withType(hints, allocate(outer, allocation) << 4 | allocate(inner, allocation));
    }

    private static int allocate(int nibble, int allocation) {
        return nibble == NIBBLE_NC ? nibble : nibble & ~ALLOCATION | allocation;
    }

    /**
     * What both stages together make: the stronger Device type, else the lesser cacheability of each level with the
     * allocation hints of stage 1; the wider shareability.
     *
     * @param stage1 of stage 1, or what the device sent where stage 1 is off
     * @param stage2 of a stage-2 leaf
     * @param forced STE.S2FWB: stage 2 decides the type
     */
    static int combine(int stage1, int stage2, boolean forced) {
        int memAttr = stage2 & NIBBLE;
        int type = forced ? forced(stage1, memAttr) : weaker(stage1, memAttr);
        int one = shareability(normalize(stage1));
        int two = shareability(stage2);
        long widest = Math.min(order(one), order(two)) == 0
                ? Shareability.OUTER_SHAREABLE
                : Math.min(order(one), order(two)) == 1 ? Shareability.INNER_SHAREABLE : Shareability.NON_SHAREABLE;
        return normalize(stage1 & TRANSIENT | of(type, widest, false));
    }

    private static int order(int shareability) {
        if (shareability == Shareability.OUTER_SHAREABLE) {
            return 0;
        }
        return shareability == Shareability.INNER_SHAREABLE ? 1 : 2;
    }

    private static int weaker(int stage1, int memAttr) {
        int type = type(stage1);
        if (memAttr < MEMATTR_DEVICE_LIMIT) {
            return isDevice(stage1) ? Math.min(type, memAttr << 2) : memAttr << 2;
        }
        if (isDevice(stage1)) {
            return type;
        }
        return weakerNibble(type >>> 4, memAttr >>> 2) << 4 | weakerNibble(type & NIBBLE, memAttr & 3);
    }

    private static int weakerNibble(int nibble, int cacheability) {
        if (nibble == NIBBLE_NC || cacheability <= MEMATTR_NC) {
            return NIBBLE_NC;
        }
        return cacheability == MEMATTR_WT ? nibble & ~NIBBLE_WRITE_BACK : nibble;
    }

    private static int forced(int stage1, int memAttr) {
        if (memAttr < MEMATTR_DEVICE_LIMIT) {
            return isDevice(stage1) ? Math.min(type(stage1), memAttr << 2) : memAttr << 2;
        }
        if (memAttr == Stage2Leaf.MEMATTR_FWB_STAGE1) {
            return type(stage1);
        }
        if (memAttr == Stage2Leaf.MEMATTR_FWB_WB) {
            boolean cached = !isDevice(stage1) && type(stage1) != NORMAL_NC;
            return cached ? type(stage1) | NORMAL_WB & 0xcc : NORMAL_WB;
        }
        return isDevice(stage1) ? type(stage1) : NORMAL_NC;
    }

    /** Device and uncached memory is Outer Shareable, whatever is said of it. */
    static int normalize(int attributes) {
        boolean uncached = isDevice(attributes) || type(attributes) == NORMAL_NC;
        return uncached ? withShareability(attributes, Shareability.OUTER_SHAREABLE) : attributes;
    }

    /** For whoever asks. */
    static MemoryAttributes decode(int attributes, int flags) {
        MemoryAttributes.Shareability shareability = switch (order(shareability(attributes))) {
            case 0 -> MemoryAttributes.Shareability.OUTER;
            case 1 -> MemoryAttributes.Shareability.INNER;
            default -> MemoryAttributes.Shareability.NON;
        };
        return new MemoryAttributes(
                type(attributes),
                shareability,
                (attributes & TRANSIENT) != 0,
                Permissions.isPrivileged(flags),
                Permissions.isInstruction(flags));
    }
}
