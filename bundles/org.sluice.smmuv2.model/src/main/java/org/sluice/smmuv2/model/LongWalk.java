package org.sluice.smmuv2.model;

import java.util.concurrent.atomic.LongAdder;
import org.sluice.smmuv2.arch.FaultStatus;
import org.sluice.spi.memory.MemoryAbortException;
import org.sluice.spi.memory.PhysicalMemory;
import org.sluice.vmsa.arch.Stage1Leaf;
import org.sluice.vmsa.arch.Stage2Leaf;
import org.sluice.vmsa.arch.TableDescriptor;

/**
 * Walks tables of the long format, for either stage. At each level the order is: external abort, translation fault,
 * address size fault; at the leaf then the access flag. Permissions are the caller's. Stateless but for a count; any thread.
 */
final class LongWalk {
    private final PhysicalMemory memory;
    private final LongAdder reads;

    LongWalk(PhysicalMemory memory, LongAdder reads) {
        this.memory = memory;
        this.reads = reads;
    }

    /**
     * Stage 1.
     *
     * @param second the stage 2 beneath, which translates the address of each descriptor, or null
     * @param input an address that the range covers, as the device sent it
     */
    WalkResult stage1(InputRange range, BankContext second, boolean accessFlag, long input) {
        long index = input & (1L << range.inputBits()) - 1;
        long table = range.root();
        int restrictions = 0;
        for (int level = range.startLevel(); ; level++) {
            int shift = Granule.shift(range.granule(), level);
            long address = table + (index >>> shift & indexMask(range)) * Long.BYTES;
            if (second != null) {
                WalkResult fetched = stage2(second, address, true);
                if (fetched instanceof ContextFault fault) {
                    return fault;
                }
                if ((((Mapping) fetched).denials() & Mapping.STAGE2_READ) != 0) {
                    return ContextFault.stage2(FaultStatus.PF_MASK, level, address, true);
                }
                address = ((Mapping) fetched).outputOf(address);
            }
            long descriptor;
            try {
                descriptor = fetch(address);
            } catch (MemoryAbortException e) {
                return ContextFault.externalAbort(FaultStatus.EF_MASK, level);
            }
            boolean last = level == Granule.LAST_LEVEL;
            boolean tableOrPage = TableDescriptor.type(descriptor) == TableDescriptor.TYPE_TABLE;
            if (!tableOrPage && (last || !isBlock(descriptor, range.granule(), level))) {
                return ContextFault.stage1(FaultStatus.TF_MASK, level);
            }
            long output = descriptor & range.addressMask();
            if (output >>> range.outputBits() != 0) {
                return ContextFault.stage1(FaultStatus.ASF_MASK, level);
            }
            if (last || !tableOrPage) {
                if (accessFlag && Stage1Leaf.af(descriptor) == 0) {
                    return ContextFault.stage1(FaultStatus.AFF_MASK, level);
                }
                return new Mapping(
                        input & -1L << shift,
                        output & -1L << shift,
                        shift,
                        level,
                        restrictions | denials(descriptor),
                        Stage1Leaf.nG(descriptor) == 0);
            }
            restrictions |= restrictions(descriptor);
            table = output;
        }
    }

    /**
     * Stage 2.
     *
     * @param context an enabled bank of kind STAGE2
     * @param ipa what to translate
     * @param walk whether it is the address of a descriptor of stage 1
     */
    WalkResult stage2(BankContext context, long ipa, boolean walk) {
        InputRange range = context.low();
        if (range == null || ipa >>> range.inputBits() != 0) {
            return ContextFault.stage2(FaultStatus.TF_MASK, 0, ipa, walk);
        }
        // the root may be up to 16 tables side by side
        long table = range.root();
        long mask = (1L << range.inputBits()) - 1;
        for (int level = range.startLevel(); ; level++) {
            int shift = Granule.shift(range.granule(), level);
            long address = table + ((ipa & mask) >>> shift) * Long.BYTES;
            long descriptor;
            try {
                descriptor = fetch(address);
            } catch (MemoryAbortException e) {
                return ContextFault.stage2(FaultStatus.EF_MASK, level, ipa, walk);
            }
            boolean last = level == Granule.LAST_LEVEL;
            boolean tableOrPage = TableDescriptor.type(descriptor) == TableDescriptor.TYPE_TABLE;
            if (!tableOrPage && (last || !isBlock(descriptor, range.granule(), level))) {
                return ContextFault.stage2(FaultStatus.TF_MASK, level, ipa, walk);
            }
            long output = descriptor & range.addressMask();
            if (output >>> range.outputBits() != 0) {
                return ContextFault.stage2(FaultStatus.ASF_MASK, level, ipa, walk);
            }
            if (last || !tableOrPage) {
                if (context.accessFlag() && Stage2Leaf.af(descriptor) == 0) {
                    return ContextFault.stage2(FaultStatus.AFF_MASK, level, ipa, walk);
                }
                return new Mapping(
                        ipa & -1L << shift, output & -1L << shift, shift, level, stage2Denials(descriptor), true);
            }
            table = output;
            mask = (1L << shift) - 1;
        }
    }

    private long fetch(long address) throws MemoryAbortException {
        reads.increment();
        return memory.read64Acquire(address);
    }

    private static long indexMask(InputRange range) {
        return (1L << Granule.bitsPerLevel(range.granule())) - 1;
    }

    private static boolean isBlock(long descriptor, int granule, int level) {
        return Stage1Leaf.type(descriptor) == Stage1Leaf.TYPE_BLOCK && Granule.blockAllowed(granule, level);
    }

    private static int denials(long leaf) {
        int denied = Stage1Leaf.apRdonly(leaf) != 0 ? Mapping.WRITE : 0;
        denied |= Stage1Leaf.apUnpriv(leaf) == 0 ? Mapping.UNPRIVILEGED : 0;
        denied |= Stage1Leaf.pxn(leaf) != 0 ? Mapping.PRIVILEGED_EXECUTE : 0;
        return denied | (Stage1Leaf.uxn(leaf) != 0 ? Mapping.UNPRIVILEGED_EXECUTE : 0);
    }

    private static int restrictions(long table) {
        int denied = TableDescriptor.apTableRdonly(table) != 0 ? Mapping.WRITE : 0;
        denied |= TableDescriptor.apTableNoUnpriv(table) != 0 ? Mapping.UNPRIVILEGED : 0;
        denied |= TableDescriptor.pxnTable(table) != 0 ? Mapping.PRIVILEGED_EXECUTE : 0;
        return denied | (TableDescriptor.uxnTable(table) != 0 ? Mapping.UNPRIVILEGED_EXECUTE : 0);
    }

    private static int stage2Denials(long leaf) {
        int denied = Stage2Leaf.s2apR(leaf) == 0 ? Mapping.STAGE2_READ : 0;
        denied |= Stage2Leaf.s2apW(leaf) == 0 ? Mapping.STAGE2_WRITE : 0;
        return denied | (Stage2Leaf.xn(leaf) >> 1 != 0 ? Mapping.STAGE2_EXECUTE : 0);
    }
}
