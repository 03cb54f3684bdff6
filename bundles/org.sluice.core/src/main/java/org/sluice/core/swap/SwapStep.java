package org.sluice.core.swap;

import java.util.EnumSet;
import java.util.Set;

/**
 * The steps of a swap.
 *
 * <p>An update or removal from outside destroys the old code first; it goes round by HELD, and there is nothing to roll back
 * to. A side-by-side swap keeps the old code until the end and can go back from each step.
 *
 * <pre>
 *   from outside:   SERVING ─▶ QUIESCE ─▶ DRAIN ─▶ HELD ─▶ ADOPT ─▶ VERIFY ─▶ REBIND ─▶ RESUME ─▶ SERVING
 *                                                   ▲  refused │       │
 *                                                   └──────────┴───────┘
 *
 *   side by side:   SERVING ─▶ ADOPT ─▶ VERIFY ─▶ QUIESCE ─▶ DRAIN ─▶ VERIFY ─▶ REBIND ─▶ RESUME ─▶ SERVING
 *                                 │        │         │         │        │
 *                                 └────────┴─────────┴────┬────┴────────┘
 *                                                      ROLLBACK ─▶ SERVING
 * </pre>
 */
public enum SwapStep {
    /** A provider serves; nothing is going on. */
    SERVING,
    /** New operations wait at the gate; DMA goes on. */
    QUIESCE,
    /** Operations in flight leave. */
    DRAIN,
    /** The old code is gone, no successor was accepted yet. */
    HELD,
    /** A successor makes its objects over the tables and registers as they are, and writes nothing. */
    ADOPT,
    /** What the successor sees is compared with what the predecessor saw. */
    VERIFY,
    /** The successor's objects take the places of the predecessor's. */
    REBIND,
    /** The gate opens. */
    RESUME,
    /** The old provider, still there, serves on. */
    ROLLBACK;

    /**
     * The transition table.
     *
     * @return what may follow
     */
    public Set<SwapStep> next() {
        return switch (this) {
            case SERVING -> EnumSet.of(QUIESCE, ADOPT);
            case QUIESCE -> EnumSet.of(DRAIN, ROLLBACK);
            case DRAIN -> EnumSet.of(HELD, VERIFY, ROLLBACK);
            case HELD -> EnumSet.of(ADOPT);
            case ADOPT -> EnumSet.of(VERIFY, HELD, ROLLBACK);
            case VERIFY -> EnumSet.of(QUIESCE, REBIND, HELD, ROLLBACK);
            case REBIND -> EnumSet.of(RESUME);
            case RESUME, ROLLBACK -> EnumSet.of(SERVING);
        };
    }
}
