package org.sluice.smmuv3.driver;

import java.util.concurrent.TimeUnit;
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
 * The command queue. Any number of threads fill it without a lock: each <em>claims</em> slots with one compare-and-set, writes
 * its commands there, and <em>publishes</em> them. Where the hardware's producer index may move to next is the business of one
 * thread at a time, the owner of the slot at {@link #published()}: if the claim begins there, and that is so whenever nobody
 * else is about, it is the claim's thread, which rings the bell and says so, an atomic access and a fence in all. A thread that
 * claimed behind others stamps its slots with their positions and leaves. Whoever gets to see a stamped slot at the head takes it
 * with a compare-and-set of the stamp, and moves the producer index over every stamped slot behind it, on behalf of all: the
 * owner before looks once it has let go, and so does who stamps. So commands reach the hardware in the order of their claims,
 * each complete, and a thread's commands in the order in which it sent them. Ringing the bell may be slow, and others could keep
 * one thread at it for ever; so it leaves the rest to a thread that waits for the hardware anyway, once there is one: who waits
 * publishes too, and looks a last time when it has stopped waiting.
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
    /** A waiting thread looks for errors this seldom: the interrupt is the usual way to learn of one. */
    private static final int ERROR_CHECK = 16;

    /** How often a thread rings the bell for others when some of them wait anyway. */
    private static final int PATIENCE = 4;

    /**
     * How often a thread that finds another one between its claim and its bell looks again, after a pause, before it claims
     * behind that one. Threads that let each other finish pass the lines of the queue between their processors less often.
     */
    private static final int LOOKS = 4;

    /** Length of that pause, in hints to the processor: shorter in all than a bell across a slow bus is worth. */
    private static final int PAUSE = 16;

    /**
     * How long hardware that was not told yet makes no progress: a thread that claimed before has lost its processor, or met an
     * error that leaves the queue unusable.
     */
    private static final long UNTOLD_NANOS = 10 * Deadline.NANOS;

    /** Most commands of a batch, as in Linux. */
    private static final int BATCH = 64;

    private final RegisterFile registers;
    private final PhysicalMemory memory;
    private final QueueRing ring;
    private final UnitLog log;
    private final GlobalErrors errors;

    private final SlotStamps stamps;

    private final AtomicLong claimed;

    /** A position that the hardware has passed: within one ring of what is claimed, and brought up to date seldom. */
    private final AtomicLong consumed;

    private final AtomicInteger waiting = new AtomicInteger();
    private final Completion completion;
    private volatile long published;
    private volatile int commandsBeforeSync = Smmuv3Hooks.UNLIMITED;
    private volatile boolean suspended;
    private volatile boolean idle;

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
        this.stamps = new SlotStamps(ring);
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

    /** Drops commands from now on, and lets those who wait go: nothing is translated any more. */
    void drop() {
        suspended = true;
        idle = true;
    }

    /**
     * Sends commands again, to registers that were given {@link #published()} as both indices. The caller invalidates
     * everything before the hardware translates.
     */
    void resume() {
        idle = false;
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
        long position = claimed.get();
        boolean alone = position == published && position + count - consumed.get() <= ring.entries();
        return alone && claimed.compareAndSet(position, position + count) ? position : claimBehind(count);
    }

    private long claimBehind(int count) {
        for (int look = 0; ; look++) {
            long position = claimed.get();
            if (position != published && look < LOOKS) {
                for (int i = 0; i < PAUSE; i++) {
                    Thread.onSpinWait();
                }
            } else if (position + count - consumed.get() > ring.entries()) {
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
        if (published == position) {
            ringBell(position + count);
        } else {
            // Our stamps before our look at the head; an owner looks at stamps after it has moved the head.
            stamps.set(position, count);
            advance();
        }
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

    /** Publishes what is stamped at the head, if nobody else does. */
    private void advance() {
        long head = published;
        if (head != claimed.get() && stamps.take(head)) {
            ringBell(stamps.end(head));
        }
    }

    /** Moves the head and the hardware's index; by the owner. Goes on with what was stamped behind. */
    private void ringBell(long end) {
        long head = end;
        for (int round = 0; ; round++) {
            try {
                registers.write32(CmdqProd.ADDRESS, (int) CmdqProd.withWr(0, ring.register(head)));
            } finally {
                published = head;
            }
            boolean leaveToOthers = round >= PATIENCE && waiting.get() > 0;
            if (head == claimed.get() || leaveToOthers || !stamps.take(head)) {
                return;
            }
            head = stamps.end(head);
        }
    }

    private void awaitConsumed(long position, String what) {
        await(position, false, what);
        remember(readConsumed());
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
        long since = System.nanoTime();
        for (int round = 0; ; round++) {
            advance();
            boolean check = round % ERROR_CHECK == ERROR_CHECK - 1;
            // Where a message tells of the end, the register is read only now and then, for what no message tells of.
            long now = message && !check ? consumed.get() : readConsumed();
            if (now >= position || message && isAnnounced(position) || idle) {
                return;
            }
            if (now > seen) {
                seen = now;
                since = System.nanoTime();
                round = 0;
            } else {
                if (check) {
                    errors.handle();
                }
                long limit = published < position ? UNTOLD_NANOS : Deadline.NANOS;
                if (System.nanoTime() - since > limit) {
                    throw timeout(what, limit);
                }
                Deadline.pause(round);
            }
        }
    }

    private boolean isComplete(long position, boolean message) {
        return message ? isAnnounced(position) : readConsumed() >= position;
    }

    /**
     * Whether the CMD_SYNC before a position has overwritten itself. A slot that is somebody else's by now holds no zero, but
     * then the index has passed: the slot is looked at first.
     */
    private boolean isAnnounced(long position) {
        return (int) memory.read64Acquire(ring.address(position - 1)) == 0 || consumed.get() >= position;
    }

    /**
     * Asks the hardware how far it is. The base is read before the register, so that an old base gives an old answer and never a
     * wrong one. Whoever finds that the base falls behind sets it.
     */
    private long readConsumed() {
        long base = consumed.get();
        long register = ControlRegisters.read32(registers, CmdqCons.ADDRESS);
        long now = base + ring.ahead(CmdqCons.rd(register), base);
        if (now > published) {
            return base;
        }
        if (now - base > ring.entries() >> 2) {
            remember(now);
        }
        return now;
    }

    private void remember(long now) {
        long before = consumed.get();
        while (now > before && !consumed.compareAndSet(before, now)) {
            before = consumed.get();
        }
    }

    private IommuException timeout(String what, long nanos) {
        IommuException timeout = new IommuException(
                Errno.ETIMEDOUT,
                String.format(
                        "command queue made no progress for %d s while waiting for %s: CMDQ_PROD 0x%x, CMDQ_CONS 0x%x, %s",
                        TimeUnit.NANOSECONDS.toSeconds(nanos),
                        what,
                        registers.read32(CmdqProd.ADDRESS),
                        registers.read32(CmdqCons.ADDRESS),
                        errors.describe()));
        log.error(timeout.getMessage());
        return timeout;
    }
}
