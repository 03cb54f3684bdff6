package org.sluice.smmuv3.driver;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.driver.base.UnitLog;
import org.sluice.smmuv3.arch.CmdqCons;
import org.sluice.smmuv3.arch.CmdqProd;
import org.sluice.spi.bus.RegisterFile;
import org.sluice.spi.memory.PhysicalMemory;
import org.sluice.spi.quirk.Smmuv3Hooks;

/**
 * The command queue. Any number of threads fill it without a lock: each <em>claims</em> slots with one compare-and-set,
 * writes its commands there, and <em>publishes</em> them by stamping each slot with its position. Whoever finds the next
 * slot stamped moves the hardware's producer index over every stamped slot, on behalf of all; a thread that finds somebody
 * else doing that leaves, because the other one looks again after it has let go. So commands reach the hardware in the order
 * of their claims, each complete, and a thread's commands in the order in which it sent them. Ringing the bell may be slow, and
 * others could keep one thread at it for ever; so it leaves the rest to a thread that waits for the hardware anyway, once there
 * is one: who waits publishes too, and looks a last time when it has stopped waiting.
 *
 * <p>A CMD_SYNC that announces itself by a message overwrites its own first word; its slot may then belong to somebody else
 * already, but only after the consumer index has passed it, which is remembered first.
 *
 * <p>While the hardware is {@linkplain #suspend suspended} commands are dropped: everything is invalidated before it runs
 * again, and configuration does not change meanwhile.
 *
 * <p>Nothing here allocates. Waits are bounded: when the hardware consumes nothing for a second, the waiting call fails
 * with ETIMEDOUT; commands that are in the queue stay there.
 */
final class CommandQueue {
    private static final VarHandle STAMPS = MethodHandles.arrayElementVarHandle(long[].class);

    /** A waiting thread looks for errors this seldom: the interrupt is the usual way to learn of one. */
    private static final int ERROR_CHECK = 16;

    /** How often a thread rings the bell for others when some of them wait anyway. */
    private static final int PATIENCE = 4;

    /** Most commands of a batch, as in Linux. */
    private static final int BATCH = 64;

    private final RegisterFile registers;
    private final PhysicalMemory memory;
    private final QueueRing ring;
    private final UnitLog log;
    private final GlobalErrors errors;

    /** Per slot, one more than the position that was last published there. */
    private final long[] stamps;

    private final AtomicLong claimed;
    private final AtomicLong consumed;
    private final AtomicBoolean publishing = new AtomicBoolean();
    private final AtomicInteger waiting = new AtomicInteger();
    private final Completion completion;
    private volatile long published;
    private volatile int commandsBeforeSync = Smmuv3Hooks.UNLIMITED;
    private volatile boolean suspended;

    /** A queue that waits by its consumer index. */
    CommandQueue(
            RegisterFile registers, PhysicalMemory memory, QueueRing ring, UnitLog log, long consumed, long produced) {
        this(registers, memory, ring, log, Completion.EVENT, consumed, produced);
    }

    /**
     * A queue whose producer continues at a position.
     *
     * @param registers where PROD and CONS are
     * @param memory where the entries are
     * @param ring its place and size
     * @param log where timeouts are reported
     * @param completion how a CMD_SYNC is waited for
     * @param consumed position up to which the hardware has consumed
     * @param produced position up to which the hardware was told to go
     */
    CommandQueue(
            RegisterFile registers,
            PhysicalMemory memory,
            QueueRing ring,
            UnitLog log,
            Completion completion,
            long consumed,
            long produced) {
        this.registers = registers;
        this.memory = memory;
        this.ring = ring;
        this.log = log;
        this.completion = completion;
        this.stamps = new long[ring.entries()];
        this.consumed = new AtomicLong(consumed);
        this.claimed = new AtomicLong(produced);
        this.published = produced;
        this.errors = new GlobalErrors(registers, memory, ring, log);
    }

    /** Place and size. */
    QueueRing ring() {
        return ring;
    }

    /** How many commands the hardware was given, by this queue and, in the ring, before. */
    long published() {
        return published;
    }

    /** The errors of the SMMU, which are found by waiting here and by its interrupt. */
    GlobalErrors errors() {
        return errors;
    }

    /** Most commands that one batch may have, beside its {@link #batchTail()}. */
    int batchLimit() {
        int limit = Math.min(BATCH, ring.entries());
        int sound = commandsBeforeSync;
        return Math.min(sound, sound == Smmuv3Hooks.UNLIMITED || limit == 1 ? limit : limit - 1);
    }

    /** How many slots behind the commands of a batch its claim needs: one where a CMD_SYNC must follow. */
    int batchTail() {
        return commandsBeforeSync == Smmuv3Hooks.UNLIMITED || ring.entries() == 1 ? 0 : 1;
    }

    /** For an implementation that needs a CMD_SYNC after so many commands of a batch; from the next batch on. */
    void limitBatches(int commands) {
        commandsBeforeSync = commands;
    }

    /**
     * Publishes a batch.
     *
     * @param position of its first command
     * @param count of its commands
     * @param tail as {@link #batchTail()} said before they were claimed
     */
    void publishBatch(long position, int count, int tail) {
        if (tail != 0) {
            put(position + count, Command.silentSync(), 0);
        }
        publish(position, count + tail);
    }

    /** Whether commands are dropped. */
    boolean isSuspended() {
        return suspended;
    }

    /**
     * Drops commands from now on and waits for those before.
     *
     * @throws IommuException ETIMEDOUT; commands are not dropped
     */
    void suspend() {
        suspended = true;
        try {
            awaitConsumed(claimed.get(), "the last command before a suspension");
        } catch (IommuException timeout) {
            suspended = false;
            throw timeout;
        }
    }

    /** Drops commands from now on. */
    void drop() {
        suspended = true;
    }

    /**
     * Sends commands again, to registers that were given {@link #published()} as both indices. The caller invalidates
     * everything before the hardware translates.
     */
    void resume() {
        suspended = false;
    }

    /**
     * Reserves consecutive slots; waits while the queue is full. Each must be {@link #put} and then all
     * {@link #publish}ed, without anything in between that can fail.
     *
     * @param count 1 to {@link #batchLimit()}
     * @return position of the first
     * @throws IommuException ETIMEDOUT; nothing is reserved
     */
    long claim(int count) {
        while (true) {
            long position = claimed.get();
            if (position + count - consumed.get() > ring.entries()) {
                awaitConsumed(position + count - ring.entries(), "space for " + count + " commands");
            } else if (claimed.compareAndSet(position, position + count)) {
                return position;
            }
        }
    }

    /** Writes a command into a claimed slot. */
    void put(long position, long word0, long word1) {
        long address = ring.address(position);
        memory.write64(address, word0);
        memory.write64(address + Long.BYTES, word1);
    }

    /** Hands claimed slots, all written, to the hardware. */
    void publish(long position, int count) {
        for (long p = position; p < position + count; p++) {
            STAMPS.setRelease(stamps, ring.slot(p), p + 1);
        }
        // Our stamps before our look at who publishes; the one who publishes looks at stamps after it has let go.
        VarHandle.fullFence();
        advance();
    }

    /** Sends one command; does not wait for it. */
    void submit(long word0, long word1) {
        if (suspended) {
            return;
        }
        long position = claim(1);
        put(position, word0, word1);
        publish(position, 1);
    }

    /**
     * Waits until every command that was sent before is complete.
     *
     * @throws IommuException ETIMEDOUT
     */
    void sync() {
        if (suspended) {
            return;
        }
        long position = claim(1);
        boolean message = completion == Completion.MESSAGE;
        switch (completion) {
            case MESSAGE -> put(position, Command.messageSync(), Command.messageSyncAddress(ring.address(position)));
            case EVENT -> put(position, Command.sync(), 0);
            case POLL -> put(position, Command.silentSync(), 0);
        }
        publish(position, 1);
        await(position + 1, message, "completion of CMD_SYNC");
    }

    private void advance() {
        for (int round = 0; isStamped(published); round++) {
            boolean leaveToOthers = round >= PATIENCE && waiting.get() > 0;
            if (leaveToOthers || !publishing.compareAndSet(false, true)) {
                return;
            }
            try {
                long position = published;
                while (isStamped(position)) {
                    position++;
                }
                if (position != published) {
                    published = position;
                    registers.write32(CmdqProd.ADDRESS, (int) CmdqProd.withWr(0, ring.register(position)));
                }
            } finally {
                publishing.set(false);
            }
        }
    }

    private boolean isStamped(long position) {
        return (long) STAMPS.getVolatile(stamps, ring.slot(position)) == position + 1;
    }

    private void awaitConsumed(long position, String what) {
        await(position, false, what);
    }

    /**
     * Waits until a position is consumed.
     *
     * @param message whether the command before it overwrites itself when it is complete
     */
    private void await(long position, boolean message, String what) {
        if (isComplete(position, message)) {
            return;
        }
        waiting.incrementAndGet();
        try {
            poll(position, message, what);
        } finally {
            waiting.decrementAndGet();
            advance();
        }
    }

    private void poll(long position, boolean message, String what) {
        long seen = consumed.get();
        long deadline = System.nanoTime() + Deadline.NANOS;
        for (int round = 0; ; round++) {
            advance();
            boolean check = round % ERROR_CHECK == ERROR_CHECK - 1;
            // Where a message tells of the end, the register is read only now and then, for what no message tells of.
            long now = message && !check ? consumed.get() : refreshConsumed();
            if (now >= position || message && isAnnounced(position)) {
                return;
            }
            if (now != seen) {
                seen = now;
                deadline = System.nanoTime() + Deadline.NANOS;
                round = 0;
            } else {
                if (check) {
                    errors.handle();
                }
                if (System.nanoTime() - deadline > 0) {
                    throw timeout(what);
                }
                Deadline.pause(round);
            }
        }
    }

    private boolean isComplete(long position, boolean message) {
        return message ? isAnnounced(position) : refreshConsumed() >= position;
    }

    /**
     * Whether the CMD_SYNC before a position has overwritten itself. A slot that is somebody else's by now holds no zero, but
     * then the index has passed: the slot is looked at first.
     */
    private boolean isAnnounced(long position) {
        return (int) memory.read64Acquire(ring.address(position - 1)) == 0 || consumed.get() >= position;
    }

    /** The base is read before the register, so that an old base gives an old answer and never a wrong one. */
    private long refreshConsumed() {
        long base = consumed.get();
        long register = ControlRegisters.read32(registers, CmdqCons.ADDRESS);
        long now = base + ring.ahead(CmdqCons.rd(register), base);
        if (now > published) {
            return base;
        }
        long before = base;
        while (now > before && !consumed.compareAndSet(before, now)) {
            before = consumed.get();
        }
        return Math.max(now, before);
    }

    private IommuException timeout(String what) {
        IommuException timeout = new IommuException(
                Errno.ETIMEDOUT,
                String.format(
                        "command queue made no progress for 1 s while waiting for %s: CMDQ_PROD 0x%x, CMDQ_CONS 0x%x, %s",
                        what,
                        registers.read32(CmdqProd.ADDRESS),
                        registers.read32(CmdqCons.ADDRESS),
                        errors.describe()));
        log.error(timeout.getMessage());
        return timeout;
    }
}
