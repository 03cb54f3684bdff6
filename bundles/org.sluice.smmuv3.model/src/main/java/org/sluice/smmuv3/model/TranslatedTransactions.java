package org.sluice.smmuv3.model;

import java.util.function.Supplier;
import org.sluice.smmuv3.arch.EventId;
import org.sluice.spi.board.Dma;

/**
 * Translated transactions of ATS (IHI 0070 section 3.9.1.3). Without CR0.ATSCHK they pass unseen; with it the STE decides,
 * and where it has split-stage ATS, stage 2 still translates. They are unprivileged and of data, and never stall. Any
 * thread; does not allocate unless it misses the configuration cache or faults.
 */
final class TranslatedTransactions {
    private final Supplier<Settings> settings;
    private final TranslationPath path;
    private final EventQueue events;
    private final DataAccess memory;

    TranslatedTransactions(Supplier<Settings> settings, TranslationPath path, EventQueue events, DataAccess memory) {
        this.settings = settings;
        this.path = path;
        this.events = events;
        this.memory = memory;
    }

    /** An outcome of {@link Dma}: OK or ABORT. */
    int transact(int streamId, long address, int flags, byte[] data, int offset, int length, long[] slot, long began) {
        Settings now = settings.get();
        if (!now.enabled()) {
            return forbid(streamId, address, flags);
        }
        if (!now.atsChecked()) {
            return pass(address, flags, data, offset, length, slot);
        }
        Route stream = path.stream(now, streamId, slot, began);
        if (stream instanceof Route.Refused refused) {
            if (now.recordAtsErrors()) {
                events.record(
                        EventRecord.configuration(refused.event(), streamId, Dma.NO_PASID, refused.fetchAddress()));
            }
            return Dma.ABORT;
        }
        StreamPolicy policy = (StreamPolicy) stream;
        if (policy.aborts()) {
            return Dma.ABORT;
        }
        if (policy.ats() == StreamPolicy.Ats.NONE) {
            return forbid(streamId, address, flags);
        }
        if (policy.ats() == StreamPolicy.Ats.FULL) {
            return pass(address, flags, data, offset, length, slot);
        }
        int access = policy.overrides().flags(flags);
        long leaf = memory.beyondOutput(address)
                ? Leaf.fault(EventId.F_ADDR_SIZE, 0)
                : path.stage2().translate(policy.stage2(), address, access, slot, began);
        if (Leaf.isFault(leaf)) {
            if (FaultPolicy.of(leaf, null, policy.stage2()).records()) {
                events.record(EventRecord.translation(leaf, streamId, Dma.NO_PASID, address, access));
            }
            return Dma.ABORT;
        }
        return memory.move(slot, Leaf.output(leaf, address), flags, data, offset, length);
    }

    private int pass(long address, int flags, byte[] data, int offset, int length, long[] slot) {
        return memory.beyondOutput(address) ? Dma.ABORT : memory.move(slot, address, flags, data, offset, length);
    }

    private int forbid(int streamId, long address, int flags) {
        events.record(EventRecord.translationForbidden(streamId, address, flags));
        return Dma.ABORT;
    }
}
