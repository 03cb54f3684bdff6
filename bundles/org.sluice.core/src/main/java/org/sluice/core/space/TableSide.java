package org.sluice.core.space;

import java.util.function.Supplier;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.spi.pgtable.PageTable;
import org.sluice.spi.pgtable.PageTableConfig;
import org.sluice.spi.pgtable.PageTableFormat;
import org.sluice.spi.pgtable.TableSurvey;

/**
 * The page table of a space: the object of a format bundle, who made it, and what a successor of the format begins with. Every
 * method is called under the lock of the board; none under the gate.
 */
public final class TableSide {
    /** Number of a service that no bundle has: nobody exchanges tables that are somebody else's. */
    public static final long NO_PROVIDER = -1;

    private final Space space;
    private PageTable table; // null while the format is missing
    private PageTableConfig config;
    private long provider;
    private TableSurvey survey;
    private volatile Hold hold; // read without the lock for a status

    TableSide(Space space) {
        this.space = space;
    }

    /** Takes the table with which the space was made. */
    void made(PageTable fresh, long by) {
        table = fresh;
        config = fresh.config();
        provider = by;
    }

    PageTable table() {
        return table;
    }

    /**
     * Whether it is there.
     *
     * @return false while its format is missing
     */
    public boolean isThere() {
        return table != null;
    }

    /**
     * Why it is missing.
     *
     * @return the hold, or null
     */
    public Hold hold() {
        return hold;
    }

    /**
     * What it was made with.
     *
     * @return the configuration
     */
    public PageTableConfig config() {
        return config;
    }

    /**
     * Its format.
     *
     * @return name as Linux has it
     */
    public String format() {
        return config.format();
    }

    /**
     * Service that made or adopted it.
     *
     * @return number in the registry
     */
    public long provider() {
        return provider;
    }

    /**
     * Closes the space because the bundle of the format left. The caller drains afterwards.
     *
     * @param why shared by everything that the bundle served
     */
    public void close(Hold why) {
        hold = why;
        space.close(why);
    }

    void opened() {
        hold = null;
    }

    /**
     * Lets go of the table; its content is surveyed while its code is still there.
     *
     * @param quiet whether every operation has left, so that the survey is exact
     */
    public void surrender(boolean quiet) {
        space.ledger().drained(quiet);
        survey = quiet ? table.survey() : null;
        table = null;
    }

    /**
     * Lets a format take over the tables. Changes nothing.
     *
     * @param format of the successor
     * @return the table, to be {@link #verify verified} and {@link #rebind bound}
     * @throws IommuException EINVAL when it refuses
     */
    public PageTable adopt(PageTableFormat format) {
        return format.adopt(config, space.ledger().root(), space.tables());
    }

    /**
     * Compares what a successor sees with what the predecessor saw last.
     *
     * @param adopted by {@link #adopt}
     * @return leaves
     * @throws IommuException EINVAL when it sees something else
     */
    public long verify(PageTable adopted) {
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
     * Takes a table that was adopted; {@link SpaceLedger#open} follows.
     *
     * @param adopted by {@link #adopt}
     * @param by its service
     */
    public void rebind(PageTable adopted, long by) {
        table = adopted;
        provider = by;
        survey = null;
        hold = null;
        space.ledger().stayClosed();
    }

    void free() {
        table.free();
        table = null;
    }
}
