package org.sluice.pgtable.riscv;

import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.spi.pgtable.PageTable;
import org.sluice.spi.pgtable.PageTableConfig;
import org.sluice.spi.pgtable.PageTableFormat;
import org.sluice.spi.pgtable.Quirk;
import org.sluice.spi.pgtable.RadixTable;
import org.sluice.spi.pgtable.TableHost;

/**
 * What the three formats share. Stateless; any thread may call it.
 *
 * <p>Input and output sizes above what the format can carry are narrowed to it, and page sizes to those that it has; {@link
 * PageTable#config()} says what came out. 64K, which needs hardware with Svnapot, is used if it is among the page sizes. With
 * the full input width of the format, IOVAs are sign-extended: there are two halves with a hole between them. Whoever
 * allocates IOVAs from one range asks for a bit less.
 */
abstract class SvFormat implements PageTableFormat {
    /** Address bits of an entry: 44 bits of page number. */
    private static final int ADDRESS_BITS = 56;

    private static final int QUIRKS = Quirk.NO_WARN;

    private final String name;
    private final int levels;
    private final long mode;

    SvFormat(String name, int levels, long mode) {
        this.name = name;
        this.levels = levels;
        this.mode = mode;
    }

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
        Tables tables = new Tables(new Geometry(levels, config.inputBits()), lastPaddr(config), root, host);
        return new RadixPageTable(config, tables, new RadixTable(root, levels, (int) mode));
    }

    private PageTableConfig narrow(PageTableConfig config) {
        if (!name.equals(config.format())) {
            throw new IommuException(Errno.EINVAL, "format " + config.format() + " is not " + name);
        }
        if ((config.quirks() & ~QUIRKS) != 0) {
            throw new IommuException(
                    Errno.EINVAL, String.format("quirks 0x%x: %s knows 0x%x", config.quirks(), name, QUIRKS));
        }
        int inputBits = narrow("input", config.inputBits(), Level.PAGE_SHIFT + levels * Level.INDEX_BITS);
        int outputBits = narrow("output", config.outputBits(), ADDRESS_BITS);
        if ((config.pageSizes() & Level.TABLE_BYTES) == 0) {
            throw new IommuException(
                    Errno.EINVAL, String.format("page sizes 0x%x lack 4K, which %s needs", config.pageSizes(), name));
        }
        long sizes = config.pageSizes() & leafSizes(new Geometry(levels, inputBits));
        return new PageTableConfig(name, sizes, inputBits, outputBits, config.coherentWalk(), config.quirks());
    }

    private static int narrow(String what, int bits, int most) {
        if (bits <= Level.PAGE_SHIFT) {
            throw new IommuException(
                    Errno.EINVAL, what + " addresses of " + bits + " bits: a page alone takes " + Level.PAGE_SHIFT);
        }
        return Math.min(bits, most);
    }

    /** A leaf may be at every level. */
    private static long leafSizes(Geometry geometry) {
        long sizes = EntryCode.GROUP_BYTES;
        for (Level level = geometry.pages; level != null; level = level.above) {
            sizes |= level.bytes();
        }
        return sizes & (geometry.rangeBytes() << 1) - 1;
    }

    private static long lastPaddr(PageTableConfig config) {
        return (1L << config.outputBits()) - 1;
    }
}
