package org.sluice.smmuv3.model;

import org.sluice.smmuv3.arch.ContextDescriptor;
import org.sluice.smmuv3.arch.Idr0;

/**
 * A decoded context descriptor: everything that a translation needs of it. Immutable; read by every transaction that uses
 * it.
 */
final class StreamContext {
    private static final int MAX_ASID_WITHOUT_ASID16 = 0xff;

    /** Tag of non-global TLB entries. */
    final int asid;
    /** A TTBR half, or null while EPDx disables it. */
    final InputRange low;

    final InputRange high;
    /** TBIx: the top byte of an address of this half is ignored, also when EPDx is set. */
    final boolean lowTopByteIgnored;

    final boolean highTopByteIgnored;
    /** Whose regime it is. */
    final Regime regime;
    /** MAIR: eight types of memory. */
    final long mair;
    /** AFFD: descriptors with AF=0 do not fault. */
    final boolean accessFlagIgnored;
    /** HA: the device sets AF, and AFFD means nothing. */
    final boolean updatesAccess;
    /** HD, which without HA does nothing: the device makes descriptors with DBM dirty. */
    final boolean updatesDirty;

    final boolean writeExecuteNever;
    final boolean privilegedAccessNever;
    /** EPAN: PAN covers what is executable unprivileged too. */
    final boolean privilegedAccessNeverOfCode;
    /** CD.A: translation faults abort; else they read as zero and ignore writes. */
    final boolean aborts;
    /** CD.R: translation faults are recorded. */
    final boolean records;
    /** CD.S: translation faults stall, and are recorded. */
    final boolean stalls;

    private StreamContext(long[] cd, InputRange low, InputRange high, Regime regime, Identity id) {
        asid = (int) ContextDescriptor.asid(cd[0]);
        this.low = low;
        this.high = high;
        this.regime = regime;
        lowTopByteIgnored = ContextDescriptor.tbi0(cd[0]) != 0;
        highTopByteIgnored = ContextDescriptor.tbi1(cd[0]) != 0;
        mair = ContextDescriptor.mair0(cd[ContextDescriptor.MAIR0_WORD])
                | ContextDescriptor.mair1(cd[ContextDescriptor.MAIR1_WORD]) << Integer.SIZE;
        accessFlagIgnored = ContextDescriptor.affd(cd[0]) != 0;
        updatesAccess = ContextDescriptor.ha(cd[0]) != 0;
        updatesDirty = updatesAccess && ContextDescriptor.hd(cd[0]) != 0;
        writeExecuteNever = ContextDescriptor.wxn(cd[0]) != 0;
        privilegedAccessNever = ContextDescriptor.pan(cd[0]) != 0;
        privilegedAccessNeverOfCode = id.enhancedPan() && ContextDescriptor.epan(cd[ContextDescriptor.EPAN_WORD]) != 0;
        aborts = ContextDescriptor.a(cd[0]) != 0;
        stalls = ContextDescriptor.s(cd[0]) != 0;
        records = ContextDescriptor.r(cd[0]) != 0;
    }

    /**
     * Decodes and checks. UWXN is of AArch32 alone: AArch64 never executes privileged what is writable unprivileged.
     *
     * @param stallsAllowed the STE allows CD.S
     * @return the context, or null for C_BAD_CD
     */
    static StreamContext decode(long[] cd, Identity id, boolean stallsAllowed, Regime regime) {
        if (!legal(cd[0], id, stallsAllowed, regime)) {
            return null;
        }
        // a regime of one half cannot disable it
        boolean lowOn = !regime.hasUnprivileged || ContextDescriptor.epd0(cd[0]) == 0;
        boolean highOn = regime.hasUnprivileged && ContextDescriptor.epd1(cd[0]) == 0;
        // where no walk is possible, the endianness of walks is not looked at
        if ((lowOn || highOn) && ContextDescriptor.endi(cd[0]) != 0) {
            return null;
        }
        int outputBits = Math.min(Identity.addressBits(ContextDescriptor.ips(cd[0])), id.outputBits());
        InputRange low = lowOn ? InputRange.of(lowFields(cd, id), outputBits, id) : null;
        InputRange high = highOn ? InputRange.of(highFields(cd, id), outputBits, id) : null;
        if (lowOn && low == null || highOn && high == null) {
            return null;
        }
        return new StreamContext(cd, low, high, regime, id);
    }

    private static boolean ds(long[] cd, Identity id) {
        return id.largeAddresses() && ContextDescriptor.ds(cd[ContextDescriptor.DS_WORD]) != 0;
    }

    private static InputRange.Fields lowFields(long[] cd, Identity id) {
        return new InputRange.Fields(
                Granule.ofTg0(ContextDescriptor.tg0(cd[0])),
                (int) ContextDescriptor.t0sz(cd[0]),
                ContextDescriptor.ttb0(cd[1]),
                ContextDescriptor.had0DisCH0(cd[1]) != 0,
                ContextDescriptor.e0pd0(cd[1]) != 0,
                ds(cd, id),
                (int) ContextDescriptor.sh0(cd[0]));
    }

    private static InputRange.Fields highFields(long[] cd, Identity id) {
        return new InputRange.Fields(
                Granule.ofTg1(ContextDescriptor.tg1(cd[0])),
                (int) ContextDescriptor.t1sz(cd[0]),
                ContextDescriptor.ttb1(cd[2]),
                ContextDescriptor.had1DisCH1(cd[2]) != 0,
                ContextDescriptor.e0pd1(cd[2]) != 0,
                ds(cd, id),
                (int) ContextDescriptor.sh1(cd[0]));
    }

    private static boolean legal(long word0, Identity id, boolean stallsAllowed, Regime regime) {
        boolean stalls = ContextDescriptor.s(word0) != 0;
        boolean updatesAccess = ContextDescriptor.ha(word0) != 0;
        boolean updatesDirty = ContextDescriptor.hd(word0) != 0;
        return ContextDescriptor.v(word0) != 0
                && ContextDescriptor.aa64(word0) != 0
                && !(stalls && !(id.stalls() && stallsAllowed))
                && !(!stalls && id.stallForced())
                && !(ContextDescriptor.a(word0) == 0 && id.abortsOnly())
                && !(updatesAccess && id.httu() < Idr0.HTTU_ACCESS)
                // illegal without HTTU, else inert without HA
                && !(updatesDirty && id.httu() < Idr0.HTTU_ACCESS_DIRTY)
                && (!regime.hasAsid || id.asid16() || ContextDescriptor.asid(word0) <= MAX_ASID_WITHOUT_ASID16);
    }

    /** The half that maps an address, or null where none does. */
    InputRange range(long canonical) {
        if (!regime.hasUnprivileged) {
            return low != null && canonical >>> low.inputBits() == 0 ? low : null;
        }
        InputRange range = isHigh(canonical) ? high : low;
        return range != null && range.covers(canonical) ? range : null;
    }

    /** Type of memory that an AttrIndx selects, as MAIR codes it. */
    int memoryType(long attrIndx) {
        return (int) (mair >>> Byte.SIZE * attrIndx) & 0xff;
    }

    /** Whether VA bit 55 selects the upper half. */
    static boolean isHigh(long address) {
        return address << Long.SIZE - 1 - InputRange.SELECT_BIT < 0;
    }

    /**
     * The address that tables translate: the top byte replaced by copies of bit 55 where TBI ignores it.
     *
     * @param address as the device sent it
     */
    long canonical(long address) {
        if (!regime.hasUnprivileged) {
            // one half: the top byte is 0 or ignored
            return lowTopByteIgnored ? address << Byte.SIZE >>> Byte.SIZE : address;
        }
        boolean ignored = isHigh(address) ? highTopByteIgnored : lowTopByteIgnored;
        return ignored ? address << Byte.SIZE >> Byte.SIZE : address;
    }
}
