package org.sluice.smmuv3.model;

import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.spi.board.AtsCompletion;
import org.sluice.spi.board.AtsEndpoint;
import org.sluice.spi.board.AtsModel;
import org.sluice.spi.board.AtsPageRequest;
import org.sluice.spi.board.Dma;
import org.sluice.spi.board.IommuModel;

/** The traffic of endpoints with a device TLB: each request is counted as under way, so that CMD_SYNC waits for it. */
final class AtsTraffic implements AtsModel {
    private static final int PAGE_BYTES = 4096;
    private static final int MAX_SPAN = 255;

    private final TransactionSlots transactions;
    private final Generation generation;
    private final TranslationRequests requests;
    private final TranslatedTransactions translated;
    private final PageRequestQueue pages;
    private final EventQueue events;
    private final AtsPorts ports;
    private volatile boolean off;

    AtsTraffic(
            TransactionSlots transactions,
            Generation generation,
            TranslationRequests requests,
            TranslatedTransactions translated,
            PageRequestQueue pages,
            EventQueue events,
            AtsPorts ports) {
        this.transactions = transactions;
        this.generation = generation;
        this.requests = requests;
        this.translated = translated;
        this.pages = pages;
        this.events = events;
        this.ports = ports;
    }

    @Override
    public AtsCompletion requestTranslation(int streamId, int substreamId, long address, int flags) {
        long[] slot = transactions.enter(streamId);
        try {
            TransactionSlots.count(slot, TransactionSlots.ATS_REQUESTS);
            return off
                    ? AtsCompletion.refused(AtsCompletion.Status.UNSUPPORTED_REQUEST)
                    : requests.answer(streamId, substreamId, address, flags, slot, generation.current());
        } finally {
            TransactionSlots.leave(slot);
        }
    }

    @Override
    public int transactTranslated(int streamId, long address, int flags, byte[] data, int offset, int length) {
        if (length < 1 || (address & PAGE_BYTES - 1) + length > PAGE_BYTES) {
            throw new IommuException(
                    Errno.EINVAL,
                    String.format(
                            "translated transaction at 0x%x is %d bytes, it must stay within 4096-byte pages",
                            address, length));
        }
        long[] slot = transactions.enter(streamId);
        try {
            TransactionSlots.count(slot, TransactionSlots.ATS_TRANSLATED);
            int direction = flags & IommuModel.WRITE;
            return off
                    ? Dma.ABORT
                    : translated.transact(
                            streamId, address, direction, data, offset, length, slot, generation.current());
        } finally {
            TransactionSlots.leave(slot);
        }
    }

    @Override
    public void requestPage(int streamId, AtsPageRequest request) {
        if (!off) {
            pages.receive(streamId, request);
        }
    }

    @Override
    public void announceAccess(int streamId, int substreamId, long address, int pages, int flags) {
        if (!off) {
            events.record(EventRecord.pageRequest(
                    streamId, substreamId, address, Math.max(1, Math.min(pages, MAX_SPAN)), flags));
        }
    }

    @Override
    public Connection connect(int streamId, AtsEndpoint endpoint) {
        return ports.connect(streamId, endpoint);
    }

    /** Powers it off. */
    void close() {
        off = true;
    }
}
