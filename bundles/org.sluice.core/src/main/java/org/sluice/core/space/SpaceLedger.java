package org.sluice.core.space;

import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CopyOnWriteArrayList;
import org.sluice.api.IommuException;
import org.sluice.api.SpaceState;
import org.sluice.api.Topics;
import org.sluice.spi.driver.ContextRecord;
import org.sluice.spi.driver.SpaceInvalidation;
import org.sluice.spi.driver.TranslationContext;
import org.sluice.spi.pgtable.PageTable;
import org.sluice.spi.pgtable.PageTableConfig;
import org.sluice.spi.pgtable.PageTableFormat;

/**
 * What the core knows of a space beyond the objects of bundles of the moment: its {@link TableSide} and {@link HardwareSide}s.
 * Every method is called under the lock of the board; none under the gate.
 *
 * <p>The table and the context of each IOMMU come and go one by one, because their bundles do; the space is open while all are
 * there.
 */
public final class SpaceLedger {
    private final Space space;
    private final SpaceTables tables;
    private final TableSide table;
    private final HardwareSide home;
    private final List<HardwareSide> sides = new CopyOnWriteArrayList<>();
    private boolean drained = true;

    SpaceLedger(Space space, Translator home, SpaceTables tables) {
        this.space = space;
        this.tables = tables;
        this.table = new TableSide(space);
        this.home = new HardwareSide(space, home, tables.installed(), true);
        sides.add(this.home);
    }

    /**
     * Makes the page table and opens the space.
     *
     * @param format of a bundle
     * @param provider that bundle's service
     * @param wanted configuration
     * @param hardware the context that walks it
     * @throws IommuException of the format or the driver; nothing stays allocated
     */
    public void create(PageTableFormat format, long provider, PageTableConfig wanted, TranslationContext hardware) {
        createTable(format, provider, wanted, hardware);
        open();
    }

    /**
     * Makes the page table; {@link #open} follows when the space may be used.
     *
     * @param format of a bundle
     * @param provider that bundle's service
     * @param wanted configuration
     * @param hardware the context that walks it
     * @throws IommuException of the format or the driver; nothing stays allocated
     */
    public void createTable(
            PageTableFormat format, long provider, PageTableConfig wanted, TranslationContext hardware) {
        tables.serve(hardware);
        PageTable made = format.create(wanted, tables);
        try {
            hardware.install(made.walkerConfig());
        } catch (RuntimeException refused) {
            made.free();
            throw refused;
        }
        table.made(made, provider);
        home.made(hardware, made.walkerConfig().root());
        space.setGeometry(made.config().pageSizes(), made.firstIova(), made.lastIova());
    }

    /**
     * Opens a space whose tables are somebody else's and which the hardware knows how to walk already.
     *
     * @param hardware the context
     */
    public void createWithoutTable(TranslationContext hardware) {
        tables.serve(hardware);
        table.made(NoTable.unknown(), TableSide.NO_PROVIDER);
        home.made(hardware, 0);
        open();
    }

    /**
     * Lets another IOMMU walk the tables. The side is not active yet, and no IOMMU knows of it; its context is configured like
     * that at home.
     *
     * @param unit the IOMMU
     * @param hardware a context of its driver
     * @return the side
     * @throws IommuException of the driver; nothing was changed
     */
    public HardwareSide join(Translator unit, TranslationContext hardware) {
        hardware.install(record().walker());
        HardwareSide side = new HardwareSide(space, unit, new Installed(), false);
        side.made(hardware, root());
        sides.add(side);
        unit.sides().add(side);
        return side;
    }

    /** Opens the space, or opens it anew, if table and contexts are all there and it was not revoked. */
    public void open() {
        if (!table.isThere() || !isLive()) {
            return;
        }
        if (sides.stream().anyMatch(side -> side.isActive() && side.context() == null)) {
            return;
        }
        table.opened();
        sides.forEach(HardwareSide::opened);
        SpaceInvalidation hardware = EveryUnit.of(contexts());
        tables.serve(hardware);
        space.publish(new Binding(table.table(), hardware));
    }

    /** The contexts that invalidations reach, of drivers that are there. */
    List<TranslationContext> contexts() {
        return sides.stream()
                .filter(HardwareSide::isActive)
                .map(HardwareSide::context)
                .filter(Objects::nonNull)
                .toList();
    }

    /** Says who is waited for now, if the space is still not whole. */
    void stayClosed() {
        Hold other = table.hold();
        for (HardwareSide side : sides) {
            other = other == null && side.isActive() ? side.hold() : other;
        }
        if (other != null && isLive()) {
            space.close(other);
        }
    }

    /**
     * Takes the space away from its client: no operation begins any more, and those in flight have left when this returns
     * (else {@link #drainAgain} must succeed before anything is freed).
     *
     * @param why in words
     */
    public void revoke(String why) {
        if (isLive()) {
            space.revoke(why);
            space.commons().events().post(Topics.REVOKED, () -> Map.of("space", space.name(), "reason", why));
            if (space.commons().watch().isOn()) {
                space.commons().watch().ended(this, space.name());
            }
            drained &= space.commons().gate().drain(space.commons().drainTimeoutNanos());
        }
    }

    /** Notes whether a drain saw every operation leave. */
    void drained(boolean quiet) {
        drained &= quiet;
    }

    /**
     * Waits again for operations that an earlier drain did not see leave.
     *
     * @return whether all have left
     */
    public boolean drainAgain() {
        if (!drained) {
            drained = space.commons().gate().drain(space.commons().drainTimeoutNanos());
        }
        return drained;
    }

    /**
     * Says whether devices use it.
     *
     * @param attached at least one does
     */
    public void attached(boolean attached) {
        if (isLive()) {
            space.setState(attached ? SpaceState.ATTACHED : SpaceState.PREPARED);
        }
    }

    /** Frees the tables. No device and no operation uses them any more. */
    public void free() {
        space.debt().abandon();
        table.free();
        sides.forEach(HardwareSide::gone);
        sides.clear();
        tables.serve(null);
        space.setState(SpaceState.FREED);
    }

    /**
     * Whether its client can still use it.
     *
     * @return false once revoked
     */
    public boolean isLive() {
        return space.state() == SpaceState.PREPARED || space.state() == SpaceState.ATTACHED;
    }

    /**
     * Whether the table and the contexts of all IOMMUs are there.
     *
     * @return false while a bundle is missing
     */
    public boolean isWhole() {
        return table.isThere() && sides.stream().allMatch(side -> side.context() != null);
    }

    /**
     * Its page table.
     *
     * @return the same for the life of the space
     */
    public TableSide table() {
        return table;
    }

    /**
     * The side of the IOMMU where it was made.
     *
     * @return the same for the life of the space
     */
    public HardwareSide home() {
        return home;
    }

    /**
     * The sides of all IOMMUs, that at home first.
     *
     * @return a live list; empty once it was freed
     */
    public List<HardwareSide> sides() {
        return sides;
    }

    /**
     * The side of one IOMMU.
     *
     * @param unit the IOMMU
     * @return null if it has none
     */
    public HardwareSide side(Translator unit) {
        for (HardwareSide side : sides) {
            if (side.unit() == unit) {
                return side;
            }
        }
        return null;
    }

    /**
     * The context at home.
     *
     * @return null while the driver is missing
     */
    public TranslationContext context() {
        return home.context();
    }

    /**
     * The context at home in contract types.
     *
     * @return as installed
     */
    public ContextRecord record() {
        return home.record();
    }

    /**
     * Whether the hardware marks what devices write.
     *
     * @return as it was asked for; constant
     */
    public boolean tracksDirty() {
        ContextRecord record = record();
        return record != null && record.request().dirtyTracking();
    }

    /**
     * Top table.
     *
     * @return physical address in bytes
     */
    public long root() {
        return tables.installed().root();
    }

    /**
     * Memory of its tables.
     *
     * @return bytes
     */
    public long tableBytes() {
        return tables.bytes();
    }

    /**
     * What all spaces share.
     *
     * @return the same for the life of the platform
     */
    public Commons commons() {
        return space.commons();
    }
}
