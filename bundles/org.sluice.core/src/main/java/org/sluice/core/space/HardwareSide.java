package org.sluice.core.space;

import java.util.List;
import org.sluice.spi.driver.ContextRecord;
import org.sluice.spi.driver.TranslationContext;

/**
 * The side of one IOMMU of a space: the context that its driver made, and what a successor of the driver begins with. Every
 * space has one, that of the IOMMU where it was made; a space that devices behind several IOMMUs share has one of each. Every
 * method is called under the lock of the board; none under the gate.
 *
 * <p>A side is <em>active</em> while invalidations of the space reach it. Only the sides of other IOMMUs are ever not: before
 * their first device is attached, and after their last one left until their tag is free.
 */
public final class HardwareSide {
    private final Space space;
    private final Translator unit;
    private final Installed installed;
    private TranslationContext context; // null while the driver is missing, or before it was made
    private Hold hold;
    private boolean active;

    HardwareSide(Space space, Translator unit, Installed installed, boolean active) {
        this.space = space;
        this.unit = unit;
        this.installed = installed;
        this.active = active;
    }

    /**
     * The space.
     *
     * @return constant
     */
    public Space space() {
        return space;
    }

    /**
     * The IOMMU.
     *
     * @return constant
     */
    public Translator unit() {
        return unit;
    }

    /**
     * Whether it is the IOMMU where the space was made.
     *
     * @return constant
     */
    public boolean isHome() {
        return space.ledger().home() == this;
    }

    /**
     * The context.
     *
     * @return null while the driver is missing
     */
    public TranslationContext context() {
        return context;
    }

    /**
     * The context in contract types.
     *
     * @return as installed
     */
    public ContextRecord record() {
        return installed.record();
    }

    /**
     * Whether invalidations of the space reach it.
     *
     * @return true at home
     */
    public boolean isActive() {
        return active;
    }

    /**
     * Lets invalidations reach it. Operations that began before may still miss it: drain them, and forget everything that
     * was cached meanwhile, before a device is attached.
     */
    public void activate() {
        active = true;
        space.ledger().open();
    }

    /** Lets invalidations pass it by. No device uses it; operations that began before may still reach it until they are drained. */
    public void deactivate() {
        active = false;
        space.ledger().open();
    }

    /**
     * Closes the space because the driver left. The caller drains afterwards.
     *
     * @param why shared by everything that the driver served
     */
    public void close(Hold why) {
        hold = why;
        if (active) {
            space.close(why);
        }
    }

    /**
     * Lets go of the context, after what was queued was synced.
     *
     * @param quiet whether every operation has left
     */
    public void surrender(boolean quiet) {
        space.ledger().drained(quiet);
        List<TranslationContext> there = space.ledger().contexts();
        installed.keep(context);
        context = null;
        if (quiet && active) {
            space.tables().serve(null);
        }
        if (active && space.debt().takeQueued()) {
            // Every IOMMU was told of it, whoever leaves.
            EveryUnit.of(there).sync();
        }
    }

    /**
     * Takes a context that a successor adopted; {@link SpaceLedger#open} follows.
     *
     * @param adopted of the successor
     */
    public void rebind(TranslationContext adopted) {
        context = adopted;
        hold = null;
        space.ledger().stayClosed();
    }

    /**
     * Frees the context; it is no side of the space any more. The caller drained operations that may still reach it.
     *
     * @throws RuntimeException of the driver; everything stays as it is
     */
    public void free() {
        unit.iommu().freeContext(context);
        context = null;
        space.ledger().sides().remove(this);
        unit.sides().remove(this);
    }

    Hold hold() {
        return hold;
    }

    void opened() {
        hold = null;
    }

    /** Takes the context with which the space was made. */
    void made(TranslationContext hardware, long root) {
        context = hardware;
        installed.set(root, hardware);
    }

    /** The space is freed, and its tag was freed before. */
    void gone() {
        context = null;
    }

    @Override
    public String toString() {
        return space.name() + " on " + unit.name();
    }
}
