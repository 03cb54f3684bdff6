package org.sluice.board.model;

import java.util.function.Consumer;
import org.sluice.smmuv3.arch.CmdSync;
import org.sluice.smmuv3.arch.CmdqCons;
import org.sluice.smmuv3.arch.CmdqProd;
import org.sluice.smmuv3.arch.Cr0;
import org.sluice.smmuv3.arch.Opcode;
import org.sluice.spi.bus.RegisterFile;
import org.sluice.spi.memory.PhysicalMemory;

/**
 * Defect {@code drop-sync}: a SYNC is answered at once, in every way that it asks for, while the device does not have it yet,
 * nor what was queued before it. The device gets what one SYNC ended only when the next one comes, or when the queue is
 * half full of what no SYNC ended.
 */
final class EarlySync implements RegisterFile {
    private final RegisterFile device;
    private final PhysicalMemory memory;
    private final Consumer<String> interrupt;
    private final CommandSlots slots;
    // PROD as the driver wrote it, and up to where it was told that the queue is consumed; both guarded by this
    private long produced;
    private long answered;

    EarlySync(RegisterFile device, PhysicalMemory memory, Consumer<String> interrupt) {
        this.device = device;
        this.memory = memory;
        this.interrupt = interrupt;
        slots = new CommandSlots(device, memory);
    }

    @Override
    public synchronized int read32(long offset) {
        int value = device.read32(offset);
        if (offset == CmdqCons.ADDRESS && slots.enabled()) {
            return (int) CmdqCons.withRd(Integer.toUnsignedLong(value), answered);
        }
        return offset == CmdqProd.ADDRESS && slots.enabled() ? (int) produced : value;
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
            return;
        }
        if (offset == Cr0.ADDRESS && slots.enabled()) {
            // the queue may be switched off and used afresh
            giveAll();
        }
        device.write32(offset, value);
    }

    private synchronized void produce(long producer) {
        if (slots.distance(slots.consumer(), produced) == 0) {
            // nothing is withheld: whatever happened to the queue meanwhile, this is where it stands
            answered = slots.consumer();
            produced = answered;
        }
        long synced = answered;
        for (long at = produced; at != producer; at = slots.next(at)) {
            if (CmdSync.opcode(slots.word0(at)) == Opcode.SYNC) {
                give(synced);
                synced = slots.next(at);
                answer(at);
            }
        }
        produced = producer;
        answered = synced;
        if (slots.distance(answered, produced) > slots.entries() / 2) {
            giveAll();
        }
    }

    private synchronized void giveAll() {
        if (produced != slots.consumer()) {
            give(produced);
            answered = produced;
        }
    }

    private void give(long producer) {
        device.write32(CmdqProd.ADDRESS, (int) producer);
    }

    private void answer(long sync) {
        if (CmdSync.cs(slots.word0(sync)) != CmdSync.CS_IRQ) {
            return;
        }
        long address = CmdSync.msiAddress(slots.word1(sync));
        if (address == 0) {
            interrupt.accept("cmdq-sync");
        } else {
            memory.write32(address, (int) CmdSync.msiData(slots.word0(sync)));
        }
    }
}
