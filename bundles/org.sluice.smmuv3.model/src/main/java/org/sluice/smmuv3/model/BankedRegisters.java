package org.sluice.smmuv3.model;

import org.sluice.smmuv3.arch.EventqCons;
import org.sluice.smmuv3.arch.EventqProd;
import org.sluice.smmuv3.arch.Idr0;
import org.sluice.smmuv3.arch.Iidr;
import org.sluice.smmuv3.arch.SIdr0;
import org.sluice.smmuv3.arch.SIdr1;
import org.sluice.smmuv3.arch.SInit;
import org.sluice.spi.bus.RegisterFile;

/**
 * The register file of an SMMU with a Secure programming interface: the Secure registers are those of the other world again,
 * {@link #SECURE} further on, but for the ID registers, S_INIT, and the pointers of the event queue, which are on page 0.
 * Who may access them is the bus's business. Any thread.
 */
final class BankedRegisters implements RegisterFile {
    /** Bytes from a register to its Secure one. */
    static final int SECURE = SIdr0.ADDRESS;

    private static final int BANK_BYTES = 0x1000;
    private static final long LAST_ID = Iidr.ADDRESS + Integer.BYTES;

    private final RegisterFile nonSecure;
    private final RegisterFile secure;
    private final long idr0;
    private final long idr1;
    private final Runnable invalidateAll;

    /**
     * Puts two banks together.
     *
     * @param id of the Secure interface
     * @param invalidateAll what S_INIT.INV_ALL does
     */
    BankedRegisters(RegisterFile nonSecure, RegisterFile secure, Identity id, Runnable invalidateAll) {
        this.nonSecure = nonSecure;
        this.secure = secure;
        this.invalidateAll = invalidateAll;
        idr0 = SIdr0.withStallModel(SIdr0.withMsi(0, Idr0.msi(id.idr0())), id.stallModel());
        idr1 = SIdr1.withSecureImpl(SIdr1.withSSidsize(0, id.sidBits()), 1);
    }

    private static boolean isSecure(long offset) {
        return offset >= SECURE && offset < SECURE + BANK_BYTES;
    }

    // where the Secure bank keeps it
    private static long inBank(long offset) {
        long same = offset - SECURE;
        if (same == EventqProd.OFFSET) {
            return EventqProd.ADDRESS;
        }
        return same == EventqCons.OFFSET ? EventqCons.ADDRESS : same;
    }

    @Override
    public int read32(long offset) {
        if (!isSecure(offset)) {
            return nonSecure.read32(offset);
        }
        if (offset == SIdr0.ADDRESS) {
            return (int) idr0;
        }
        if (offset == SIdr1.ADDRESS) {
            return (int) idr1;
        }
        return offset - SECURE <= LAST_ID ? 0 : secure.read32(inBank(offset));
    }

    @Override
    public void write32(long offset, int value) {
        if (!isSecure(offset)) {
            nonSecure.write32(offset, value);
        } else if (offset == SInit.ADDRESS) {
            if (SInit.invAll(Integer.toUnsignedLong(value)) != 0) {
                invalidateAll.run();
            }
        } else {
            secure.write32(inBank(offset), value);
        }
    }

    @Override
    public long read64(long offset) {
        if (!isSecure(offset)) {
            return nonSecure.read64(offset);
        }
        return Integer.toUnsignedLong(read32(offset)) | (long) read32(offset + Integer.BYTES) << Integer.SIZE;
    }

    @Override
    public void write64(long offset, long value) {
        if (!isSecure(offset)) {
            nonSecure.write64(offset, value);
        } else if (inBank(offset) == offset - SECURE && offset + Integer.BYTES != SInit.ADDRESS) {
            secure.write64(offset - SECURE, value);
        } else {
            write32(offset, (int) value);
            write32(offset + Integer.BYTES, (int) (value >>> Integer.SIZE));
        }
    }
}
