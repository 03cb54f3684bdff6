package org.sluice.core.space;

import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Supplier;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.api.SpaceState;
import org.sluice.api.Topics;
import org.sluice.spi.driver.ContextRecord;
import org.sluice.spi.driver.SpaceInvalidation;
import org.sluice.spi.driver.TranslationContext;
import org.sluice.spi.pgtable.PageTable;
import org.sluice.spi.pgtable.PageTableConfig;
import org.sluice.spi.pgtable.PageTableFormat;
import org.sluice.spi.pgtable.TableSurvey;

/**
 * What the core knows of a space beyond the objects of bundles: contract records, so that a successor can take over, and
 * who made the table. Every method is called under the lock of the board; none under the gate.
 *
 * <p>The table and the context of each IOMMU come and go one by one, because their bundles do; the space is open while all are
 * there.
 */
public final class SpaceLedger {
    /** Number of a service that no bundle has: nobody exchanges tables that are somebody else's. */
    public static final long NO_PROVIDER = -1;

    private final Space space;
    private final SpaceTables tables;

    private final HardwareSide home;
    private final List<HardwareSide> sides = new CopyOnWriteArrayList<>();
    private PageTable table;
    private PageTableConfig config;
    private long formatProvider;
    private TableSurvey survey;
    private volatile Hold tableHold; // read without the lock for a status
    private boolean drained = true;

    SpaceLedger(Space space, Translator home, SpaceTables tables) {
        this.space = space;
        this.tables = tables;
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
        table = made;
        config = made.config();
        formatProvider = provider;
        home.made(hardware, made.walkerConfig().root());
        space.setGeometry(config.pageSizes(), made.firstIova(), made.lastIova());
    }

    /**
     * Opens a space whose tables are somebody else's and which the hardware knows how to walk already.
     *
     * @param hardware the context
     */
    public void createWithoutTable(TranslationContext hardware) {
        tables.serve(hardware);
        table = NoTable.unknown();
        config = table.config();
        formatProvider = NO_PROVIDER;
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
        if (table == null || !isLive()) {
            return;
        }
        if (sides.stream().anyMatch(side -> side.isActive() && side.context() == null)) {
            return;
        }
        tableHold = null;
        sides.forEach(HardwareSide::opened);
        SpaceInvalidation hardware = EveryUnit.of(contexts());
        tables.serve(hardware);
        space.publish(new Binding(table, hardware));
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
        Hold other = tableHold;
        for (HardwareSide side : sides) {
            other = other == null && side.isActive() ? side.hold() : other;
        }
        if (other != null && isLive()) {
            space.close(other);
        }
    }

    /**
     * Closes the space because the bundle of its page table left. The caller drains afterwards.
     *
     * @param why shared by everything that the bundle served
     */
    public void closeForTable(Hold why) {
        tableHold = why;
        space.close(why);
    }

    /**
     * Lets go of the page table; its content is surveyed while its code is still there.
     *
     * @param quiet whether every operation has left, so that the survey is exact
     */
    public void surrenderTable(boolean quiet) {
        drained &= quiet;
        survey = quiet ? table.survey() : null;
        table = null;
    }

    /**
     * Lets a format take over the tables. Changes nothing.
     *
     * @param format of the successor
     * @return the table, to be {@link #verifyTable verified} and {@link #rebindTable bound}
     * @throws IommuException EINVAL when it refuses
     */
    public PageTable adoptTable(PageTableFormat format) {
        return format.adopt(config, root(), tables);
    }

    /**
     * Compares what a successor sees with what the predecessor saw last.
     *
     * @param adopted by {@link #adoptTable}
     * @return leaves
     * @throws IommuException EINVAL when it sees something else
     */
    public long verifyTable(PageTable adopted) {
        require(
                adopted.firstIova() == space.firstIova() && adopted.lastIova() == space.lastIova(),
                () -> String.format(
                        "successor maps [0x%x, 0x%x], predecessor mapped [0x%x, 0x%x]",
                        adopted.firstIova(), adopted.lastIova(), space.firstIova(), space.lastIova()));
        long sizes = adopted.config().pageSizes();
        require(
                sizes == space.pageSizes(),
                () -> String.format("successor has page sizes 0x%x, predecessor had 0x%x", sizes, space.pageSizes()));
        TableSurvey seen = adopted.survey();
        require(
                survey == null || seen.equals(survey),
                () -> String.format("successor sees %s, predecessor saw %s", seen, survey));
        return seen.leaves();
    }

    private void require(boolean agrees, Supplier<String> difference) {
        if (!agrees) {
            throw new IommuException(Errno.EINVAL, space.name() + ": " + difference.get());
        }
    }

    /**
     * Takes a table that was adopted.
     *
     * @param adopted by {@link #adoptTable}
     * @param provider its service
     */
    public void rebindTable(PageTable adopted, long provider) {
        table = adopted;
        formatProvider = provider;
        survey = null;
        tableHold = null;
        stayClosed();
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
        table = null;
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
        return table != null && sides.stream().allMatch(side -> side.context() != null);
    }

    /**
     * Whether the page table is there.
     *
     * @return false while its format is missing
     */
    public boolean hasTable() {
        return table != null;
    }

    /**
     * Why the table is missing.
     *
     * @return the hold, or null
     */
    public Hold tableHold() {
        return tableHold;
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
     * What the table was made with.
     *
     * @return the configuration
     */
    public PageTableConfig config() {
        return config;
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
     * The page table's format.
     *
     * @return name as Linux has it
     */
    public String format() {
        return config.format();
    }

    /**
     * Service that made or adopted the page table.
     *
     * @return number in the registry
     */
    public long formatProvider() {
        return formatProvider;
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
