package org.sluice.api;

import java.util.List;

/**
 * State of one IOMMU, with its cause.
 *
 * @param name name of the IOMMU
 * @param state what it is in
 * @param driver driver bundle and version, or {@code none}
 * @param cause why it is not RUNNING, naming what is missing; empty while it runs
 * @param devices devices behind it
 * @param hooks vendor hooks that its driver uses, in the order in which they are asked: each its name and why it matched
 */
public record UnitStatus(String name, State state, String driver, String cause, int devices, List<String> hooks) {
    /** Copies the list. */
    public UnitStatus {
        hooks = List.copyOf(hooks);
    }

    /**
     * An IOMMU whose driver uses no hooks.
     *
     * @param name name of the IOMMU
     * @param state what it is in
     * @param driver driver bundle and version, or {@code none}
     * @param cause why it is not RUNNING
     * @param devices devices behind it
     */
    public UnitStatus(String name, State state, String driver, String cause, int devices) {
        this(name, state, driver, cause, devices, List.of());
    }

    /** States of an IOMMU. */
    public enum State {
        /** A driver serves it. */
        RUNNING,
        /** No driver came yet: its devices have no translation, the hardware aborts or bypasses as it was left. */
        NO_DRIVER,
        /** A driver left: DMA goes on over the live tables, calls wait. */
        HELD
    }
}
