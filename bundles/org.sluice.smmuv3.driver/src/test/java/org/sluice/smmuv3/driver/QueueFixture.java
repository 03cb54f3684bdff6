package org.sluice.smmuv3.driver;

import org.sluice.driver.base.UnitLog;
import org.sluice.smmuv3.arch.CmdqBase;
import org.sluice.smmuv3.arch.Cr0;

/** A command queue on registers without an SMMU. */
final class QueueFixture {
    final TestMemory memory = new TestMemory(1 << 20);
    final RegisterFake registers = new RegisterFake(memory);
    final QueueRing ring;
    final CommandQueue queue;

    QueueFixture(int log2) {
        this(log2, Completion.EVENT);
    }

    QueueFixture(int log2, Completion completion) {
        ring = new QueueRing(TestMemory.BASE, log2, Command.BYTES);
        registers.set(CmdqBase.ADDRESS, RegisterValues.commandQueueBase(ring));
        registers.write32(Cr0.ADDRESS, (int) RegisterValues.cr0Commands());
        queue = new CommandQueue(registers, memory, ring, new UnitLog(null, "test"), completion, 0, 0);
    }
}
