package org.sluice.core.space;

import java.util.Map;
import java.util.function.Supplier;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.api.SpaceState;
import org.sluice.api.Topics;
import org.sluice.spi.driver.ContextRecord;
import org.sluice.spi.driver.TranslationContext;
import org.sluice.spi.pgtable.PageTable;
import org.sluice.spi.pgtable.PageTableConfig;
import org.sluice.spi.pgtable.PageTableFormat;
import org.sluice.spi.pgtable.TableSurvey;

/**
 * What the core knows of a space beyond the objects of bundles: contract records, so that a successor can take over, and
 * who made the table. Every method is called under the lock of the IOMMU; none under the gate.
 *
 * <p>Table and context come and go one by one, because their bundles do; the space is open while both are there.
 */
public final class SpaceLedger {
    /** Number of a service that no bundle has: nobody exchanges tables that are somebody else's. */
    public static final long NO_PROVIDER = -1;

    private final Space space;
    private final SpaceTables tables;

    private PageTable table;
    private TranslationContext context;
    private PageTableConfig config;
    private long formatProvider;
    private TableSurvey survey;
    private final Installed installed;
    private volatile Hold tableHold; // read without the lock for a status
    private Hold contextHold;
    private boolean drained = true;

    SpaceLedger(Space space, SpaceTables tables) {
        this.space = space;
        this.tables = tables;
        installed = tables.installed();
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
        context = hardware;
        config = made.config();
        formatProvider = provider;
        installed.set(made.walkerConfig().root(), hardware);
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
        context = hardware;
        config = table.config();
        formatProvider = NO_PROVIDER;
        installed.keep(hardware);
        open();
    }

    /** Opens the space if table and context are both there and it was not revoked. */
    public void open() {
        if (table != null && context != null && isLive()) {
            tableHold = null;
            contextHold = null;
            space.publish(new Binding(table, context));
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
     * Closes the space because the driver left. The caller drains afterwards.
     *
     * @param why shared by everything that the driver served
     */
    public void closeForContext(Hold why) {
        contextHold = why;
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
     * Lets go of the context, after what was queued was synced.
     *
     * @param quiet whether every operation has left
     */
    public void surrenderContext(boolean quiet) {
        drained &= quiet;
        TranslationContext leaving = context;
        installed.keep(leaving);
        context = null;
        if (quiet) {
            tables.serve(null);
        }
        if (space.debt().takeQueued()) {
            leaving.sync();
        }
    }

    /**
     * Lets a format take over the tables. Changes nothing.
     *
     * @param format of the successor
     * @return the table, to be {@link #verifyTable verified} and {@link #rebindTable bound}
     * @throws IommuException EINVAL when it refuses
     */
    public PageTable adoptTable(PageTableFormat format) {
        return format.adopt(config, installed.root(), tables);
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
        if (contextHold != null && isLive()) {
            space.close(contextHold);
        }
    }

    /**
     * Takes a context that was adopted.
     *
     * @param adopted of the successor
     */
    public void rebindContext(TranslationContext adopted) {
        context = adopted;
        tables.serve(adopted);
        contextHold = null;
        if (tableHold != null && isLive()) {
            space.close(tableHold);
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
        context = null;
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
     * Whether table and context are there.
     *
     * @return false while a bundle is missing
     */
    public boolean isWhole() {
        return table != null && context != null;
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
     * Whether the hardware marks what devices write.
     *
     * @return as it was asked for; constant
     */
    public boolean tracksDirty() {
        ContextRecord record = installed.record();
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
        return installed.root();
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
