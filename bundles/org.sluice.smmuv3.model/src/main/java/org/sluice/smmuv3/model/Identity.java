package org.sluice.smmuv3.model;

import org.sluice.smmuv3.arch.Idr0;
import org.sluice.smmuv3.arch.Idr1;
import org.sluice.smmuv3.arch.Idr3;
import org.sluice.smmuv3.arch.Idr5;
import org.sluice.vmsa.arch.Ps;

/**
 * The ID registers, and what follows from them. Every decision of the model asks here, so that a feature is there exactly
 * when its ID bit says so. Immutable.
 *
 * @param idr0 SMMU_IDR0
 * @param idr1 SMMU_IDR1
 * @param idr3 SMMU_IDR3
 * @param idr5 SMMU_IDR5
 * @param iidr SMMU_IIDR
 * @param aidr SMMU_AIDR
 */
record Identity(long idr0, long idr1, long idr3, long idr5, long iidr, long aidr) {
    private static final int[] ADDRESS_BITS = {32, 36, 40, 42, 44, 48, 52, 52};

    /** The largest address size. */
    static final int MAX_ADDRESS_BITS = 52;

    /** That of the Secure interface, which has no stage 2, EL2, ATS and PRI. */
    Identity secure() {
        long secure0 = Idr0.withS2p(Idr0.withHyp(Idr0.withVmid16(idr0, 0), 0), 0);
        secure0 = Idr0.withAts(Idr0.withNs1ats(Idr0.withPri(Idr0.withAtsrecerr(secure0, 0), 0), 0), 0);
        long secure1 = Idr1.withPriqs(idr1, 0);
        return new Identity(Idr0.withAtos(secure0, 0), secure1, Idr3.withPps(idr3, 0), idr5, iidr, aidr);
    }

    boolean stage1() {
        return Idr0.s1p(idr0) != 0;
    }

    boolean stage2() {
        return Idr0.s2p(idr0) != 0;
    }

    boolean ats() {
        return Idr0.ats(idr0) != 0;
    }

    boolean nestedAtsOnly() {
        return Idr0.ns1ats(idr0) != 0;
    }

    boolean pri() {
        return Idr0.pri(idr0) != 0;
    }

    /** Whether configuration errors of ATS traffic can be recorded (CR2.REC_CFG_ATS). */
    boolean recordsAtsErrors() {
        return ats() && Idr0.atsrecerr(idr0) != 0;
    }

    /** Whether automatic answers to page requests have their PASID, whatever STE.PPAR says. */
    boolean pasidInResponses() {
        return Idr3.pps(idr3) != 0;
    }

    int pageRequestQueueBits() {
        return (int) Idr1.priqs(idr1);
    }

    boolean msi() {
        return Idr0.msi(idr0) != 0;
    }

    boolean rangeInvalidation() {
        return Idr3.ril(idr3) != 0;
    }

    /** Whether hierarchical permissions can be disabled by CD.HADx. */
    boolean hierarchicalAttributeDisable() {
        return Idr3.had(idr3) != 0;
    }

    /** Whether unprivileged access to a half can be prevented by CD.E0PDx. */
    boolean unprivilegedAccessPrevention() {
        return Idr3.e0pd(idr3) != 0;
    }

    /** Whether PAN covers what is executable unprivileged (CD.EPAN). */
    boolean enhancedPan() {
        return Idr3.epan(idr3) != 0;
    }

    /** Whether stage 2 can override the memory type of stage 1 (STE.S2FWB). */
    boolean forcedWriteBack() {
        return Idr3.fwb(idr3) != 0;
    }

    /** Whether 4K and 16K granules can have 52-bit addresses (CD.DS, STE.S2DS). */
    boolean largeAddresses() {
        return Idr5.ds(idr5) != 0;
    }

    /** Whether stage 1 can have 52-bit input addresses: the 64K granule, and others with CD.DS. */
    boolean largeInputs() {
        return Idr5.vax(idr5) != 0;
    }

    /** Whether blocks one level above the usual ones can exist in a granule. */
    boolean largeBlocks(int granule) {
        return granule == Granule.BITS_64K ? outputBits() == MAX_ADDRESS_BITS : largeAddresses();
    }

    /** Whether there is EL2: STE.STRW, CR2.E2H and the commands of EL2. */
    boolean hypervisor() {
        return Idr0.hyp(idr0) != 0;
    }

    /** Whether MTCFG, SHCFG and ALLOCCFG override memory attributes. */
    boolean typeOverride() {
        return Idr1.attrTypesOvr(idr1) != 0;
    }

    /** Whether PRIVCFG and INSTCFG override the kind of access. */
    boolean permissionOverride() {
        return Idr1.attrPermsOvr(idr1) != 0;
    }

    /** Whether there are address translation registers. */
    boolean atos() {
        return Idr0.atos(idr0) != 0;
    }

    boolean smallTranslationTables() {
        return Idr3.stt(idr3) != 0;
    }

    boolean twoLevelStreamTable() {
        return Idr0.stLevel(idr0) == Idr0.ST_LEVEL_TWO_LEVEL;
    }

    boolean twoLevelContextTable() {
        return Idr0.cd2l(idr0) != 0;
    }

    /** Whether faults may stall: then CD.S and STE.S1STALLD mean something. */
    boolean stalls() {
        return stallModel() != Idr0.STALL_MODEL_TERMINATE_ONLY;
    }

    boolean stallForced() {
        return stallModel() == Idr0.STALL_MODEL_STALL_FORCED;
    }

    long stallModel() {
        return Idr0.stallModel(idr0);
    }

    /** How many transactions may be stalled at once. */
    int stallMax() {
        return (int) Idr5.stallMax(idr5);
    }

    /** Whether a terminated transaction always aborts: CD.A must be 1 then. */
    boolean abortsOnly() {
        return Idr0.termModel(idr0) != 0;
    }

    long httu() {
        return Idr0.httu(idr0);
    }

    boolean asid16() {
        return Idr0.asid16(idr0) != 0;
    }

    boolean vmid16() {
        return Idr0.vmid16(idr0) != 0;
    }

    /** Whether stage 2 tells privileged from unprivileged execution. */
    boolean stage2ExecuteNever() {
        return Idr3.xnx(idr3) != 0;
    }

    int sidBits() {
        return (int) Idr1.sidsize(idr1);
    }

    int ssidBits() {
        return (int) Idr1.ssidsize(idr1);
    }

    int commandQueueBits() {
        return (int) Idr1.cmdqs(idr1);
    }

    int eventQueueBits() {
        return (int) Idr1.eventqs(idr1);
    }

    /** Output address size in bits. */
    int outputBits() {
        return addressBits(Idr5.oas(idr5));
    }

    /** Whether the granule of so many bits (12, 14, 16) exists. */
    boolean granule(int bits) {
        return switch (bits) {
            case Granule.BITS_4K -> Idr5.gran4k(idr5) != 0;
            case Granule.BITS_16K -> Idr5.gran16k(idr5) != 0;
            case Granule.BITS_64K -> Idr5.gran64k(idr5) != 0;
            default -> false;
        };
    }

    /** Bits that OAS, IPS and PS encode; a reserved value acts as the largest. */
    static int addressBits(long encoded) {
        return ADDRESS_BITS[(int) Math.min(encoded, Ps.BITS_52)];
    }
}
