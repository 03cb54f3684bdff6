package org.sluice.smmuv3.model;

import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;
import org.sluice.smmuv3.arch.Cr0;
import org.sluice.smmuv3.arch.EventId;
import org.sluice.smmuv3.arch.Gerror;
import org.sluice.smmuv3.arch.PageRequest;
import org.sluice.smmuv3.arch.PriqBase;
import org.sluice.smmuv3.arch.PriqCons;
import org.sluice.smmuv3.arch.PriqIrqCfg2;
import org.sluice.smmuv3.arch.PriqProd;
import org.sluice.spi.board.AtsEndpoint.Response;
import org.sluice.spi.board.AtsPageRequest;
import org.sluice.spi.board.Dma;
import org.sluice.spi.memory.MemoryAbortException;
import org.sluice.spi.memory.PhysicalMemory;

/**
 * The PRI queue, as its producer (IHI 0070 chapter 8). Any thread; records are written one after the other.
 *
 * <p>What cannot be recorded is answered here: with failure while the queue is off or was aborted; with success, so that the
 * endpoint asks again, for the last request of a group that meets a full queue, or one whose overflow software has not
 * acknowledged, which takes no records either. Stop markers are never answered.
 */
final class PageRequestQueue {
    private final RegisterBank bank;
    private final PhysicalMemory memory;
    private final Interrupts interrupts;
    private final Identity id;
    private final AtsPorts ports;
    private final Supplier<Settings> settings;
    private final TranslationPath path;
    private final EventQueue events;
    private final Generation generation;
    private final AtomicLong recorded = new AtomicLong();
    private final AtomicLong discarded = new AtomicLong();

    PageRequestQueue(
            RegisterBank bank,
            PhysicalMemory memory,
            Interrupts interrupts,
            Identity id,
            AtsPorts ports,
            Supplier<Settings> settings,
            TranslationPath path,
            EventQueue events,
            Generation generation) {
        this.bank = bank;
        this.memory = memory;
        this.interrupts = interrupts;
        this.id = id;
        this.ports = ports;
        this.settings = settings;
        this.path = path;
        this.events = events;
        this.generation = generation;
    }

    /** What became of a message. */
    private enum Fate {
        RECORDED,
        RECORDED_FIRST,
        OVERFLOWED,
        OFF
    }

    /** Receives a message. */
    void receive(int streamId, AtsPageRequest request) {
        Fate fate;
        synchronized (this) {
            fate = record(streamId, request);
        }
        boolean written = fate == Fate.RECORDED || fate == Fate.RECORDED_FIRST;
        (written ? recorded : discarded).incrementAndGet();
        boolean lastOnly = PriqIrqCfg2.lo(bank.get(PriqIrqCfg2.ADDRESS)) != 0;
        if (lastOnly ? request.last() && fate != Fate.OFF : fate == Fate.RECORDED_FIRST) {
            interrupts.pageRequestQueue();
        }
        if (!written && !request.isStop()) {
            if (fate == Fate.OFF) {
                ports.respond(streamId, Dma.NO_PASID, request.group(), Response.FAILURE);
            } else if (request.last()) {
                answerOverflow(streamId, request);
            }
        }
    }

    private Fate record(int streamId, AtsPageRequest request) {
        boolean enabled =
                Cr0.priqen(bank.get(Cr0.ADDRESS)) != 0 && settings.get().enabled();
        if (!id.pri() || !enabled || interrupts.active(Gerror.PRIQ_ABT_MASK)) {
            return Fate.OFF;
        }
        long base = bank.get(PriqBase.ADDRESS);
        int log2size = (int) Math.min(PriqBase.log2size(base), id.pageRequestQueueBits());
        long producer = bank.get(PriqProd.ADDRESS);
        long consumer = bank.get(PriqCons.ADDRESS);
        boolean overflowing = PriqProd.ovflg(producer) != PriqCons.ovackflg(consumer);
        if (overflowing) {
            return Fate.OVERFLOWED;
        }
        if (QueueIndex.isFull(producer, consumer, log2size)) {
            bank.set(PriqProd.ADDRESS, producer ^ PriqProd.OVFLG_MASK);
            return Fate.OVERFLOWED;
        }
        long queue = PriqBase.addr(base) & -((long) PageRequest.BYTES << log2size);
        if (!write(queue + QueueIndex.slot(producer, log2size) * PageRequest.BYTES, streamId, request)) {
            interrupts.error(Gerror.PRIQ_ABT_MASK);
            return Fate.OFF;
        }
        long next = QueueIndex.next(producer, log2size);
        bank.set(PriqProd.ADDRESS, PriqProd.withWr(producer & PriqProd.OVFLG_MASK, next));
        return QueueIndex.isEmpty(producer, consumer, log2size) ? Fate.RECORDED_FIRST : Fate.RECORDED;
    }

    private boolean write(long address, int streamId, AtsPageRequest request) {
        long word0 = PageRequest.withStreamID(0, Integer.toUnsignedLong(streamId));
        if (request.substreamId() != Dma.NO_PASID) {
            // a device may send anything, the record has 20 bits for it
            word0 |= (long) request.substreamId() << PageRequest.SUBSTREAMID_LSB & PageRequest.SUBSTREAMID_MASK;
            word0 = PageRequest.withSsv(word0, 1);
        }
        word0 = PageRequest.withPriv(word0, request.privileged() ? 1 : 0);
        word0 = PageRequest.withX(word0, request.execute() ? 1 : 0);
        word0 = PageRequest.withR(word0, request.read() ? 1 : 0);
        word0 = PageRequest.withW(word0, request.write() ? 1 : 0);
        word0 = PageRequest.withLast(word0, request.last() ? 1 : 0);
        long word1 = request.address() & PageRequest.PAGEADDR_MASK | request.group() & PageRequest.PRGINDEX_MASK;
        try {
            memory.write64(address + Long.BYTES, word1);
            memory.write64Release(address, word0);
            return true;
        } catch (MemoryAbortException e) {
            return false;
        }
    }

    private void answerOverflow(int streamId, AtsPageRequest request) {
        int substreamId = request.substreamId();
        if (substreamId == Dma.NO_PASID || id.pasidInResponses() || id.ssidBits() == 0) {
            int tag = id.ssidBits() == 0 ? Dma.NO_PASID : substreamId;
            ports.respond(streamId, tag, request.group(), Response.SUCCESS);
            return;
        }
        Settings now = settings.get();
        Route stream = path.stream(now, streamId, TransactionSlots.inquiry(), generation.current());
        if (stream instanceof Route.Refused refused) {
            boolean invalid = refused.event() == EventId.C_BAD_STREAMID;
            if (now.recordAtsErrors() && (!invalid || now.recordInvalidSid())) {
                events.record(
                        EventRecord.configuration(refused.event(), streamId, substreamId, refused.fetchAddress()));
            }
            ports.respond(streamId, Dma.NO_PASID, request.group(), Response.FAILURE);
            return;
        }
        boolean tagged = ((StreamPolicy) stream).pasidInResponse();
        ports.respond(streamId, tagged ? substreamId : Dma.NO_PASID, request.group(), Response.SUCCESS);
    }

    /** Messages that were written into the queue. */
    long recorded() {
        return recorded.get();
    }

    /** Messages that were not. */
    long discarded() {
        return discarded.get();
    }
}
