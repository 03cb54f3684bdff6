package org.sluice.smmuv3.driver;

import java.util.function.Consumer;
import org.sluice.smmuv3.arch.EventqCons;
import org.sluice.smmuv3.arch.EventqProd;
import org.sluice.spi.bus.RegisterFile;
import org.sluice.spi.memory.PhysicalMemory;

/** The event queue, as its consumer sees it. One thread drains it; any thread may ask how far the hardware has written. */
final class EventQueue {
    private final RegisterFile registers;
    private final PhysicalMemory memory;
    private final QueueRing ring;
    private final UnitLog log;
    private volatile long consumed;
    private long overflowAcknowledged;
    private volatile long overflows;
    private volatile boolean closed;

    /**
     * A queue whose consumer continues where CONS says.
     *
     * @param consRegister what EVENTQ_CONS holds
     */
    EventQueue(RegisterFile registers, PhysicalMemory memory, QueueRing ring, UnitLog log, long consRegister) {
        this.registers = registers;
        this.memory = memory;
        this.ring = ring;
        this.log = log;
        this.consumed = ring.register(EventqCons.rd(consRegister));
        this.overflowAcknowledged = EventqCons.ovackflg(consRegister);
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
     * @param sink gets each record, and may throw nothing
     */
    void drain(Consumer<EventRecord> sink) {
        while (!closed) {
            long prod = prod();
            acknowledgeOverflow(EventqProd.ovflg(prod));
            if (ring.ahead(EventqProd.wr(prod), consumed) == 0) {
                return;
            }
            long[] words = new long[EventRecord.WORDS];
            for (int word = 0; word < words.length; word++) {
                words[word] = memory.read64(ring.address(consumed) + (long) word * Long.BYTES);
            }
            consumed++;
            writeCons();
            sink.accept(new EventRecord(words));
        }
    }

    private void acknowledgeOverflow(long flag) {
        if (flag != overflowAcknowledged) {
            overflowAcknowledged = flag;
            overflows++;
            writeCons();
            log.warn("EVTQ overflow detected -- events lost");
        }
    }

    private void writeCons() {
        long cons = EventqCons.withRd(0, ring.register(consumed));
        registers.write32(EventqCons.ADDRESS, (int) EventqCons.withOvackflg(cons, overflowAcknowledged));
    }

    private long prod() {
        return ControlRegisters.read32(registers, EventqProd.ADDRESS);
    }
}
