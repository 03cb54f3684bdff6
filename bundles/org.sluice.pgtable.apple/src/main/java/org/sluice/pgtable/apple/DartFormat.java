package org.sluice.pgtable.apple;

import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.spi.pgtable.PageTable;
import org.sluice.spi.pgtable.PageTableConfig;
import org.sluice.spi.pgtable.Quirk;
import org.sluice.spi.pgtable.TableHost;

/** What both formats do; only the dialect differs. Stateless; any thread may call it. */
final class DartFormat {
    private static final int SMALL_OUTPUT_BITS = 36;
    private static final int LARGE_OUTPUT_BITS = 42;

    private final Dialect dialect;

    DartFormat(Dialect dialect) {
        this.dialect = dialect;
    }

    PageTable create(PageTableConfig config, TableHost host) {
        PageTableConfig narrowed = narrow(config);
        Geometry geometry = geometry(narrowed);
        long bytes = geometry.tops * geometry.tableBytes();
        long root = host.allocateTable(bytes, bytes, lastPaddr(narrowed));
        return new DartTable(narrowed, new Tables(dialect, geometry, root, lastPaddr(narrowed), host));
    }

    PageTable adopt(PageTableConfig config, long root, TableHost host) {
        PageTableConfig narrowed = narrow(config);
        Geometry geometry = geometry(narrowed);
        long bytes = geometry.tops * geometry.tableBytes();
        if ((root & bytes - 1) != 0
                || Long.compareUnsigned(root, lastPaddr(narrowed)) > 0
                || !host.memory().contains(root, bytes)) {
            throw new IommuException(
                    Errno.EINVAL, String.format("root 0x%x is not 0x%x bytes of memory, aligned to that", root, bytes));
        }
        Tables tables = new Tables(dialect, geometry, root, lastPaddr(narrowed), host);
        new Adoption(tables, (1L << narrowed.inputBits()) - 1, lastPaddr(narrowed)).check();
        return new DartTable(narrowed, tables);
    }

    private PageTableConfig narrow(PageTableConfig config) {
        String name = dialect.format();
        if (!name.equals(config.format())) {
            throw invalid("format " + config.format() + " is not " + name);
        }
        if ((config.quirks() & ~Quirk.NO_WARN) != 0) {
            throw invalid(String.format("quirks 0x%x: %s knows 0x%x", config.quirks(), name, Quirk.NO_WARN));
        }
        if (!config.coherentWalk()) {
            throw invalid("walks that are not coherent: those of " + name + " are");
        }
        if (config.outputBits() != SMALL_OUTPUT_BITS && config.outputBits() != LARGE_OUTPUT_BITS) {
            throw invalid("output addresses of " + config.outputBits() + " bits: they have 36 or 42");
        }
        if (config.inputBits() > config.outputBits()) {
            throw invalid("input addresses of " + config.inputBits() + " bits: not more than the " + config.outputBits()
                    + " of output addresses");
        }
        long size = config.pageSizes();
        boolean known = size == 1L << Pages.SHIFT_4K || size == 1L << Pages.SHIFT_16K;
        if (!known || size < 1L << dialect.smallestPageShift()) {
            throw invalid(String.format(
                    "page sizes 0x%x: %s has one, %s",
                    size, name, dialect.smallestPageShift() == Pages.SHIFT_4K ? "4K or 16K" : "16K"));
        }
        geometry(config);
        return new PageTableConfig(
                name,
                size,
                config.inputBits(),
                Math.min(config.outputBits(), dialect.addressBits()),
                true,
                config.quirks());
    }

    private static Geometry geometry(PageTableConfig config) {
        return new Geometry(Long.numberOfTrailingZeros(config.pageSizes()), config.inputBits());
    }

    private static long lastPaddr(PageTableConfig narrowed) {
        return (1L << narrowed.outputBits()) - 1;
    }

    private static IommuException invalid(String message) {
        return new IommuException(Errno.EINVAL, message);
    }
}
