package org.sluice.pgtable.arm;

import org.sluice.api.Prot;
import org.sluice.spi.pgtable.PageTableConfig;
import org.sluice.spi.pgtable.Quirk;
import org.sluice.vmsa.arch.ShortLevel1;

/**
 * What the bits of short descriptors mean, as Linux writes them (linux-iommu.md section 2.3). Pure functions. Memory types
 * are those of {@link ShortFormat}'s remap registers: TEX, C, B choose one.
 */
final class ShortDescriptors {
    private static final int B = (int) ShortLevel1.B_MASK;
    private static final int C = (int) ShortLevel1.C_MASK;
    private static final int TABLE = (int) ShortLevel1.TYPE_TABLE;
    private static final int TYPE = (int) ShortLevel1.TYPE_MASK;

    private final boolean permissions;
    private final boolean nonSecure;
    private final boolean wideLeaves;
    private final boolean wideTables;

    ShortDescriptors(PageTableConfig config) {
        permissions = !config.has(Quirk.NO_PERMS);
        nonSecure = config.has(Quirk.ARM_NS);
        wideLeaves = config.has(Quirk.ARM_MTK_EXT);
        wideTables = config.has(Quirk.ARM_MTK_TTBR_EXT);
    }

    static boolean isTable(int firstLevel) {
        return (firstLevel & TYPE) == TABLE;
    }

    int leaf(long paddr, int prot, ShortSize size) {
        boolean device = (prot & Prot.MMIO) != 0;
        int bits = size.common | (device ? B : size.normal);
        if (!device && (prot & Prot.CACHE) != 0) {
            bits |= B | C;
        }
        if (permissions) {
            bits |= size.accessed;
            bits |= (prot & Prot.PRIV) == 0 ? size.unprivileged : 0;
            bits |= (prot & Prot.WRITE) == 0 ? size.readOnly : 0;
            bits |= (prot & Prot.NOEXEC) != 0 ? size.notExecutable : 0;
        }
        return bits | (nonSecure ? size.nonSecure : 0) | encode(paddr);
    }

    /** Address bits of a leaf for an address that is aligned to it. */
    int encode(long paddr) {
        return (int) paddr | (wideLeaves ? above32(paddr) : 0);
    }

    /** {@link Prot} bits that a leaf grants. */
    int prot(int descriptor, ShortSize size) {
        int prot = Prot.READ;
        if (!permissions || (descriptor & size.readOnly) == 0) {
            prot |= Prot.WRITE;
        }
        if (permissions && (descriptor & size.unprivileged) == 0) {
            prot |= Prot.PRIV;
        }
        if (permissions && (descriptor & size.notExecutable) != 0) {
            prot |= Prot.NOEXEC;
        }
        if ((descriptor & size.normal) == 0) {
            prot |= Prot.MMIO;
        } else if ((descriptor & C) != 0) {
            prot |= Prot.CACHE;
        }
        return prot;
    }

    long address(int descriptor, ShortSize size) {
        long low = descriptor & -size.bytes() & 0xffff_ffffL;
        return wideLeaves ? low | below35(descriptor) : low;
    }

    int table(long address) {
        int bits = (int) address | TABLE | (nonSecure ? (int) ShortLevel1.NS_TABLE_MASK : 0);
        return wideTables ? bits | above32(address) : bits;
    }

    long table(int descriptor) {
        long low = descriptor & ShortLevel1.NEXTTABLE_MASK;
        return wideTables ? low | below35(descriptor) : low;
    }

    /** MediaTek's places for bits 34:32 of an address; the same in every descriptor. */
    private static int above32(long address) {
        return ((address & 1L << 32) != 0 ? (int) ShortLevel1.MTK_PA32_MASK : 0)
                | ((address & 1L << 33) != 0 ? (int) ShortLevel1.MTK_PA33_MASK : 0)
                | ((address & 1L << 34) != 0 ? (int) ShortLevel1.MTK_PA34_MASK : 0);
    }

    private static long below35(int descriptor) {
        return ShortLevel1.mtkPa32(descriptor) << 32
                | ShortLevel1.mtkPa33(descriptor) << 33
                | ShortLevel1.mtkPa34(descriptor) << 34;
    }
}
