package org.sluice.smmuv3.driver;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.sluice.api.FaultEvent;
import org.sluice.api.FaultReason;
import org.sluice.layout.Layout;
import org.sluice.smmuv3.arch.EventId;
import org.sluice.smmuv3.arch.EvtFTranslation;
import org.sluice.spi.driver.FaultRecord;

/**
 * A record of the event queue. Fields are found by the manual's names in the layout of the record's number, so that a kind of
 * record that lacks a field answers 0.
 *
 * @param words four words
 */
record EventRecord(long[] words) {
    /** Words of a record. */
    static final int WORDS = EvtFTranslation.WORDS;

    /** Bytes of a record. */
    static final int BYTES = EvtFTranslation.BYTES;

    /** Number of the event. */
    int id() {
        return (int) EvtFTranslation.eventID(words[EvtFTranslation.EVENTID_WORD]);
    }

    /** Stream that it is about. */
    int streamId() {
        return (int) EvtFTranslation.streamID(words[EvtFTranslation.STREAMID_WORD]);
    }

    /** SubstreamID, 0 without. */
    long substreamId() {
        return field("SubstreamID");
    }

    /** What was to be translated, 0 where the record does not say. */
    long inputAddress() {
        return field("InputAddr");
    }

    /** Where stage 2 faulted, 0 where the record does not say. */
    long intermediateAddress() {
        return field("IPA");
    }

    /** Whether the transaction waits for a CMD_RESUME. */
    boolean isStalled() {
        return field("Stall") != 0;
    }

    /** Tag of the stalled transaction. */
    long stallTag() {
        return field("STAG");
    }

    /** In the terms of the contract. */
    FaultRecord toFault() {
        List<Long> raw = new ArrayList<>(WORDS);
        for (long word : words) {
            raw.add(word);
        }
        boolean tagged = field("SSV") != 0 || id() == EventId.C_BAD_SUBSTREAMID;
        return new FaultRecord(
                streamId(),
                tagged ? (int) substreamId() : FaultEvent.NO_PASID,
                reason(tagged),
                EventId.name(id()),
                inputAddress(),
                has("RnW") && field("RnW") == 0,
                field("PnU") != 0,
                field("InD") != 0,
                isStalled(),
                raw);
    }

    private FaultReason reason(boolean tagged) {
        return switch (id()) {
            case EventId.F_TRANSLATION -> FaultReason.TRANSLATION;
            case EventId.F_PERMISSION -> FaultReason.PERMISSION;
            case EventId.F_ACCESS -> FaultReason.ACCESS_FLAG;
            case EventId.F_ADDR_SIZE -> FaultReason.ADDRESS_SIZE;
            case EventId.F_WALK_EABT -> FaultReason.WALK_ABORT;
            case EventId.C_BAD_STREAMID, EventId.F_STE_FETCH, EventId.C_BAD_STE, EventId.F_STREAM_DISABLED ->
                FaultReason.BAD_STREAM;
            case EventId.C_BAD_SUBSTREAMID -> FaultReason.BAD_PASID;
            case EventId.F_CD_FETCH, EventId.C_BAD_CD -> tagged ? FaultReason.BAD_PASID : FaultReason.BAD_STREAM;
            default -> FaultReason.OTHER;
        };
    }

    private boolean has(String name) {
        return layout().flatMap(layout -> layout.field(name)).isPresent();
    }

    private long field(String name) {
        return layout().flatMap(layout -> layout.field(name))
                .map(field -> field.value(words[field.word()]))
                .orElse(0L);
    }

    private Optional<Layout> layout() {
        return EventId.layout(id());
    }
}
