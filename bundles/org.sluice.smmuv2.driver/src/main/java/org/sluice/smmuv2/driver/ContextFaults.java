package org.sluice.smmuv2.driver;

import java.util.List;
import org.sluice.api.FaultEvent;
import org.sluice.api.FaultReason;
import org.sluice.layout.Field;
import org.sluice.smmuv2.arch.ContextBankFaultSyndrome;
import org.sluice.smmuv2.arch.ContextId;
import org.sluice.smmuv2.arch.FaultAddress;
import org.sluice.smmuv2.arch.FaultStatus;
import org.sluice.smmuv2.arch.FaultSyndrome0;
import org.sluice.smmuv2.arch.TranslationTableBase0;
import org.sluice.spi.driver.FaultRecord;

/**
 * The fault registers of a context bank, read at once.
 *
 * @param bank which bank
 * @param status FSR
 * @param address FAR
 * @param syndrome FSYNR0
 * @param stream CBFRSYNRA
 * @param ttbr0 TTBR0: the table that was loaded, and its ASID
 * @param contextidr CONTEXTIDR: the process that was loaded
 */
record ContextFaults(int bank, long status, long address, long syndrome, long stream, long ttbr0, long contextidr) {
    private static final long FAULTS = FaultStatus.TF_MASK
            | FaultStatus.AFF_MASK
            | FaultStatus.PF_MASK
            | FaultStatus.EF_MASK
            | FaultStatus.TLBMCF_MASK
            | FaultStatus.TLBLKF_MASK
            | FaultStatus.ASF_MASK
            | FaultStatus.UUT_MASK;

    /** Reads them; null when the bank holds no fault. */
    static ContextFaults read(Space space, int bank) {
        long status = space.bank32(bank, FaultStatus.OFFSET);
        if ((status & FAULTS) == 0) {
            return null;
        }
        return new ContextFaults(
                bank,
                status,
                space.bank64(bank, FaultAddress.OFFSET),
                space.bank32(bank, FaultSyndrome0.OFFSET),
                space.global1(ContextBankFaultSyndrome.OFFSET + Integer.BYTES * bank),
                space.bank64(bank, TranslationTableBase0.OFFSET),
                space.bank32(bank, ContextId.OFFSET));
    }

    boolean isStalled() {
        return FaultStatus.ss(status) != 0;
    }

    boolean isWrite() {
        return FaultSyndrome0.wnr(syndrome) != 0;
    }

    /** Root of the table that was loaded. */
    long root() {
        return ttbr0 & TranslationTableBase0.ADDR_MASK;
    }

    /** In the terms of the contract; raw words are FSR, FSYNR0, FAR, TTBR0, CONTEXTIDR and the bank. */
    FaultRecord toFault() {
        return new FaultRecord(
                (int) ContextBankFaultSyndrome.streamID(stream),
                FaultEvent.NO_PASID,
                reason(),
                name(),
                address,
                isWrite(),
                FaultSyndrome0.pnu(syndrome) != 0,
                FaultSyndrome0.ind(syndrome) != 0,
                isStalled(),
                List.of(status, syndrome, address, ttbr0, contextidr, (long) bank));
    }

    private FaultReason reason() {
        if (FaultStatus.tf(status) != 0) {
            return FaultReason.TRANSLATION;
        }
        if (FaultStatus.pf(status) != 0) {
            return FaultReason.PERMISSION;
        }
        if (FaultStatus.aff(status) != 0) {
            return FaultReason.ACCESS_FLAG;
        }
        if (FaultStatus.asf(status) != 0) {
            return FaultReason.ADDRESS_SIZE;
        }
        return FaultStatus.ef(status) != 0 ? FaultReason.WALK_ABORT : FaultReason.OTHER;
    }

    private String name() {
        return FaultStatus.LAYOUT.fields().stream()
                .filter(field -> field.kind().isNamed() && (field.mask() & status & FAULTS) != 0)
                .map(Field::name)
                .findFirst()
                .orElse("FSR");
    }
}
