package org.sluice.smmuv3.driver;

import org.sluice.smmuv3.arch.ContextDescriptor;
import org.sluice.spi.pgtable.ArmStage1;

/** The context descriptors that this driver writes, as eight words each. Stateless, for any thread. */
final class ContextEntry {
    private ContextEntry() {}

    /** No context: an access that selects it faults. */
    static long[] absent() {
        return new long[ContextDescriptor.WORDS];
    }

    /**
     * A context of a page table that is not a process's.
     *
     * @param walker the page table
     * @param asid tag of its TLB entries
     * @param stall whether faults stall
     * @param hardwareDirty whether the SMMU sets access flags and marks written pages dirty
     * @return eight words
     */
    static long[] of(ArmStage1 walker, int asid, boolean stall, boolean hardwareDirty) {
        long[] entry = new long[ContextDescriptor.WORDS];
        long word = walker.upperHalf() ? upperHalf(walker) : lowerHalf(walker);
        word = ContextDescriptor.withV(word, 1);
        word = ContextDescriptor.withIps(word, walker.ips());
        word = ContextDescriptor.withAa64(word, 1);
        word = ContextDescriptor.withS(word, stall ? 1 : 0);
        word = ContextDescriptor.withR(word, 1);
        word = ContextDescriptor.withA(word, 1);
        word = ContextDescriptor.withAset(word, 1);
        word = ContextDescriptor.withHa(word, hardwareDirty ? 1 : 0);
        word = ContextDescriptor.withHd(word, hardwareDirty ? 1 : 0);
        entry[ContextDescriptor.V_WORD] = ContextDescriptor.withAsid(word, asid);
        entry[ContextDescriptor.DS_WORD] = ContextDescriptor.withDs(0, walker.ds() ? 1 : 0);
        if (walker.upperHalf()) {
            int at = ContextDescriptor.TTB1_WORD;
            entry[at] = ContextDescriptor.withTtb1(entry[at], walker.root());
        } else {
            entry[ContextDescriptor.TTB0_WORD] = ContextDescriptor.withTtb0(0, walker.root());
        }
        entry[ContextDescriptor.MAIR_WORD] = ContextDescriptor.withMair(0, walker.mair());
        return entry;
    }

    private static long lowerHalf(ArmStage1 walker) {
        long word = ContextDescriptor.withT0sz(0, walker.tsz());
        word = ContextDescriptor.withTg0(word, walker.tg());
        word = ContextDescriptor.withIr0(word, walker.irgn());
        word = ContextDescriptor.withOr0(word, walker.orgn());
        word = ContextDescriptor.withSh0(word, walker.sh());
        return ContextDescriptor.withEpd1(word, 1);
    }

    private static long upperHalf(ArmStage1 walker) {
        long word = ContextDescriptor.withT1sz(0, walker.tsz());
        word = ContextDescriptor.withTg1(word, walker.tg());
        word = ContextDescriptor.withIr1(word, walker.irgn());
        word = ContextDescriptor.withOr1(word, walker.orgn());
        word = ContextDescriptor.withSh1(word, walker.sh());
        return ContextDescriptor.withEpd0(word, 1);
    }
}
