package org.sluice.board.model;

import java.util.function.IntPredicate;
import org.sluice.smmuv3.arch.CmdPrefetchConfig;
import org.sluice.smmuv3.arch.CmdSync;
import org.sluice.smmuv3.arch.CmdqProd;
import org.sluice.smmuv3.arch.Opcode;
import org.sluice.spi.bus.RegisterFile;
import org.sluice.spi.memory.PhysicalMemory;

/**
 * Defects {@code skip-tlbi} and {@code stale-cd}: some commands become a prefetch, which changes nothing, before the device
 * can read them.
 */
final class EditedCommands implements RegisterFile {
    private final RegisterFile device;
    private final CommandSlots slots;
    private final IntPredicate doomed;

    private EditedCommands(RegisterFile device, PhysicalMemory memory, IntPredicate doomed) {
        this.device = device;
        this.doomed = doomed;
        slots = new CommandSlots(device, memory);
    }

    static RegisterFile withoutTlbInvalidation(RegisterFile device, PhysicalMemory memory) {
        return new EditedCommands(
                device, memory, opcode -> opcode >= Opcode.TLBI_NH_ALL && opcode <= Opcode.TLBI_NSNH_ALL);
    }

    static RegisterFile withoutContextInvalidation(RegisterFile device, PhysicalMemory memory) {
        return new EditedCommands(device, memory, opcode -> opcode == Opcode.CFGI_CD || opcode == Opcode.CFGI_CD_ALL);
    }

    @Override
    public int read32(long offset) {
        return device.read32(offset);
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
            edit(value);
        }
        device.write32(offset, value);
    }

    private synchronized void edit(int producer) {
        long end = slots.pointer(producer);
        for (long at = slots.consumer(); at != end; at = slots.next(at)) {
            if (doomed.test((int) CmdSync.opcode(slots.word0(at)))) {
                slots.replace(at, CmdPrefetchConfig.withOpcode(0, CmdPrefetchConfig.OPCODE_VALUE), 0);
            }
        }
    }
}
