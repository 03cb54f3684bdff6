package org.sluice.pgtable.x86;

import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.spi.pgtable.PageTable;
import org.sluice.spi.pgtable.PageTableConfig;
import org.sluice.spi.pgtable.PageTableFormat;
import org.sluice.spi.pgtable.RadixTable;
import org.sluice.spi.pgtable.TableHost;

/**
 * What the two formats share. Stateless; any thread may call it.
 *
 * <p>Input and output sizes above what the format can carry are narrowed to it, and page sizes to 4K, 2M and 1G; {@link
 * PageTable#config()} says what came out. The input size decides how many levels there are.
 */
abstract class RadixFormat implements PageTableFormat {
    /** Leaves above this do not exist, whatever the levels. */
    private static final long LEAF_SIZES = 1L << 12 | 1L << 21 | 1L << 30;

    private static final int MOST_LEVELS = 5;
    private static final int MOST_INPUT_BITS = width(MOST_LEVELS);
    private static final int MOST_OUTPUT_BITS = 52;

    private final String name;
    private final int leastLevels;
    private final int quirks;
    private final EntryCode code;
    private final boolean canonical;

    /**
     * A format.
     *
     * @param leastLevels levels that it has at least
     * @param quirks those that it knows
     * @param canonical whether IOVAs of full width are sign-extended
     */
    RadixFormat(String name, int leastLevels, int quirks, EntryCode code, boolean canonical) {
        this.name = name;
        this.leastLevels = leastLevels;
        this.quirks = quirks;
        this.code = code;
        this.canonical = canonical;
    }

    /** What the bits of a leaf grant. */
    abstract LeafAttributes attributes(PageTableConfig config);

    /** How the hardware is told the number of levels. */
    abstract int mode(int levels);

    @Override
    public final String name() {
        return name;
    }

    @Override
    public final PageTable create(PageTableConfig config, TableHost host) {
        PageTableConfig narrowed = narrow(config);
        return over(Tables.allocate(host, lastPaddr(narrowed)), narrowed, host);
    }

    @Override
    public final PageTable adopt(PageTableConfig config, long root, TableHost host) {
        PageTableConfig narrowed = narrow(config);
        if ((root & Level.TABLE_BYTES - 1) != 0
                || Long.compareUnsigned(root, lastPaddr(narrowed)) > 0
                || !host.memory().contains(root, Level.TABLE_BYTES)) {
            throw new IommuException(
                    Errno.EINVAL,
                    String.format("root 0x%x is not 0x%x bytes of memory, aligned to that", root, Level.TABLE_BYTES));
        }
        RadixPageTable table = over(root, narrowed, host);
        table.checkAdopted();
        return table;
    }

    private RadixPageTable over(long root, PageTableConfig config, TableHost host) {
        Geometry geometry = geometry(config.inputBits());
        int levels = geometry.levelCount();
        Tables tables = new Tables(geometry, code, lastPaddr(config), root, host);
        return new RadixPageTable(config, tables, attributes(config), new RadixTable(root, levels, mode(levels)));
    }

    private Geometry geometry(int inputBits) {
        int levels = leastLevels;
        while (width(levels) < inputBits) {
            levels++;
        }
        return new Geometry(levels, inputBits, canonical);
    }

    private static int width(int levels) {
        return Level.PAGE_SHIFT + levels * Level.INDEX_BITS;
    }

    private PageTableConfig narrow(PageTableConfig config) {
        if (!name.equals(config.format())) {
            throw new IommuException(Errno.EINVAL, "format " + config.format() + " is not " + name);
        }
        if ((config.quirks() & ~quirks) != 0) {
            throw new IommuException(
                    Errno.EINVAL, String.format("quirks 0x%x: %s knows 0x%x", config.quirks(), name, quirks));
        }
        int inputBits = narrow("input", config.inputBits(), MOST_INPUT_BITS);
        int outputBits = narrow("output", config.outputBits(), MOST_OUTPUT_BITS);
        if ((config.pageSizes() & Level.TABLE_BYTES) == 0) {
            throw new IommuException(
                    Errno.EINVAL, String.format("page sizes 0x%x lack 4K, which %s needs", config.pageSizes(), name));
        }
        long most = geometry(inputBits).rangeBytes();
        long sizes = config.pageSizes() & LEAF_SIZES & (most << 1) - 1;
        return new PageTableConfig(name, sizes, inputBits, outputBits, config.coherentWalk(), config.quirks());
    }

    private static int narrow(String what, int bits, int most) {
        if (bits <= Level.PAGE_SHIFT) {
            throw new IommuException(
                    Errno.EINVAL, what + " addresses of " + bits + " bits: a page alone takes " + Level.PAGE_SHIFT);
        }
        return Math.min(bits, most);
    }

    private static long lastPaddr(PageTableConfig config) {
        return (1L << config.outputBits()) - 1;
    }
}
