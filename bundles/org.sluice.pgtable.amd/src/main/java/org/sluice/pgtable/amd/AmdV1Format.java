package org.sluice.pgtable.amd;

import org.osgi.service.component.annotations.Component;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.spi.pgtable.PageTable;
import org.sluice.spi.pgtable.PageTableConfig;
import org.sluice.spi.pgtable.PageTableFormat;
import org.sluice.spi.pgtable.Quirk;
import org.sluice.spi.pgtable.TableHost;

/**
 * AMD IOMMU v1 page tables: Linux's AMD_V1. Stateless; any thread may call it.
 *
 * <p>Output addresses above 52 bits are narrowed to that, and page sizes to the powers of two from 4K that both addresses
 * have room for; {@link PageTable#config()} says what came out. No bit depends on the coherence of walks.
 */
@Component(immediate = true, property = PageTableFormat.FORMAT + "=" + AmdV1Format.NAME)
public final class AmdV1Format implements PageTableFormat {
    static final String NAME = "AMD_V1";

    private static final int MOST_INPUT_BITS = 64;
    private static final int MOST_OUTPUT_BITS = 52;

    /** Made by the component runtime, or by a test. */
    public AmdV1Format() {}

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public PageTable create(PageTableConfig config, TableHost host) {
        PageTableConfig narrowed = narrow(config);
        long last = lastPaddr(narrowed);
        long root = host.allocateTable(Level.TABLE_BYTES, Level.TABLE_BYTES, last);
        return new AmdTable(narrowed, new Tables(root, Tables.FIRST_LEVELS, last, host));
    }

    @Override
    public PageTable adopt(PageTableConfig config, long root, TableHost host) {
        PageTableConfig narrowed = narrow(config);
        long last = lastPaddr(narrowed);
        if ((root & Level.TABLE_BYTES - 1) != 0
                || Long.compareUnsigned(root, last) > 0
                || !host.memory().contains(root, Level.TABLE_BYTES)) {
            throw new IommuException(
                    Errno.EINVAL,
                    String.format("root 0x%x is not 0x%x bytes of memory, aligned to that", root, Level.TABLE_BYTES));
        }
        int levels = new Adoption(host.memory(), narrowed.pageSizes(), last).check(root);
        return new AmdTable(narrowed, new Tables(root, levels, last, host));
    }

    private static PageTableConfig narrow(PageTableConfig config) {
        if (!NAME.equals(config.format())) {
            throw new IommuException(Errno.EINVAL, "format " + config.format() + " is not " + NAME);
        }
        if ((config.quirks() & ~Quirk.NO_WARN) != 0) {
            throw new IommuException(
                    Errno.EINVAL, String.format("quirks 0x%x: %s knows 0x%x", config.quirks(), NAME, Quirk.NO_WARN));
        }
        if (config.inputBits() <= Level.PAGE_SHIFT || config.inputBits() > MOST_INPUT_BITS) {
            throw new IommuException(
                    Errno.EINVAL, "input addresses of " + config.inputBits() + " bits: they have 13 to 64");
        }
        if (config.outputBits() <= Level.PAGE_SHIFT) {
            throw new IommuException(
                    Errno.EINVAL, "output addresses of " + config.outputBits() + " bits: they have 13 to 52");
        }
        int outputBits = Math.min(config.outputBits(), MOST_OUTPUT_BITS);
        int largest = Math.min(outputBits, config.inputBits() - 1);
        long sizes = config.pageSizes() & (1L << largest + 1) - (1L << Level.PAGE_SHIFT);
        if (sizes == 0) {
            throw new IommuException(
                    Errno.EINVAL,
                    String.format("page sizes 0x%x: none is from 4K to 2^%d", config.pageSizes(), largest));
        }
        return new PageTableConfig(NAME, sizes, config.inputBits(), outputBits, config.coherentWalk(), config.quirks());
    }

    private static long lastPaddr(PageTableConfig narrowed) {
        return -1L >>> Long.SIZE - narrowed.outputBits();
    }
}
