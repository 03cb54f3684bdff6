package org.sluice.smmuv3.driver;

import java.util.function.Consumer;
import org.sluice.driver.base.UnitLog;
import org.sluice.smmuv3.arch.EventqCons;
import org.sluice.smmuv3.arch.EventqProd;
import org.sluice.smmuv3.arch.PriqCons;
import org.sluice.smmuv3.arch.PriqProd;
import org.sluice.spi.bus.RegisterFile;
import org.sluice.spi.memory.PhysicalMemory;

/**
 * A queue that the SMMU fills, events or page requests, as its consumer sees it. The registers of both have the same fields.
 * One thread drains it; any thread may ask how far the hardware has written.
 */
final class RecordQueue {
    /**
     * Which of the two.
     *
     * @param name as Linux calls it
     * @param lost what an overflow loses
     * @param prod offset of the producer register
     * @param cons offset of the consumer register
     */
    private record Kind(String name, String lost, long prod, long cons) {}

    private static final Kind EVENTS = new Kind("EVTQ", "events", EventqProd.ADDRESS, EventqCons.ADDRESS);
    private static final Kind REQUESTS = new Kind("PRIQ", "requests", PriqProd.ADDRESS, PriqCons.ADDRESS);

    private static final long NOTHING_LOST = -1;

    private final RegisterFile registers;
    private final PhysicalMemory memory;
    private final QueueRing ring;
    private final Kind kind;
    private final UnitLog log;
    private volatile long consumed;
    private long overflowAcknowledged;

    /** Position of the first record that was written after a loss that nobody was told of. */
    private long lostBehind = NOTHING_LOST;

    private volatile long overflows;
    private volatile boolean closed;
    private QueuePositions.Position remembered = QueuePositions.EMPTY;

    private RecordQueue(RegisterFile registers, PhysicalMemory memory, QueueRing ring, Kind kind, UnitLog log) {
        this.registers = registers;
        this.memory = memory;
        this.ring = ring;
        this.kind = kind;
        this.log = log;
        long cons = ControlRegisters.read32(registers, kind.cons());
        this.consumed = ring.register(EventqCons.rd(cons));
        this.overflowAcknowledged = EventqCons.ovackflg(cons);
    }

    /** The event queue; its consumer continues where EVENTQ_CONS says. */
    static RecordQueue ofEvents(RegisterFile registers, PhysicalMemory memory, QueueRing ring, UnitLog log) {
        return new RecordQueue(registers, memory, ring, EVENTS, log);
    }

    /** The page request queue; its consumer continues where PRIQ_CONS says. */
    static RecordQueue ofRequests(RegisterFile registers, PhysicalMemory memory, QueueRing ring, UnitLog log) {
        return new RecordQueue(registers, memory, ring, REQUESTS, log);
    }

    /** How often the queue overflowed, so that records were lost. */
    long overflows() {
        return overflows;
    }

    /** Position behind the last record that the hardware has written. */
    long produced() {
        long base = consumed;
        return base + ring.ahead(EventqProd.wr(prod()), base);
    }

    /** Position of the next record to consume. */
    long consumed() {
        return consumed;
    }

    /** Leaves the rest to a successor: a running {@link #drain} ends after the record that it is at. */
    void close() {
        closed = true;
    }

    /**
     * Consumes until the queue is empty. A record's slot is free before the record is handed on, and nothing is remembered
     * across that call, so that the sink may drain too.
     *
     * @param sink gets the words of each record, and may throw nothing
     * @param lost is called after the records that were written before some were lost
     */
    void drain(Consumer<long[]> sink, Runnable lost) {
        while (!closed) {
            long prod = prod();
            long ahead = ring.ahead(EventqProd.wr(prod), consumed);
            if (acknowledgeOverflow(EventqProd.ovflg(prod))) {
                lostBehind = consumed + ahead;
            }
            if (lostBehind != NOTHING_LOST && consumed >= lostBehind) {
                lostBehind = NOTHING_LOST;
                lost.run();
            }
            if (ahead == 0) {
                return;
            }
            long[] words = new long[ring.entryBytes() / Long.BYTES];
            for (int word = 0; word < words.length; word++) {
                words[word] = memory.read64(ring.address(consumed) + (long) word * Long.BYTES);
            }
            consumed++;
            writeCons();
            sink.accept(words);
        }
    }

    /** Before the registers lose their contents: remembers how far the SMMU has written. Nobody drains now. */
    void remember() {
        remembered = new QueuePositions.Position(EventqProd.wr(prod()), ring.register(consumed));
    }

    /** What was remembered; the overflow flags of a queue that is given these are 0. */
    QueuePositions.Position position() {
        return remembered;
    }

    /** The registers hold what was remembered. */
    void forgetRemembered() {
        overflowAcknowledged = 0;
    }

    /** Whether there was one. */
    private boolean acknowledgeOverflow(long flag) {
        if (flag == overflowAcknowledged) {
            return false;
        }
        overflowAcknowledged = flag;
        overflows++;
        writeCons();
        log.warn(kind.name() + " overflow detected -- " + kind.lost() + " lost");
        return true;
    }

    private void writeCons() {
        long cons = EventqCons.withRd(0, ring.register(consumed));
        registers.write32(kind.cons(), (int) EventqCons.withOvackflg(cons, overflowAcknowledged));
    }

    private long prod() {
        return ControlRegisters.read32(registers, kind.prod());
    }
}
