package org.sluice.smmuv3.driver;

import java.util.List;
import org.sluice.driver.base.UnitLog;
import org.sluice.memory.ResidentMemoryFactory;
import org.sluice.smmuv3.arch.CmdqCons;
import org.sluice.spi.bus.RegisterFile;
import org.sluice.spi.memory.MemoryRegion;
import org.sluice.spi.memory.PhysicalMemory;

/** Opens the driver's command queue, on hardware that is done with a command as soon as it is told of it. */
public final class QueueDoor {
    private static final MemoryRegion REGION = new MemoryRegion(0x4000_0000L, 1L << 20);
    private static final int LOG2 = 12;
    private static final int ASID = 7;

    private final PhysicalMemory memory = new ResidentMemoryFactory().create(List.of(REGION));
    private final QueueRing ring = new QueueRing(REGION.base(), LOG2, Command.BYTES);
    private final CommandQueue queue;
    private final LockedRing locked;
    private final TlbInvalidation tlb;

    /**
     * A queue, and the baseline beside it.
     *
     * @param registerNanos what an access of a register costs
     * @param ranges whether TLBI commands take ranges
     */
    public QueueDoor(long registerNanos, boolean ranges) {
        QuietRegisters registers = new QuietRegisters(registerNanos);
        queue = new CommandQueue(registers, memory, ring, new UnitLog(null, "bench"), 0, 0);
        tlb = new TlbInvalidation(queue, ranges, TlbTag.asid(ASID));
        locked = new LockedRing(new QuietRegisters(registerNanos), memory, ring);
    }

    /** One command. */
    public void submit(long iova) {
        queue.submit(Command.tlbiNhVa(ASID, 0, 0), Command.tlbiNhVaAddress(iova, true, 0, 0));
    }

    /** Waits for what was submitted. */
    public void sync() {
        queue.sync();
    }

    /** One command into the baseline. */
    public void submitLocked(long iova) {
        locked.submit(Command.tlbiNhVa(ASID, 0, 0), Command.tlbiNhVaAddress(iova, true, 0, 0));
    }

    /** Waits for what was submitted into the baseline. */
    public void syncLocked() {
        locked.sync();
    }

    /** What an unmap of so many 4K pages sends. */
    public void invalidate(long iova, long pages) {
        tlb.range(iova, pages << 12, 4096, true, 12);
    }

    /** How many commands were sent. */
    public long commands() {
        return queue.published();
    }

    /** Registers that cost something. */
    private static final class QuietRegisters implements RegisterFile {
        private final long nanos;
        private volatile int prod;

        QuietRegisters(long nanos) {
            this.nanos = nanos;
        }

        private void pay() {
            if (nanos != 0) {
                long end = System.nanoTime() + nanos;
                while (System.nanoTime() < end) {
                    Thread.onSpinWait();
                }
            }
        }

        @Override
        public int read32(long offset) {
            pay();
            return offset == CmdqCons.ADDRESS ? prod : 0;
        }

        @Override
        public void write32(long offset, int value) {
            pay();
            prod = value;
        }

        @Override
        public long read64(long offset) {
            return 0;
        }

        @Override
        public void write64(long offset, long value) {
            throw new AssertionError("0x" + Long.toHexString(offset));
        }
    }
}
