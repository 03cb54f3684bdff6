package org.sluice.tck.driver;

import java.util.concurrent.atomic.AtomicInteger;
import org.sluice.smmuv3.arch.CmdqBase;
import org.sluice.smmuv3.arch.CmdqProd;
import org.sluice.smmuv3.arch.Idr0;
import org.sluice.smmuv3.arch.Idr1;
import org.sluice.smmuv3.arch.Idr3;
import org.sluice.smmuv3.arch.StrtabBaseCfg;
import org.sluice.spi.bus.RegisterFile;
import org.sluice.spi.memory.PhysicalMemory;

/**
 * Stands between driver and SMMU: narrows the identity, counts what rings the command queue's bell, and spoils commands when
 * asked, as a stray write would.
 */
final class InterposedRegisters implements RegisterFile {
    /** An opcode that the architecture does not define. */
    private static final long NO_COMMAND = 0xff;

    private static final int COMMAND_BYTES = 16;

    private final RegisterFile device;
    private final PhysicalMemory memory;
    private final Identity identity;
    private final AtomicInteger spoilt = new AtomicInteger();
    private volatile long ring;
    private volatile long streamTable;
    private long produced;
    private long wraps;

    InterposedRegisters(RegisterFile device, PhysicalMemory memory, Identity identity) {
        this.device = device;
        this.memory = memory;
        this.identity = identity;
    }

    /** Makes the next command that the driver gives one that does not exist. */
    void spoilNextCommand() {
        spoilt.set(1);
    }

    /** Whether {@link #spoilNextCommand} is still to come. */
    boolean isArmed() {
        return spoilt.get() != 0;
    }

    /** How often the producer index began anew. */
    synchronized long wraps() {
        return wraps;
    }

    /** What STRTAB_BASE_CFG was set to. */
    long streamTable() {
        return streamTable;
    }

    @Override
    public int read32(long offset) {
        int value = device.read32(offset);
        long narrowed = Integer.toUnsignedLong(value);
        if (offset == Idr0.ADDRESS) {
            return (int) identity.idr0().applyAsLong(narrowed);
        }
        if (offset == Idr1.ADDRESS) {
            return (int) identity.idr1().applyAsLong(narrowed);
        }
        return offset == Idr3.ADDRESS ? (int) identity.idr3().applyAsLong(narrowed) : value;
    }

    @Override
    public void write32(long offset, int value) {
        if (offset == CmdqProd.ADDRESS) {
            produce(Integer.toUnsignedLong(value));
            return;
        }
        if (offset == StrtabBaseCfg.ADDRESS) {
            streamTable = Integer.toUnsignedLong(value);
        }
        device.write32(offset, value);
    }

    private synchronized void produce(long producer) {
        long slots = 1L << CmdqBase.log2size(ring);
        if (producer != produced && spoilt.compareAndSet(1, 0)) {
            memory.write64(CmdqBase.addr(ring) + (produced & slots - 1) * COMMAND_BYTES, NO_COMMAND);
        }
        if ((producer & slots - 1) < (produced & slots - 1)) {
            wraps++;
        }
        produced = producer;
        device.write32(CmdqProd.ADDRESS, (int) producer);
    }

    @Override
    public long read64(long offset) {
        return device.read64(offset);
    }

    @Override
    public void write64(long offset, long value) {
        if (offset == CmdqBase.ADDRESS) {
            ring = value;
        }
        device.write64(offset, value);
    }
}
