package org.sluice.pgtable.arm;

import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.spi.pgtable.PageTable;
import org.sluice.spi.pgtable.PageTableConfig;
import org.sluice.spi.pgtable.PageTableFormat;
import org.sluice.spi.pgtable.Quirk;
import org.sluice.spi.pgtable.TableHost;
import org.sluice.spi.pgtable.WalkerConfig;

/**
 * What the long-descriptor formats share: how a configuration is checked and narrowed, and how a page table is made of
 * geometry, attributes and tables. A format says which geometry and attributes, and what its walker is told. Stateless;
 * any thread may call it.
 *
 * <p>Input and output sizes above what the granule can carry are narrowed to it, and page sizes to the granule's, as Linux
 * does; with ARM_CONTIGUOUS the sizes of contiguous groups are added. {@link PageTable#config()} says what came out.
 */
abstract class LpaeFormat implements PageTableFormat {
    private final String name;
    private final int quirks;
    private final Limits limits;

    /**
     * A format.
     *
     * @param name as Linux has it
     * @param quirks {@link Quirk} bits that it knows
     * @param limits what a configuration may ask for
     */
    LpaeFormat(String name, int quirks, Limits limits) {
        this.name = name;
        this.quirks = quirks;
        this.limits = limits;
    }

    /** The shape of the tree for sizes that fit the granule. */
    Geometry geometry(Granule granule, int inputBits, int outputBits) {
        return new Geometry(granule, inputBits);
    }

    /** Alignment of the top table in bytes, at least its size. */
    long rootAlignment(Geometry geometry) {
        return geometry.top.tableBytes();
    }

    /** Refuses an output size that the walker cannot be told. */
    void checkOutputBits(int bits) {
        AddressSize.encode(bits);
    }

    abstract LeafAttributes attributes(PageTableConfig config);

    abstract WalkerConfig walkerConfig(long root, PageTableConfig config, Geometry geometry);

    @Override
    public final String name() {
        return name;
    }

    @Override
    public final PageTable create(PageTableConfig config, TableHost host) {
        PageTableConfig narrowed = narrow(config);
        Geometry geometry = geometry(narrowed);
        long root = host.allocateTable(geometry.top.tableBytes(), rootAlignment(geometry), lastPaddr(narrowed));
        return over(root, narrowed, geometry, host);
    }

    @Override
    public final PageTable adopt(PageTableConfig config, long root, TableHost host) {
        PageTableConfig narrowed = narrow(config);
        Geometry geometry = geometry(narrowed);
        long bytes = geometry.top.tableBytes();
        if ((root & rootAlignment(geometry) - 1) != 0
                || Long.compareUnsigned(root, lastPaddr(narrowed)) > 0
                || !host.memory().contains(root, bytes)) {
            throw new IommuException(
                    Errno.EINVAL,
                    String.format(
                            "root 0x%x is not 0x%x bytes of memory, aligned to 0x%x",
                            root, bytes, rootAlignment(geometry)));
        }
        LpaeTable table = over(root, narrowed, geometry, host);
        table.checkAdopted();
        return table;
    }

    private LpaeTable over(long root, PageTableConfig config, Geometry geometry, TableHost host) {
        LeafAttributes attributes = attributes(config);
        boolean groups = config.has(Quirk.ARM_CONTIGUOUS);
        Tables tables = new Tables(geometry, attributes.tableAttributes(), lastPaddr(config), groups, root, host);
        return table(config, tables, attributes, walkerConfig(root, config, geometry));
    }

    /** The table, with the abilities that the format has. */
    LpaeTable table(PageTableConfig config, Tables tables, LeafAttributes attributes, WalkerConfig walkerConfig) {
        return new LpaeTable(config, tables, attributes, walkerConfig);
    }

    private PageTableConfig narrow(PageTableConfig config) {
        check(config);
        Granule granule = Granule.choose(config.pageSizes() & limits.pageSizes(), config.has(Quirk.ARM_LPA2));
        int inputBits = Math.min(config.inputBits(), granule.addressBits);
        int outputBits = Math.min(config.outputBits(), granule.addressBits);
        Geometry geometry = geometry(granule, inputBits, outputBits);
        checkOutputBits(outputBits);
        long sizes =
                geometry.sizes(config.pageSizes() & granule.leafSizes(outputBits), config.has(Quirk.ARM_CONTIGUOUS));
        int effective = granule.isLpa2() ? config.quirks() : config.quirks() & ~Quirk.ARM_LPA2;
        return new PageTableConfig(name, sizes, inputBits, outputBits, config.coherentWalk(), effective);
    }

    private void check(PageTableConfig config) {
        if (!name.equals(config.format())) {
            throw new IommuException(Errno.EINVAL, "format " + config.format() + " is not " + name);
        }
        if ((config.quirks() & ~quirks) != 0) {
            throw new IommuException(
                    Errno.EINVAL, String.format("quirks 0x%x: %s knows 0x%x", config.quirks(), name, quirks));
        }
        if (config.coherentWalk() && config.has(Quirk.ARM_OUTER_WBWA)) {
            throw new IommuException(Errno.EINVAL, "quirk ARM_OUTER_WBWA is for walks that are not coherent");
        }
        limits.check(name, config);
    }

    private Geometry geometry(PageTableConfig narrowed) {
        Granule granule = Granule.choose(narrowed.pageSizes(), narrowed.has(Quirk.ARM_LPA2));
        return geometry(granule, narrowed.inputBits(), narrowed.outputBits());
    }

    private static long lastPaddr(PageTableConfig config) {
        return (1L << config.outputBits()) - 1;
    }
}
