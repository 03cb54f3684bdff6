package org.sluice.board.model;

import org.sluice.smmuv3.arch.CmdSync;
import org.sluice.smmuv3.arch.CmdqBase;
import org.sluice.smmuv3.arch.CmdqCons;
import org.sluice.smmuv3.arch.Cr0Ack;
import org.sluice.spi.bus.RegisterFile;
import org.sluice.spi.memory.PhysicalMemory;

/** Where the commands of an SMMUv3's queue are. */
final class CommandSlots {
    private final RegisterFile registers;
    private final PhysicalMemory memory;

    CommandSlots(RegisterFile registers, PhysicalMemory memory) {
        this.registers = registers;
        this.memory = memory;
    }

    private long base() {
        return registers.read64(CmdqBase.ADDRESS);
    }

    /** Whether the device consumes commands now. */
    boolean enabled() {
        return Cr0Ack.cmdqen(registers.read32(Cr0Ack.ADDRESS)) != 0;
    }

    /** The bits of a pointer that the queue's size uses: index and wrap. */
    long pointer(long register) {
        return register & (2L << CmdqBase.log2size(base())) - 1;
    }

    /** Where the device reads next. */
    long consumer() {
        return pointer(registers.read32(CmdqCons.ADDRESS));
    }

    long next(long pointer) {
        return pointer(pointer + 1);
    }

    /** Commands from one pointer to another that is not before it. */
    long distance(long from, long to) {
        return pointer(to - from);
    }

    /** Size of the queue. */
    long entries() {
        return 1L << CmdqBase.log2size(base());
    }

    private long address(long pointer) {
        long base = base();
        long index = pointer & (1L << CmdqBase.log2size(base)) - 1;
        return CmdqBase.addr(base) + index * CmdSync.BYTES;
    }

    long word0(long pointer) {
        return memory.read64(address(pointer));
    }

    long word1(long pointer) {
        return memory.read64(address(pointer) + Long.BYTES);
    }

    void replace(long pointer, long word0, long word1) {
        memory.write64(address(pointer), word0);
        memory.write64(address(pointer) + Long.BYTES, word1);
    }
}
