package org.sluice.smmuv3.model;

import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;
import org.sluice.smmuv3.arch.Cr0;
import org.sluice.smmuv3.arch.EventqBase;
import org.sluice.smmuv3.arch.EventqCons;
import org.sluice.smmuv3.arch.EventqProd;
import org.sluice.smmuv3.arch.EvtFTranslation;
import org.sluice.smmuv3.arch.Gerror;
import org.sluice.spi.memory.MemoryAbortException;
import org.sluice.spi.memory.PhysicalMemory;

/** The event queue, as its producer. Any thread; records are written one after the other. */
final class EventQueue {
    private final RegisterBank bank;
    private final PhysicalMemory memory;
    private final Interrupts interrupts;
    private final int maxLog2size;
    private final AtomicLongArray recorded = new AtomicLongArray(1 << Byte.SIZE);
    private final AtomicLong lost = new AtomicLong();

    EventQueue(RegisterBank bank, PhysicalMemory memory, Interrupts interrupts, Identity id) {
        this.bank = bank;
        this.memory = memory;
        this.interrupts = interrupts;
        maxLog2size = id.eventQueueBits();
    }

    /** Records an event, or loses it as the architecture says. */
    void record(EventRecord event) {
        boolean wasEmpty;
        synchronized (this) {
            if (Cr0.eventqen(bank.get(Cr0.ADDRESS)) == 0 || interrupts.active(Gerror.EVENTQ_ABT_MASK)) {
                // discarded, which is no overflow
                lost.incrementAndGet();
                return;
            }
            long base = bank.get(EventqBase.ADDRESS);
            int log2size = (int) Math.min(EventqBase.log2size(base), maxLog2size);
            long producer = bank.get(EventqProd.ADDRESS);
            long consumer = bank.get(EventqCons.ADDRESS);
            if (QueueIndex.isFull(producer, consumer, log2size)) {
                lost.incrementAndGet();
                overflow(producer, consumer);
                return;
            }
            wasEmpty = QueueIndex.isEmpty(producer, consumer, log2size);
            long queue = EventqBase.addr(base) & -((long) EvtFTranslation.BYTES << log2size);
            if (!write(event, queue + QueueIndex.slot(producer, log2size) * EvtFTranslation.BYTES)) {
                lost.incrementAndGet();
                interrupts.error(Gerror.EVENTQ_ABT_MASK);
                return;
            }
            long next = QueueIndex.next(producer, log2size);
            bank.set(EventqProd.ADDRESS, EventqProd.withWr(producer & EventqProd.OVFLG_MASK, next));
            recorded.incrementAndGet(event.number());
        }
        if (wasEmpty) {
            interrupts.eventQueue();
        }
    }

    // toggles once; then not again until software has made its flag equal
    private void overflow(long producer, long consumer) {
        if (EventqProd.ovflg(producer) == EventqCons.ovackflg(consumer)) {
            bank.set(EventqProd.ADDRESS, producer ^ EventqProd.OVFLG_MASK);
        }
    }

    private boolean write(EventRecord event, long address) {
        try {
            memory.write64(address + 8, event.word1());
            memory.write64(address + 16, event.word2());
            memory.write64(address + 24, event.word3());
            memory.write64Release(address, event.word0());
            return true;
        } catch (MemoryAbortException e) {
            return false;
        }
    }

    /** How often an event was recorded. */
    long recorded(int number) {
        return recorded.get(number);
    }

    /** Events that found no place for a record. */
    long lost() {
        return lost.get();
    }
}
