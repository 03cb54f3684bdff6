package org.sluice.smmuv2.model;

import java.util.concurrent.atomic.LongAdder;
import org.sluice.smmuv2.arch.FaultStatus;
import org.sluice.spi.memory.MemoryAbortException;
import org.sluice.spi.memory.PhysicalMemory;
import org.sluice.vmsa.arch.ShortLargePage;
import org.sluice.vmsa.arch.ShortLevel1;
import org.sluice.vmsa.arch.ShortLevel2;

/**
 * Walks tables of the ARMv7 short format with SCTLR.AFE, as Linux makes them: sections of 1 MiB and 16 MiB, pages of 4 KiB
 * and 64 KiB. Levels are 1 and 2. Stateless but for a count; any thread.
 */
final class ShortWalk {
    private static final int SECTION = 20;
    private static final int SUPERSECTION = 24;
    private static final int SMALL_PAGE = 12;
    private static final int LARGE_PAGE = 16;
    private static final int LEVEL2_ENTRIES = 256;
    private static final int ADDRESS_BITS = 32;

    private final PhysicalMemory memory;
    private final LongAdder reads;

    ShortWalk(PhysicalMemory memory, LongAdder reads) {
        this.memory = memory;
        this.reads = reads;
    }

    /**
     * Walks.
     *
     * @param input as the device sent it
     */
    WalkResult walk(BankContext.ShortTables tables, long input) {
        if (input >>> ADDRESS_BITS != 0) {
            return ContextFault.stage1(FaultStatus.TF_MASK, 1);
        }
        boolean upper = tables.split() > 0 && input >>> ADDRESS_BITS - tables.split() != 0;
        if (upper ? tables.off1() : tables.off0()) {
            return ContextFault.stage1(FaultStatus.TF_MASK, 1);
        }
        int bits = upper ? ADDRESS_BITS : ADDRESS_BITS - tables.split();
        long index = (input & (1L << bits) - 1) >>> SECTION;
        long root = (upper ? tables.root1() : tables.root0()) & -1L << bits - SECTION + 2;
        int level = 1;
        try {
            long first = fetch(root + index * Integer.BYTES);
            if (ShortLevel1.type(first) == ShortLevel1.TYPE_SECTION) {
                return section(tables, first, input);
            }
            if (ShortLevel1.type(first) != ShortLevel1.TYPE_TABLE) {
                return ContextFault.stage1(FaultStatus.TF_MASK, level);
            }
            level = 2;
            long table = first & ShortLevel1.NEXTTABLE_MASK;
            long second = fetch(table + (input >>> SMALL_PAGE & LEVEL2_ENTRIES - 1) * Integer.BYTES);
            return page(tables, second, input);
        } catch (MemoryAbortException e) {
            return ContextFault.externalAbort(FaultStatus.EF_MASK, level);
        }
    }

    private static WalkResult section(BankContext.ShortTables tables, long entry, long input) {
        if (tables.flagInAp() && ShortLevel1.af(entry) == 0) {
            return ContextFault.stage1(FaultStatus.AFF_MASK, 1);
        }
        boolean large = ShortLevel1.supersection(entry) != 0;
        long output = entry & (large ? ShortLevel1.BASE16M_MASK : ShortLevel1.SECTION_MASK);
        return leaf(
                input,
                output,
                large ? SUPERSECTION : SECTION,
                ShortLevel1.apRdonly(entry) != 0,
                ShortLevel1.apUnpriv(entry) != 0,
                ShortLevel1.xn(entry) != 0,
                ShortLevel1.nG(entry) == 0);
    }

    private static WalkResult page(BankContext.ShortTables tables, long entry, long input) {
        boolean small = ShortLevel2.smallPage(entry) != 0;
        if (!small && ShortLargePage.type(entry) != ShortLargePage.TYPE_LARGE_PAGE) {
            return ContextFault.stage1(FaultStatus.TF_MASK, 2);
        }
        // both forms have these in the same place
        if (tables.flagInAp() && ShortLevel2.af(entry) == 0) {
            return ContextFault.stage1(FaultStatus.AFF_MASK, 2);
        }
        return leaf(
                input,
                entry & (small ? ShortLevel2.PAGE_MASK : ShortLargePage.LARGEPAGE_MASK),
                small ? SMALL_PAGE : LARGE_PAGE,
                ShortLevel2.apRdonly(entry) != 0,
                ShortLevel2.apUnpriv(entry) != 0,
                small ? ShortLevel2.xn(entry) != 0 : ShortLargePage.xn(entry) != 0,
                ShortLevel2.nG(entry) == 0);
    }

    private static Mapping leaf(
            long input, long output, int size, boolean readOnly, boolean unprivileged, boolean never, boolean global) {
        int denied = readOnly ? Mapping.WRITE : 0;
        denied |= unprivileged ? 0 : Mapping.UNPRIVILEGED;
        denied |= never ? Mapping.PRIVILEGED_EXECUTE | Mapping.UNPRIVILEGED_EXECUTE : 0;
        return new Mapping(input & -1L << size, output, size, size < SECTION ? 2 : 1, denied, global);
    }

    private long fetch(long address) throws MemoryAbortException {
        reads.increment();
        // a device reads with at least the order of an acquire, which memory offers for 64 bits
        long pair = memory.read64Acquire(address & -Long.BYTES);
        return pair >>> (address & Integer.BYTES) * Byte.SIZE & 0xffffffffL;
    }
}
