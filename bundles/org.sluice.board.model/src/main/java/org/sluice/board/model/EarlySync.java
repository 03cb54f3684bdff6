package org.sluice.board.model;

import java.util.function.Consumer;
import org.sluice.smmuv3.arch.CmdSync;
import org.sluice.smmuv3.arch.CmdqCons;
import org.sluice.smmuv3.arch.CmdqProd;
import org.sluice.smmuv3.arch.Opcode;
import org.sluice.spi.bus.RegisterFile;
import org.sluice.spi.memory.PhysicalMemory;

/**
 * Defect {@code drop-sync}: a batch that ends with a SYNC is answered at once, in every way that the SYNC asks for, and the
 * device gets it only together with the next batch.
 */
final class EarlySync implements RegisterFile {
    private static final long NOTHING = -1;

    private final RegisterFile device;
    private final PhysicalMemory memory;
    private final Consumer<String> interrupt;
    private final CommandSlots slots;
    // PROD of the batch that the device does not have yet; guarded by this
    private long withheld = NOTHING;

    EarlySync(RegisterFile device, PhysicalMemory memory, Consumer<String> interrupt) {
        this.device = device;
        this.memory = memory;
        this.interrupt = interrupt;
        slots = new CommandSlots(device, memory);
    }

    @Override
    public synchronized int read32(long offset) {
        int value = device.read32(offset);
        if (withheld == NOTHING) {
            return value;
        }
        if (offset == CmdqCons.ADDRESS) {
            return (int) CmdqCons.withRd(Integer.toUnsignedLong(value), withheld);
        }
        return offset == CmdqProd.ADDRESS ? (int) withheld : value;
    }

    @Override
    public long read64(long offset) {
        return device.read64(offset);
    }

    @Override
    public void write64(long offset, long value) {
        device.write64(offset, value);
    }

    @Override
    public void write32(long offset, int value) {
        if (offset == CmdqProd.ADDRESS && slots.enabled()) {
            produce(slots.pointer(value));
        } else {
            device.write32(offset, value);
        }
    }

    private synchronized void produce(long producer) {
        if (withheld != NOTHING) {
            device.write32(CmdqProd.ADDRESS, (int) withheld);
            withheld = NOTHING;
        }
        if (producer == slots.consumer()) {
            return;
        }
        long last = slots.previous(producer);
        long word0 = slots.word0(last);
        if (CmdSync.opcode(word0) != Opcode.SYNC) {
            device.write32(CmdqProd.ADDRESS, (int) producer);
            return;
        }
        withheld = producer;
        if (CmdSync.cs(word0) == CmdSync.CS_IRQ) {
            answer(CmdSync.msiAddress(slots.word1(last)), (int) CmdSync.msiData(word0));
        }
    }

    private void answer(long address, int data) {
        if (address == 0) {
            interrupt.accept("cmdq-sync");
        } else {
            memory.write32(address, data);
        }
    }
}
