package org.sluice.vendor.nvidia;

import org.sluice.smmuv2.arch.ContextBankAttribute;
import org.sluice.smmuv2.arch.ContextBankFaultSyndrome;
import org.sluice.smmuv2.arch.FaultAddress;
import org.sluice.smmuv2.arch.FaultStatus;
import org.sluice.smmuv2.arch.FaultSyndrome0;
import org.sluice.smmuv2.arch.IpaFaultAddress;
import org.sluice.smmuv2.arch.SGfar;
import org.sluice.smmuv2.arch.SGfsr;
import org.sluice.smmuv2.arch.SGfsynr1;
import org.sluice.smmuv2.arch.SIdr1;
import org.sluice.spi.bus.RegisterFile;

/**
 * The registers of several SMMUs as those of one. An offset behind the first file reaches one instance alone. Any thread.
 *
 * <p>Fault registers are read from the first instance that has a fault there. When two have one in the same bank at the same
 * time, the write that clears the first clears both, and only one is reported.
 */
final class MirroredRegisters implements RegisterFile {
    private static final int SHIFT_4K = 12;
    private static final int SHIFT_64K = 16;

    private final RegisterFile real;
    private final int instances;
    private final int pageShift;
    private final long stride;

    MirroredRegisters(RegisterFile real, int instances) {
        this.real = real;
        this.instances = instances;
        pageShift = pageShift(identification(real));
        stride = stride(real);
    }

    private static long identification(RegisterFile registers) {
        return registers.read32(SIdr1.OFFSET) & 0xffffffffL;
    }

    private static int pageShift(long idr1) {
        return SIdr1.pagesize(idr1) == SIdr1.PAGESIZE_SIZE_64K ? SHIFT_64K : SHIFT_4K;
    }

    /** Bytes from one instance's file to the next: both halves of the SMMU's address space (IDR1). */
    static long stride(RegisterFile registers) {
        long idr1 = identification(registers);
        return 1L << SIdr1.numpagendxb(idr1) + 2 + pageShift(idr1);
    }

    @Override
    public int read32(long offset) {
        return real.read32(place(offset));
    }

    @Override
    public long read64(long offset) {
        return real.read64(place(offset));
    }

    @Override
    public void write32(long offset, int value) {
        for (int i = 0; i < copies(offset); i++) {
            real.write32(offset + i * stride, value);
        }
    }

    @Override
    public void write64(long offset, long value) {
        for (int i = 0; i < copies(offset); i++) {
            real.write64(offset + i * stride, value);
        }
    }

    private int copies(long offset) {
        return offset < stride ? instances : 1;
    }

    private long place(long offset) {
        long status = offset < stride ? statusFor(offset) : -1;
        for (int i = 0; status >= 0 && i < instances; i++) {
            if (real.read32(status + i * stride) != 0) {
                return offset + i * stride;
            }
        }
        return offset;
    }

    /** Where the fault status is that a register belongs to; -1 for a register that is none of a fault. */
    private long statusFor(long offset) {
        long page = offset >>> pageShift;
        int inPage = (int) (offset & (1L << pageShift) - 1);
        if (page == 0) {
            return inPage >= SGfar.OFFSET && inPage <= SGfsynr1.OFFSET ? SGfsr.OFFSET : -1;
        }
        if (page == ContextBankAttribute.PAGE) {
            int bank = (inPage - ContextBankFaultSyndrome.OFFSET) / Integer.BYTES;
            boolean syndrome = inPage >= ContextBankFaultSyndrome.OFFSET && bank < banks();
            return syndrome ? (stride >>> 1) + ((long) bank << pageShift) + FaultStatus.OFFSET : -1;
        }
        boolean fault = offset >= stride >>> 1
                && (inPage == FaultStatus.OFFSET
                        || inPage == FaultSyndrome0.OFFSET
                        || isHalfOf(inPage, FaultAddress.OFFSET)
                        || isHalfOf(inPage, IpaFaultAddress.OFFSET));
        return fault ? (page << pageShift) + FaultStatus.OFFSET : -1;
    }

    private static boolean isHalfOf(int offset, int wide) {
        return offset == wide || offset == wide + Integer.BYTES;
    }

    /** Context banks that the file has room for. */
    private long banks() {
        return stride >>> 1 + pageShift;
    }
}
