package org.sluice.smmuv3.driver;

import java.util.concurrent.locks.ReentrantLock;
import org.sluice.smmuv3.arch.CmdqCons;
import org.sluice.smmuv3.arch.CmdqProd;
import org.sluice.spi.bus.RegisterFile;
import org.sluice.spi.memory.PhysicalMemory;

/** The baseline: a ring with a lock around every command, as a driver that is written in an afternoon has it. */
final class LockedRing {
    private final ReentrantLock lock = new ReentrantLock();
    private final RegisterFile registers;
    private final PhysicalMemory memory;
    private final QueueRing ring;
    private long produced; // guarded by lock
    private long consumed; // guarded by lock

    LockedRing(RegisterFile registers, PhysicalMemory memory, QueueRing ring) {
        this.registers = registers;
        this.memory = memory;
        this.ring = ring;
    }

    void submit(long word0, long word1) {
        lock.lock();
        try {
            put(word0, word1);
        } finally {
            lock.unlock();
        }
    }

    /** Waits outside of the lock. */
    void sync() {
        long target;
        lock.lock();
        try {
            put(Command.sync(), 0);
            target = produced;
        } finally {
            lock.unlock();
        }
        for (int round = 0; ; round++) {
            lock.lock();
            try {
                refresh();
                if (consumed >= target) {
                    return;
                }
            } finally {
                lock.unlock();
            }
            Deadline.pause(round);
        }
    }

    private void put(long word0, long word1) {
        for (int round = 0; produced - consumed == ring.entries(); round++) {
            refresh();
            Deadline.pause(round);
        }
        long address = ring.address(produced);
        memory.write64(address, word0);
        memory.write64(address + Long.BYTES, word1);
        produced++;
        registers.write32(CmdqProd.ADDRESS, (int) CmdqProd.withWr(0, ring.register(produced)));
    }

    private void refresh() {
        long register = Integer.toUnsignedLong(registers.read32(CmdqCons.ADDRESS));
        consumed += ring.ahead(CmdqCons.rd(register), consumed);
    }
}
