package org.sluice.trace.internal.proof;

import org.sluice.api.FaultEvent;
import org.sluice.api.FaultReason;

/** What an event record must say. */
enum Expectation {
    /** Nothing is mapped. */
    TRANSLATION("F_TRANSLATION") {
        @Override
        boolean meets(FaultEvent event, long iova) {
            return event.reason() == FaultReason.TRANSLATION && event.iova() == iova && !event.write();
        }
    },
    /** Mapped, but not for writing. */
    PERMISSION("F_PERMISSION") {
        @Override
        boolean meets(FaultEvent event, long iova) {
            return event.reason() == FaultReason.PERMISSION && event.iova() == iova && event.write();
        }
    },
    /** The PASID has no context; the record carries no address. */
    PASID("C_BAD_CD or C_BAD_SUBSTREAMID") {
        @Override
        boolean meets(FaultEvent event, long iova) {
            return event.reason() == FaultReason.BAD_PASID;
        }
    };

    private final String text;

    Expectation(String text) {
        this.text = text;
    }

    abstract boolean meets(FaultEvent event, long iova);

    @Override
    public String toString() {
        return text;
    }
}
