package org.sluice.pgtable.radix;

import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.spi.pgtable.PageTable;
import org.sluice.spi.pgtable.PageTableConfig;
import org.sluice.spi.pgtable.PageTableFormat;
import org.sluice.spi.pgtable.Quirk;
import org.sluice.spi.pgtable.RadixTable;
import org.sluice.spi.pgtable.TableHost;

/**
 * A format of radix trees. Stateless; any thread may call it.
 *
 * <p>Input and output sizes above what the format can carry are narrowed to it, and page sizes to those that it has; {@link
 * PageTable#config()} says what came out. The input size decides how many levels there are. Where IOVAs of full width are
 * sign-extended there are two halves then with a hole between them; whoever allocates IOVAs from one range asks for a bit
 * less. With {@link Quirk#HARDWARE_AD} tables are {@link org.sluice.spi.pgtable.DirtyTracking}.
 */
public abstract class RadixFormat implements PageTableFormat {
    private final String name;
    private final int leastLevels;
    private final int mostLevels;
    private final int mostOutputBits;
    private final int quirks;
    private final EntryCode code;
    private final boolean canonical;

    /**
     * A format.
     *
     * @param name as Linux has it
     * @param leastLevels levels that its trees have at least
     * @param mostLevels levels that they have at most
     * @param mostOutputBits width of the addresses in its entries
     * @param quirks those that it knows beside NO_WARN and HARDWARE_AD
     * @param code of its entries
     * @param canonical whether IOVAs of full width are sign-extended
     */
    protected RadixFormat(
            String name,
            int leastLevels,
            int mostLevels,
            int mostOutputBits,
            int quirks,
            EntryCode code,
            boolean canonical) {
        this.name = name;
        this.leastLevels = leastLevels;
        this.mostLevels = mostLevels;
        this.mostOutputBits = mostOutputBits;
        this.quirks = quirks | Quirk.NO_WARN | Quirk.HARDWARE_AD;
        this.code = code;
        this.canonical = canonical;
    }

    /**
     * What the bits of a leaf grant.
     *
     * @param config as narrowed
     * @return for one page table
     */
    protected abstract LeafAttributes attributes(PageTableConfig config);

    /**
     * How the hardware is told the number of levels.
     *
     * @param levels of tables
     * @return mode of the {@link RadixTable}
     */
    protected abstract int mode(int levels);

    /**
     * Sizes that leaves can have in a tree.
     *
     * @param levels of tables
     * @return bitmap of bytes
     */
    protected abstract long leafSizes(int levels);

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
        RadixTable walker = new RadixTable(root, levels, mode(levels));
        return config.has(Quirk.HARDWARE_AD)
                ? new TrackedPageTable(config, tables, attributes(config), walker)
                : new RadixPageTable(config, tables, attributes(config), walker);
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
        int inputBits = narrow("input", config.inputBits(), width(mostLevels));
        int outputBits = narrow("output", config.outputBits(), mostOutputBits);
        if ((config.pageSizes() & Level.TABLE_BYTES) == 0) {
            throw new IommuException(
                    Errno.EINVAL, String.format("page sizes 0x%x lack 4K, which %s needs", config.pageSizes(), name));
        }
        Geometry geometry = geometry(inputBits);
        long sizes = config.pageSizes() & leafSizes(geometry.levelCount()) & (geometry.rangeBytes() << 1) - 1;
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
