package org.sluice.vendor.msm;

import java.util.function.Supplier;
import org.sluice.smmuv2.arch.StreamToContext;
import org.sluice.spi.bus.RegisterFile;

/**
 * A register file on which streams can bypass: an entry that is written so leads to the reserved bank, if there is one, and
 * is read as it was written. Any thread.
 */
final class BypassRegisters implements RegisterFile {
    /** S2CR0 to S2CR127. */
    private static final long LAST = StreamToContext.OFFSET + 127L * Integer.BYTES;

    private final RegisterFile real;
    private final Supplier<ReservedBank> last;

    /**
     * Reads nothing yet: the SMMU may be powered down.
     *
     * @param real without this
     * @param last the bank that is reserved, or is not
     */
    BypassRegisters(RegisterFile real, Supplier<ReservedBank> last) {
        this.real = real;
        this.last = last;
    }

    private static boolean isEntry(long offset) {
        return offset >= StreamToContext.OFFSET && offset <= LAST;
    }

    @Override
    public int read32(long offset) {
        int value = real.read32(offset);
        long entry = Integer.toUnsignedLong(value);
        if (!isEntry(offset) || StreamToContext.type(entry) != StreamToContext.TYPE_TRANSLATE) {
            return value;
        }
        ReservedBank bank = last.get();
        return StreamToContext.cbndx(entry) == bank.number() && bank.isReserved()
                ? (int) StreamToContext.withCbndx(StreamToContext.withType(entry, StreamToContext.TYPE_BYPASS), 0)
                : value;
    }

    @Override
    public void write32(long offset, int value) {
        long entry = Integer.toUnsignedLong(value);
        if (isEntry(offset) && StreamToContext.type(entry) == StreamToContext.TYPE_BYPASS) {
            ReservedBank bank = last.get();
            if (bank.isReserved()) {
                entry = StreamToContext.withType(entry, StreamToContext.TYPE_TRANSLATE);
                entry = StreamToContext.withCbndx(entry, bank.number());
            }
        }
        real.write32(offset, (int) entry);
    }

    @Override
    public long read64(long offset) {
        return real.read64(offset);
    }

    @Override
    public void write64(long offset, long value) {
        real.write64(offset, value);
    }
}
