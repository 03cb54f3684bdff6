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
    /** Effective output size in bits: IPS, capped to OAS. */
    final int outputBits;
    /** AFFD: descriptors with AF=0 do not fault. */
    final boolean accessFlagIgnored;
    /** HA: the device sets AF, and AFFD means nothing. */
    final boolean updatesAccess;
    /** HD, which without HA does nothing: the device makes descriptors with DBM dirty. */
    final boolean updatesDirty;

    final boolean writeExecuteNever;
    final boolean privilegedAccessNever;
    /** CD.A: translation faults abort; else they read as zero and ignore writes. */
    final boolean aborts;
    /** CD.R: translation faults are recorded. */
    final boolean records;
    /** CD.S: translation faults stall, and are recorded. */
    final boolean stalls;

    private StreamContext(long[] cd, InputRange low, InputRange high, int outputBits) {
        asid = (int) ContextDescriptor.asid(cd[0]);
        this.low = low;
        this.high = high;
        lowTopByteIgnored = ContextDescriptor.tbi0(cd[0]) != 0;
        highTopByteIgnored = ContextDescriptor.tbi1(cd[0]) != 0;
        this.outputBits = outputBits;
        accessFlagIgnored = ContextDescriptor.affd(cd[0]) != 0;
        updatesAccess = ContextDescriptor.ha(cd[0]) != 0;
        updatesDirty = updatesAccess && ContextDescriptor.hd(cd[0]) != 0;
        writeExecuteNever = ContextDescriptor.wxn(cd[0]) != 0;
        privilegedAccessNever = ContextDescriptor.pan(cd[0]) != 0;
        aborts = ContextDescriptor.a(cd[0]) != 0;
        stalls = ContextDescriptor.s(cd[0]) != 0;
        records = ContextDescriptor.r(cd[0]) != 0;
    }

    /**
     * Decodes and checks.
     *
     * @param stallsAllowed the STE allows CD.S
     * @return the context, or null for C_BAD_CD
     */
    static StreamContext decode(long[] cd, Identity id, boolean stallsAllowed) {
        if (!legal(cd[0], id, stallsAllowed)) {
            return null;
        }
        boolean lowOn = ContextDescriptor.epd0(cd[0]) == 0;
        boolean highOn = ContextDescriptor.epd1(cd[0]) == 0;
        // where no walk is possible, the endianness of walks is not looked at
        if ((lowOn || highOn) && ContextDescriptor.endi(cd[0]) != 0) {
            return null;
        }
        int outputBits = Math.min(Identity.addressBits(ContextDescriptor.ips(cd[0])), id.outputBits());
        InputRange low = lowOn
                ? InputRange.of(
                        Granule.ofTg0(ContextDescriptor.tg0(cd[0])),
                        (int) ContextDescriptor.t0sz(cd[0]),
                        ContextDescriptor.ttb0(cd[1]),
                        ContextDescriptor.had0DisCH0(cd[1]) != 0,
                        outputBits,
                        id)
                : null;
        InputRange high = highOn
                ? InputRange.of(
                        Granule.ofTg1(ContextDescriptor.tg1(cd[0])),
                        (int) ContextDescriptor.t1sz(cd[0]),
                        ContextDescriptor.ttb1(cd[2]),
                        ContextDescriptor.had1DisCH1(cd[2]) != 0,
                        outputBits,
                        id)
                : null;
        if (lowOn && low == null || highOn && high == null) {
            return null;
        }
        return new StreamContext(cd, low, high, outputBits);
    }

    private static boolean legal(long word0, Identity id, boolean stallsAllowed) {
        boolean stalls = ContextDescriptor.s(word0) != 0;
        boolean updatesAccess = ContextDescriptor.ha(word0) != 0;
        boolean updatesDirty = ContextDescriptor.hd(word0) != 0;
        return ContextDescriptor.v(word0) != 0
                && ContextDescriptor.aa64(word0) != 0
                && !(stalls && !(id.stalls() && stallsAllowed))
                && !(!stalls && id.stallForced())
                && !(ContextDescriptor.a(word0) == 0 && id.abortsOnly())
                && !(updatesAccess && id.httu() < Idr0.HTTU_ACCESS)
                // HD without HA is inert
                && !(updatesAccess && updatesDirty && id.httu() < Idr0.HTTU_ACCESS_DIRTY)
                && (id.asid16() || ContextDescriptor.asid(word0) <= MAX_ASID_WITHOUT_ASID16);
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
        boolean ignored = isHigh(address) ? highTopByteIgnored : lowTopByteIgnored;
        return ignored ? address << Byte.SIZE >> Byte.SIZE : address;
    }
}
