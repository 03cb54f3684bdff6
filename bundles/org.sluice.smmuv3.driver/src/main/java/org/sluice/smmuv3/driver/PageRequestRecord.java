package org.sluice.smmuv3.driver;

import java.util.List;
import org.sluice.api.FaultEvent;
import org.sluice.api.FaultReason;
import org.sluice.smmuv3.arch.PageRequest;
import org.sluice.spi.driver.FaultRecord;

/**
 * A record of the page request queue.
 *
 * @param word0 lowest word
 * @param word1 second word
 */
record PageRequestRecord(long word0, long word1) {
    /** Bytes of a record. */
    static final int BYTES = PageRequest.BYTES;

    static PageRequestRecord of(long[] words) {
        return new PageRequestRecord(words[0], words[1]);
    }

    /** Stream of the device. */
    int streamId() {
        return (int) PageRequest.streamID(word0);
    }

    /** Whether it is in a PASID's name. */
    boolean isTagged() {
        return PageRequest.ssv(word0) != 0;
    }

    /** PASID; 0 without. */
    int substreamId() {
        return (int) PageRequest.substreamID(word0);
    }

    /** Whether its group is complete with it. */
    boolean isLast() {
        return PageRequest.last(word0) != 0;
    }

    /** Number of its group. */
    int group() {
        return (int) PageRequest.prgIndex(word1);
    }

    /** Whether it asks for read access. */
    boolean isRead() {
        return PageRequest.r(word0) != 0;
    }

    /** Whether it says that a PASID will be used no more: nothing is asked for, and nothing is answered. */
    boolean isStop() {
        return isLast() && isTagged() && PageRequest.w(word0) == 0 && !isRead();
    }

    /** In the terms of the contract. */
    FaultRecord toFault() {
        return new FaultRecord(
                streamId(),
                isTagged() ? substreamId() : FaultEvent.NO_PASID,
                FaultReason.TRANSLATION,
                "PRI",
                PageRequest.pageAddr(word1),
                PageRequest.w(word0) != 0,
                PageRequest.priv(word0) != 0,
                PageRequest.x(word0) != 0,
                false,
                List.of(word0, word1));
    }
}
