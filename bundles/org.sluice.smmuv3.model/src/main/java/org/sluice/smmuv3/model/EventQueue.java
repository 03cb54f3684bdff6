package org.sluice.smmuv3.model;

import java.util.ArrayDeque;
import java.util.Queue;
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
    private final AtomicLong merged = new AtomicLong();
    // null: none
    private final EventMerging merging;
    // records of stalled transactions that found no room, no more than can stall; guarded by this
    private final Queue<EventRecord> stalled = new ArrayDeque<>();

    EventQueue(RegisterBank bank, PhysicalMemory memory, Interrupts interrupts, Identity id, EventMerging merging) {
        this.merging = merging;
        this.bank = bank;
        this.memory = memory;
        this.interrupts = interrupts;
        maxLog2size = id.eventQueueBits();
    }

    /** Records an event, or loses it as the architecture says; that of a stalled transaction is kept until it can be. */
    void record(EventRecord event) {
        boolean wasEmpty;
        synchronized (this) {
            if (event.isStalled()) {
                stalled.add(event);
                wasEmpty = writeStalled();
            } else {
                // those that came before it come before it in the queue
                wasEmpty = writeStalled();
                wasEmpty |= writeOrLose(event);
            }
        }
        if (wasEmpty) {
            interrupts.eventQueue();
        }
    }

    /** Software has changed something because of which there may be room for what was kept. */
    void room() {
        boolean wasEmpty;
        synchronized (this) {
            wasEmpty = writeStalled();
        }
        if (wasEmpty) {
            interrupts.eventQueue();
        }
    }

    private boolean writeStalled() {
        boolean wasEmpty = false;
        while (!stalled.isEmpty() && isOpen() && !isFull()) {
            boolean empty = isEmpty();
            if (!append(stalled.peek())) {
                return wasEmpty;
            }
            wasEmpty |= empty;
            stalled.remove();
        }
        return wasEmpty;
    }

    // whether the queue was empty and is not now
    private boolean writeOrLose(EventRecord event) {
        if (!isOpen()) {
            // discarded, which is no overflow
            lost.incrementAndGet();
            return false;
        }
        if (merges(event)) {
            merged.incrementAndGet();
            return false;
        }
        if (isFull()) {
            lost.incrementAndGet();
            overflow(bank.get(EventqProd.ADDRESS), bank.get(EventqCons.ADDRESS));
            return false;
        }
        boolean wasEmpty = isEmpty();
        if (!append(event)) {
            lost.incrementAndGet();
            return false;
        }
        return wasEmpty;
    }

    private boolean merges(EventRecord event) {
        long producer = EventqProd.wr(bank.get(EventqProd.ADDRESS));
        long consumer = EventqCons.rd(bank.get(EventqCons.ADDRESS));
        return merging != null && merging.merges(event, producer, QueueIndex.of(producer - consumer, log2size()));
    }

    private boolean isOpen() {
        return Cr0.eventqen(bank.get(Cr0.ADDRESS)) != 0 && !interrupts.active(Gerror.EVENTQ_ABT_MASK);
    }

    private int log2size() {
        return (int) Math.min(EventqBase.log2size(bank.get(EventqBase.ADDRESS)), maxLog2size);
    }

    private boolean isFull() {
        return QueueIndex.isFull(bank.get(EventqProd.ADDRESS), bank.get(EventqCons.ADDRESS), log2size());
    }

    private boolean isEmpty() {
        return QueueIndex.isEmpty(bank.get(EventqProd.ADDRESS), bank.get(EventqCons.ADDRESS), log2size());
    }

    // there is room
    private boolean append(EventRecord event) {
        int log2size = log2size();
        long producer = bank.get(EventqProd.ADDRESS);
        long queue = EventqBase.addr(bank.get(EventqBase.ADDRESS)) & -((long) EvtFTranslation.BYTES << log2size);
        if (!write(event, queue + QueueIndex.slot(producer, log2size) * EvtFTranslation.BYTES)) {
            interrupts.error(Gerror.EVENTQ_ABT_MASK);
            return false;
        }
        long next = QueueIndex.next(producer, log2size);
        bank.set(EventqProd.ADDRESS, EventqProd.withWr(producer & EventqProd.OVFLG_MASK, next));
        recorded.incrementAndGet(event.number());
        if (merging != null) {
            merging.written(event, EventqProd.wr(producer), next);
        }
        return true;
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

    /** Events that are told by a record that was there already. */
    long merged() {
        return merged.get();
    }

    /** Events that found no place for a record. */
    long lost() {
        return lost.get();
    }
}
