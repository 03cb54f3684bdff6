package org.sluice.api;

/**
 * The life of an address space.
 *
 * <pre>
 *   PREPARED ──attach──▶ ATTACHED ──last bond gone──▶ REVOKED ──client lets go, hardware done──▶ FREED
 *      │  ▲                 │  ▲
 *      │  └────detach───────┘  │ (domains only)
 *      └──────────────────free─┴───────────────────▶ REVOKED
 * </pre>
 */
public enum SpaceState {
    /** Tables exist, no device uses them; mapping is legal. */
    PREPARED,
    /** At least one device translates through it. */
    ATTACHED,
    /** Taken away, with or without the client's cooperation; maps nothing; the client's reference is still good. */
    REVOKED,
    /** Tables, tag and PASID are back with their allocators. */
    FREED
}
