package org.sluice.smmuv3.model;

import java.util.function.Supplier;
import org.sluice.smmuv3.arch.EventId;
import org.sluice.smmuv3.arch.EvtFPermission;
import org.sluice.spi.board.AtsCompletion;
import org.sluice.spi.board.AtsCompletion.Status;
import org.sluice.spi.board.Dma;
import org.sluice.spi.board.IommuModel;

/**
 * Translation requests of ATS (IHI 0070 sections 3.9.1.2, 13.6 and 13.7): where ATS is off they are unsupported, with
 * F_BAD_ATS_TREQ unless the stream aborts; what would be a configuration error or an aborted walk is a completer abort,
 * recorded only if CR2.REC_CFG_ATS says so; and what would be a fault of the translation is a translation without
 * permissions, and never an event. Any thread.
 */
final class TranslationRequests {
    private final Supplier<Settings> settings;
    private final TranslationPath path;
    private final EventQueue events;
    private final int outputBits;

    TranslationRequests(Supplier<Settings> settings, TranslationPath path, EventQueue events, int outputBits) {
        this.settings = settings;
        this.path = path;
        this.events = events;
        this.outputBits = outputBits;
    }

    /**
     * Answers a request.
     *
     * @param slot the counters of this thread
     * @param began generation before anything was read
     */
    AtsCompletion answer(int streamId, int substreamId, long address, int flags, long[] slot, long began) {
        int wanted = flags & (IommuModel.WRITE | Dma.PRIVILEGED | Dma.EXECUTE);
        if (substreamId == Dma.NO_PASID) {
            wanted &= IommuModel.WRITE;
        }
        Settings now = settings.get();
        if (!now.enabled()) {
            return unsupported(streamId, substreamId, address, wanted);
        }
        Route stream = path.stream(now, streamId, slot, began);
        if (stream instanceof Route.Refused refused) {
            return abort(now, refused, streamId, substreamId);
        }
        StreamPolicy policy = (StreamPolicy) stream;
        if (policy.aborts()) {
            return AtsCompletion.refused(Status.UNSUPPORTED_REQUEST);
        }
        if (policy.ats() == StreamPolicy.Ats.NONE) {
            return unsupported(streamId, substreamId, address, wanted);
        }
        Route route = path.route(now, streamId, substreamId, slot, began);
        if (route instanceof Route.Refused refused) {
            return abort(now, refused, streamId, substreamId);
        }
        if (route instanceof Route.Unreachable unreachable) {
            return denied(now, unreachable.fault(), streamId, substreamId, address, wanted);
        }
        if (route instanceof Route.Translated translated) {
            boolean split = policy.ats() == StreamPolicy.Ats.SPLIT_STAGE;
            return translate(now, translated, split, streamId, substreamId, address, wanted, slot, began);
        }
        // S1DSS passes stage 1 by: one to one, and all of it, if it is an address at all
        return address >>> outputBits != 0
                ? AtsCompletion.noAccess(false)
                : new AtsCompletion(Status.SUCCESS, 0, 1L << outputBits, true, true, false, false, false, false);
    }

    private AtsCompletion translate(
            Settings now,
            Route.Translated route,
            boolean split,
            int streamId,
            int substreamId,
            long address,
            int wanted,
            long[] slot,
            long began) {
        AttributeOverrides overrides = route.overrides();
        int level = wanted & Dma.PRIVILEGED;
        int reading = overrides.flags(level);
        int writing = overrides.flags(level | IommuModel.WRITE);
        boolean toWrite = Permissions.isWrite(wanted);
        long leaf = path.translator().translate(route, address, toWrite ? writing : reading, slot, began);
        if (toWrite && isDenied(leaf)) {
            leaf = path.translator().translate(route, address, reading, slot, began);
        }
        if (Leaf.isFault(leaf)) {
            return denied(now, leaf, streamId, substreamId, address, wanted);
        }
        boolean read = Permissions.granted(leaf, reading, route.context());
        // what is clean is granted only to who asked for it, and it is dirty then
        boolean write = !Leaf.needsUpdate(leaf, writing) && Permissions.granted(leaf, writing, route.context());
        boolean execute = (wanted & Dma.EXECUTE) != 0
                && read
                && Permissions.granted(leaf, overrides.flags(level | Dma.EXECUTE), route.context());
        if (!read && !write) {
            return AtsCompletion.noAccess(Permissions.isPrivileged(wanted));
        }
        long bytes = 1L << Leaf.log2size(leaf);
        long output = Leaf.output(leaf, address);
        if (split) {
            long first = path.translator().intermediate(route, address, reading, slot, began);
            if (Leaf.isFault(first)) {
                // software took it away meanwhile
                return denied(now, first, streamId, substreamId, address, wanted);
            }
            bytes = Math.min(bytes, 1L << Leaf.log2size(first));
            output = Leaf.output(first, address);
        }
        boolean privileged = Permissions.isPrivileged(wanted);
        return new AtsCompletion(
                Status.SUCCESS, output & -bytes, bytes, read, write, execute, privileged, false, false);
    }

    // of the address itself; a table or CD that stage 2 denies denies everything
    private static boolean isDenied(long leaf) {
        return Leaf.isFault(leaf)
                && Leaf.event(leaf) == EventId.F_PERMISSION
                && Leaf.clazz(leaf) == EvtFPermission.CLASS_IN;
    }

    private AtsCompletion unsupported(int streamId, int substreamId, long address, int wanted) {
        events.record(EventRecord.badTranslationRequest(streamId, substreamId, address, wanted));
        return AtsCompletion.refused(Status.UNSUPPORTED_REQUEST);
    }

    private AtsCompletion abort(Settings now, Route.Refused refused, int streamId, int substreamId) {
        boolean invalid = refused.event() == EventId.C_BAD_STREAMID;
        if (now.recordAtsErrors() && (!invalid || now.recordInvalidSid())) {
            events.record(EventRecord.configuration(refused.event(), streamId, substreamId, refused.fetchAddress()));
        }
        return AtsCompletion.refused(Status.COMPLETER_ABORT);
    }

    private AtsCompletion denied(Settings now, long fault, int streamId, int substreamId, long address, int wanted) {
        if (Leaf.event(fault) != EventId.F_WALK_EABT && Leaf.event(fault) != EventId.F_TLB_CONFLICT) {
            return AtsCompletion.noAccess(Permissions.isPrivileged(wanted));
        }
        if (now.recordAtsErrors()) {
            events.record(EventRecord.translation(fault, streamId, substreamId, address, wanted));
        }
        return AtsCompletion.refused(Status.COMPLETER_ABORT);
    }
}
