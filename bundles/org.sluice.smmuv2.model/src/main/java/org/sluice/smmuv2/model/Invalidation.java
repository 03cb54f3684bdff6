package org.sluice.smmuv2.model;

import java.util.Set;
import org.sluice.smmuv2.arch.TlbiAsid;
import org.sluice.smmuv2.arch.TlbiVa;

/** TLB maintenance as register writes ask for it. Any thread. */
final class Invalidation {
    private static final int PAGE = 12;
    private static final int ASID_BITS_32 = 8;

    private final Tlb tlb;
    private final Translator translator;
    private final InFlight transactions;
    private final Surroundings surroundings;
    private final boolean sparesAhead;
    private final boolean sparesBlocks;

    Invalidation(
            Tlb tlb, Translator translator, InFlight transactions, Surroundings surroundings, Set<Defect> defects) {
        this.tlb = tlb;
        this.translator = translator;
        this.transactions = transactions;
        this.surroundings = surroundings;
        sparesAhead = defects.contains(Defect.PREFETCH);
        sparesBlocks = defects.contains(Defect.BLOCK_INVALIDATION);
    }

    void all() {
        tlb.invalidateAll();
    }

    void vmid(int vmid) {
        tlb.invalidateVmid(vmid);
    }

    /** TLBIALL of a bank. */
    void bank(BankContext context) {
        tlb.invalidateVmid(translator.vmid(context));
    }

    /** TLBIASID of a bank. */
    void asid(BankContext context, long operand) {
        tlb.invalidateAsid(translator.vmid(context), (int) TlbiAsid.asid(operand));
    }

    /** TLBIVA and TLBIVAL; with {@code anyAsid} TLBIVAA and TLBIVAAL. */
    void address(BankContext context, long operand, boolean anyAsid) {
        boolean aarch64 = context.format() == BankContext.Format.AARCH64;
        long asid = aarch64 ? TlbiVa.asid(operand) : operand & (1 << ASID_BITS_32) - 1;
        // VA[55:12], sign-extended as input addresses are
        long address = aarch64
                ? TlbiVa.va(operand) << Long.SIZE - TlbiVa.VA_MSB - 1 >> Long.SIZE - TlbiVa.VA_MSB - 1 - PAGE
                : operand & 0xffffffffL & -1L << PAGE;
        int whose = anyAsid ? -1 : (int) asid;
        tlb.invalidateAddress(translator.vmid(context), whose, address, sparesAhead, sparesBlocks);
    }

    /** TLBIIPAS2 and TLBIIPAS2L. */
    void intermediate(BankContext context, long operand) {
        tlb.invalidateIpa(translator.vmid(context), operand << PAGE);
    }

    /** TLBSYNC and sTLBGSYNC: over when no transaction uses what was invalidated. */
    void sync() {
        transactions.drain();
        surroundings.synchronising();
    }

    /** The bit of TLBSTATUS and sTLBGSTATUS. */
    boolean isSynchronising() {
        return surroundings.isSynchronising();
    }
}
