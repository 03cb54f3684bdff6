package org.sluice.board.model;

import java.util.concurrent.locks.LockSupport;
import org.sluice.spi.board.AtsCompletion;
import org.sluice.spi.board.AtsCompletion.Status;
import org.sluice.spi.board.Dma;
import org.sluice.spi.board.IommuModel;

/**
 * The transactions of an endpoint with a device TLB. With ATS on, each goes translated: by the cache, else by a translation
 * request; where that grants too little, a page request asks for more, if PRI is on, and then the access is tried again.
 * Where the IOMMU does not support the request, the transaction goes untranslated, and the IOMMU is its judge. Any thread; a
 * hit does not allocate.
 */
final class TranslatingBus implements TransactionBus {
    // a page request that is answered with success before anything is mapped comes again, but ever more slowly and not
    // for ever
    private static final int MAX_RETRIES = 1000;
    private static final long RETRY_NANOS = 100_000;
    private static final long SLOWEST_RETRY_NANOS = 10_000_000;
    // no outcome of Dma
    private static final int UNTRANSLATED = -1;
    private static final int MISSING = -2;

    private final IommuModel model;
    private final int streamId;
    private final DeviceTlbPort port;

    TranslatingBus(IommuModel model, int streamId, DeviceTlbPort port) {
        this.model = model;
        this.streamId = streamId;
        this.port = port;
    }

    @Override
    public int transact(int pasid, long address, int flags, byte[] data, int offset, int length) {
        if ((flags & Dma.ATOMIC) != 0) {
            // nothing is asked for in advance of it
            return model.transact(streamId, pasid, address, flags, data, offset, length);
        }
        // what has no PASID has no privilege and executes nothing, on this bus
        int wanted = pasid == Dma.NO_PASID ? flags & IommuModel.WRITE : flags;
        for (int retries = 0; retries < MAX_RETRIES; retries++) {
            int outcome = attempt(pasid, address, wanted, data, offset, length);
            if (outcome == UNTRANSLATED) {
                return model.transact(streamId, pasid, address, flags, data, offset, length);
            }
            if (outcome != MISSING) {
                return outcome;
            }
            if (!port.pages().request(pasid, address, wanted)) {
                return Dma.ABORT;
            }
            if (retries > 0) {
                LockSupport.parkNanos(Math.min(retries * RETRY_NANOS, SLOWEST_RETRY_NANOS));
            }
        }
        return Dma.ABORT;
    }

    // within one use: an invalidation waits until the translation that was found here is no longer used
    private int attempt(int pasid, long address, int flags, byte[] data, int offset, int length) {
        int use = port.uses().enter();
        try {
            if (!port.isEnabled()) {
                return UNTRANSLATED;
            }
            boolean privileged = (flags & Dma.PRIVILEGED) != 0;
            DeviceTlb.Entry entry = port.cache().lookup(pasid, privileged, address);
            if (entry == null || !entry.permits(flags)) {
                long began = port.cache().generation();
                AtsCompletion completion = port.iommu().requestTranslation(streamId, pasid, address, flags);
                if (completion.status() != Status.SUCCESS) {
                    return completion.status() == Status.UNSUPPORTED_REQUEST ? UNTRANSLATED : Dma.ABORT;
                }
                if (completion.untranslatedOnly()) {
                    return UNTRANSLATED;
                }
                entry = DeviceTlb.Entry.of(pasid, privileged, address, completion);
                if (!entry.permits(flags)) {
                    return MISSING;
                }
                port.cache().fill(entry, address, began);
            }
            return port.iommu()
                    .transactTranslated(
                            streamId, entry.output(address), flags & IommuModel.WRITE, data, offset, length);
        } finally {
            port.uses().leave(use);
        }
    }
}
