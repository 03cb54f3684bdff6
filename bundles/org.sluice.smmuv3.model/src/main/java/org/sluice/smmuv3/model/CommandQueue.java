package org.sluice.smmuv3.model;

import java.util.concurrent.atomic.AtomicInteger;
import org.sluice.smmuv3.arch.CmdSync;
import org.sluice.smmuv3.arch.CmdqBase;
import org.sluice.smmuv3.arch.CmdqCons;
import org.sluice.smmuv3.arch.CmdqProd;
import org.sluice.smmuv3.arch.Cr0;
import org.sluice.smmuv3.arch.Gerror;
import org.sluice.spi.memory.MemoryAbortException;
import org.sluice.spi.memory.PhysicalMemory;

/**
 * The command queue, as its consumer. Whoever writes a register that lets commands run, runs them, one thread at a time. A
 * thread that comes meanwhile leaves its request to the one that is running and never waits, as a driver's write to a
 * device does not. CONS moves command by command, so that everybody sees progress.
 */
final class CommandQueue {
    private final RegisterBank bank;
    private final PhysicalMemory memory;
    private final Interrupts interrupts;
    private final Commands commands;
    private final int maxLog2size;
    // requests to run that are not served yet; who raises it from 0 serves them all
    private final AtomicInteger requests = new AtomicInteger();

    CommandQueue(RegisterBank bank, PhysicalMemory memory, Interrupts interrupts, Commands commands, Identity id) {
        this.bank = bank;
        this.memory = memory;
        this.interrupts = interrupts;
        this.commands = commands;
        maxLog2size = id.commandQueueBits();
    }

    /** Consumes until the queue is empty, disabled or in error, unless another thread is at it, which then does. */
    void run() {
        if (requests.getAndIncrement() != 0) {
            return;
        }
        boolean finished = false;
        try {
            int served = 1;
            do {
                boolean more;
                do {
                    more = step();
                } while (more);
                served = requests.addAndGet(-served);
            } while (served != 0);
            finished = true;
        } finally {
            if (!finished) {
                // a defect of whoever listens to interrupts must not leave the queue dead
                requests.set(0);
            }
        }
    }

    private boolean step() {
        if (Cr0.cmdqen(bank.get(Cr0.ADDRESS)) == 0 || interrupts.active(Gerror.CMDQ_MASK)) {
            return false;
        }
        long base = bank.get(CmdqBase.ADDRESS);
        int log2size = (int) Math.min(CmdqBase.log2size(base), maxLog2size);
        long consumer = CmdqCons.rd(bank.get(CmdqCons.ADDRESS));
        if (QueueIndex.isEmpty(bank.get(CmdqProd.ADDRESS), consumer, log2size)) {
            return false;
        }
        long queue = CmdqBase.addr(base) & -((long) CmdSync.BYTES << log2size);
        long error = execute(queue + QueueIndex.slot(consumer, log2size) * CmdSync.BYTES);
        if (error != CmdqCons.ERR_NONE) {
            // RD stays at the command; the reason is there before the error is
            bank.set(CmdqCons.ADDRESS, CmdqCons.withErr(consumer, error));
            interrupts.error(Gerror.CMDQ_MASK);
            return false;
        }
        bank.set(CmdqCons.ADDRESS, QueueIndex.next(consumer, log2size));
        commands.completed();
        return true;
    }

    private long execute(long address) {
        long word0;
        long word1;
        try {
            word0 = memory.read64Acquire(address);
            word1 = memory.read64(address + Long.BYTES);
        } catch (MemoryAbortException e) {
            return CmdqCons.ERR_ABT;
        }
        return commands.execute(word0, word1);
    }
}
