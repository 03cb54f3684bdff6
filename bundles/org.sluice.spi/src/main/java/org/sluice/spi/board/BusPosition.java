package org.sluice.spi.board;

import java.util.List;

/**
 * Where an endpoint sits, as far as isolation and trust go. Traffic of two endpoints below a bridge that does not enforce
 * access control (PCI's ACS) may pass from one to the other without reaching the IOMMU.
 *
 * @param bridges from the endpoint up to the root
 * @param untrusted the endpoint can be exchanged by anybody (an external port): it is never left untranslated
 * @param needsDirect firmware maps memory one to one for it: it cannot be blocked by a domain
 */
public record BusPosition(List<Bridge> bridges, boolean untrusted, boolean needsDirect) {
    /** Directly at the root, trusted. */
    public static final BusPosition ROOT = new BusPosition(List.of(), false, false);

    /** Copies the bridges. */
    public BusPosition {
        bridges = List.copyOf(bridges);
    }

    /**
     * A bridge, a port of a switch, or the slot of a device with several functions.
     *
     * @param name unique on its board
     * @param isolates whether it sends everything up to the IOMMU (ACS source validation, request and completion redirect,
     *     upstream forwarding); a conventional PCI bridge never does
     */
    public record Bridge(String name, boolean isolates) {}
}
