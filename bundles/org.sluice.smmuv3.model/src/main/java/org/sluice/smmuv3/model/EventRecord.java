package org.sluice.smmuv3.model;

import org.sluice.smmuv3.arch.EventId;
import org.sluice.smmuv3.arch.EvtCBadSubstreamid;
import org.sluice.smmuv3.arch.EvtEPageRequest;
import org.sluice.smmuv3.arch.EvtFBadAtsTreq;
import org.sluice.smmuv3.arch.EvtFCdFetch;
import org.sluice.smmuv3.arch.EvtFPermission;
import org.sluice.smmuv3.arch.EvtFTranslForbidden;
import org.sluice.smmuv3.arch.EvtFTranslation;
import org.sluice.smmuv3.arch.EvtFUut;
import org.sluice.smmuv3.arch.EvtFWalkEabt;
import org.sluice.spi.board.Dma;

/**
 * The 256 bits of an event. Fields that several events share stand at the same place in each, so one of them serves for
 * the group.
 *
 * @param word0 number, SubstreamID and StreamID
 * @param word1 access and class
 * @param word2 input address
 * @param word3 fetch address or IPA
 */
record EventRecord(long word0, long word1, long word2, long word3) {
    int number() {
        return (int) EvtFTranslation.eventID(word0);
    }

    /** A configuration error; {@code fetchAddress} counts for F_STE_FETCH and F_CD_FETCH. */
    static EventRecord configuration(int event, int streamId, int substreamId, long fetchAddress) {
        boolean fetch = event == EventId.F_STE_FETCH || event == EventId.F_CD_FETCH;
        long word3 = fetch ? fetchAddress & EvtFCdFetch.FETCHADDR_MASK : 0;
        return new EventRecord(identify(event, streamId, substreamId), 0, 0, word3);
    }

    /**
     * A transaction that the SMMU cannot carry: its attributes are those that the device sent.
     *
     * @param reason of the model's own
     */
    static EventRecord unsupported(int streamId, int substreamId, long iova, int flags, int reason) {
        long word1 = EvtFUut.withReason(access(flags), reason);
        return new EventRecord(identify(EventId.F_UUT, streamId, substreamId), word1, iova, 0);
    }

    private static long access(int flags) {
        long word1 = EvtFTranslation.withPnU(0, Permissions.isPrivileged(flags) ? 1 : 0);
        word1 = EvtFTranslation.withInD(word1, Permissions.isInstruction(flags) ? 1 : 0);
        return EvtFTranslation.withRnW(word1, Permissions.isWrite(flags) ? 0 : 1);
    }

    /** A fault of a translation. */
    static EventRecord translation(long fault, int streamId, int substreamId, long iova, int flags) {
        int event = Leaf.event(fault);
        long word1 = EvtFTranslation.withS2(access(flags), Leaf.isStage2Fault(fault) ? 1 : 0);
        if (event != EventId.F_TLB_CONFLICT) {
            word1 = EvtFTranslation.withClazz(word1, Leaf.clazz(fault));
        }
        if (event == EventId.F_PERMISSION && Leaf.clazz(fault) == EvtFPermission.CLASS_TT) {
            word1 = EvtFPermission.withTtRnW(word1, Leaf.isDescriptorWrite(fault) ? 0 : 1);
        }
        long word3 = 0;
        if (event == EventId.F_WALK_EABT) {
            word3 = Leaf.faultAddress(fault) & EvtFWalkEabt.FETCHADDR_MASK;
        } else if (Leaf.isStage2Fault(fault)) {
            word3 = Leaf.faultAddress(fault) & EvtFTranslation.IPA_MASK;
        }
        return new EventRecord(identify(event, streamId, substreamId), word1, iova, word3);
    }

    /** A translation request where ATS is off; each asks for one translation, and for reading at least. */
    static EventRecord badTranslationRequest(int streamId, int substreamId, long address, int flags) {
        long word1 = EvtFBadAtsTreq.withSpan(0, 1);
        word1 = EvtFBadAtsTreq.withP(word1, Permissions.isPrivileged(flags) ? 1 : 0);
        word1 = EvtFBadAtsTreq.withX(word1, (flags & Dma.EXECUTE) != 0 ? 1 : 0);
        word1 = EvtFBadAtsTreq.withW(word1, Permissions.isWrite(flags) ? 1 : 0);
        word1 = EvtFBadAtsTreq.withR(word1, 1);
        return new EventRecord(
                identify(EventId.F_BAD_ATS_TREQ, streamId, substreamId),
                word1,
                address & EvtFBadAtsTreq.INPUTADDR_MASK,
                0);
    }

    /** A translated transaction where ATS is off. */
    static EventRecord translationForbidden(int streamId, long address, int flags) {
        long word1 = EvtFTranslForbidden.withRnW(0, Permissions.isWrite(flags) ? 0 : 1);
        return new EventRecord(identify(EventId.F_TRANSL_FORBIDDEN, streamId, Dma.NO_PASID), word1, address, 0);
    }

    /** A hint that pages will be accessed. */
    static EventRecord pageRequest(int streamId, int substreamId, long address, int pages, int flags) {
        boolean privileged = Permissions.isPrivileged(flags);
        long write = Permissions.isWrite(flags) ? 1 : 0;
        long execute = (flags & Dma.EXECUTE) != 0 ? 1 : 0;
        long word1 = EvtEPageRequest.withSpan(0, pages);
        if (privileged) {
            word1 = EvtEPageRequest.withPX(EvtEPageRequest.withPW(EvtEPageRequest.withPR(word1, 1), write), execute);
        } else {
            word1 = EvtEPageRequest.withUX(EvtEPageRequest.withUW(EvtEPageRequest.withUR(word1, 1), write), execute);
        }
        return new EventRecord(
                identify(EventId.E_PAGE_REQUEST, streamId, substreamId),
                word1,
                address & EvtEPageRequest.INPUTADDR_MASK,
                0);
    }

    /** The same for a transaction that is stalled under a tag. */
    EventRecord stalled(int tag) {
        long stalled = EvtFTranslation.withStall(EvtFTranslation.withStag(word1, tag), 1);
        return new EventRecord(word0, stalled, word2, word3);
    }

    /** Its fields that are not 0, by name. */
    String describe() {
        return EventId.layout(number())
                .map(layout -> layout.describe(new long[] {word0, word1, word2, word3}, 0))
                .orElse("");
    }

    int streamId() {
        return (int) EvtFTranslation.streamID(word0);
    }

    /** What of it has to be the same for another event to be told by it: for some, all but the offset in the page. */
    EventRecord mergingKey() {
        boolean byPage = isTranslationFault()
                || number() == EventId.F_TRANSL_FORBIDDEN
                || number() == EventId.F_WALK_EABT
                || number() == EventId.F_TLB_CONFLICT;
        return byPage ? new EventRecord(word0, word1, word2 & -1L << Granule.BITS_4K, word3) : this;
    }

    boolean isStalled() {
        return EvtFTranslation.stall(word1) != 0 && isTranslationFault();
    }

    // other events have other fields there
    private boolean isTranslationFault() {
        return number() >= EventId.F_TRANSLATION && number() <= EventId.F_PERMISSION;
    }

    private static long identify(int event, int streamId, int substreamId) {
        long word = EvtFTranslation.withEventID(0, event);
        word = EvtFTranslation.withStreamID(word, Integer.toUnsignedLong(streamId));
        if (substreamId == Dma.NO_PASID || event == EventId.F_STREAM_DISABLED) {
            return word;
        }
        // a device may send anything, the record has 20 bits for it
        long substream = EvtFTranslation.substreamID((long) substreamId << EvtFTranslation.SUBSTREAMID_LSB);
        if (event == EventId.C_BAD_SUBSTREAMID) {
            // implies a SubstreamID, so it has no SSV
            return EvtCBadSubstreamid.withSubstreamID(word, substream);
        }
        return EvtFTranslation.withSsv(EvtFTranslation.withSubstreamID(word, substream), 1);
    }
}
