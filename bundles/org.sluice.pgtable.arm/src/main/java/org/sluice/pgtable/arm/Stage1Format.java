package org.sluice.pgtable.arm;

import org.osgi.service.component.annotations.Component;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.spi.pgtable.ArmStage1;
import org.sluice.spi.pgtable.PageTable;
import org.sluice.spi.pgtable.PageTableConfig;
import org.sluice.spi.pgtable.PageTableFormat;
import org.sluice.spi.pgtable.Quirk;
import org.sluice.spi.pgtable.TableHost;
import org.sluice.spi.pgtable.WalkerConfig;
import org.sluice.vmsa.arch.Cacheability;
import org.sluice.vmsa.arch.Shareability;

/**
 * Stage 1 of the 64-bit long descriptors: ARM_64_LPAE_S1 of Linux's io-pgtable. Stateless; any thread may call it.
 *
 * <p>Input and output sizes above what the granule can carry are narrowed to it, and page sizes to the granule's, as Linux
 * does; {@link PageTable#config()} says what came out.
 */
@Component(immediate = true, property = PageTableFormat.FORMAT + "=" + Stage1Format.NAME)
public final class Stage1Format implements PageTableFormat {
    static final String NAME = "ARM_64_LPAE_S1";

    private static final int QUIRKS =
            Quirk.ARM_NS | Quirk.ARM_TTBR1 | Quirk.ARM_OUTER_WBWA | Quirk.ARM_HD | Quirk.NO_WARN;

    /** Made by the component runtime, or by a test. */
    public Stage1Format() {}

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public PageTable create(PageTableConfig config, TableHost host) {
        PageTableConfig narrowed = narrow(config);
        Geometry geometry = geometry(narrowed);
        long bytes = geometry.top.tableBytes();
        return over(host.allocateTable(bytes, bytes, lastPaddr(narrowed)), narrowed, geometry, host);
    }

    @Override
    public PageTable adopt(PageTableConfig config, long root, TableHost host) {
        PageTableConfig narrowed = narrow(config);
        Geometry geometry = geometry(narrowed);
        long bytes = geometry.top.tableBytes();
        if ((root & bytes - 1) != 0
                || Long.compareUnsigned(root, lastPaddr(narrowed)) > 0
                || !host.memory().contains(root, bytes)) {
            throw new IommuException(
                    Errno.EINVAL, String.format("root 0x%x is not 0x%x bytes of memory, aligned to that", root, bytes));
        }
        LpaeTable table = over(root, narrowed, geometry, host);
        table.checkAdopted();
        return table;
    }

    private static LpaeTable over(long root, PageTableConfig config, Geometry geometry, TableHost host) {
        LeafAttributes attributes = new Stage1Attributes(config);
        Tables tables = new Tables(geometry, attributes.tableAttributes(), lastPaddr(config), root, host);
        return new LpaeTable(config, tables, attributes, walkerConfig(root, config, geometry));
    }

    private static PageTableConfig narrow(PageTableConfig config) {
        if (!NAME.equals(config.format())) {
            throw new IommuException(Errno.EINVAL, "format " + config.format() + " is not " + NAME);
        }
        if ((config.quirks() & ~QUIRKS) != 0) {
            throw new IommuException(
                    Errno.EINVAL, String.format("quirks 0x%x: %s knows 0x%x", config.quirks(), NAME, QUIRKS));
        }
        if (config.coherentWalk() && config.has(Quirk.ARM_OUTER_WBWA)) {
            throw new IommuException(Errno.EINVAL, "quirk ARM_OUTER_WBWA is for walks that are not coherent");
        }
        Granule granule = Granule.choose(config.pageSizes());
        int inputBits = Math.min(config.inputBits(), granule.addressBits);
        int outputBits = Math.min(config.outputBits(), granule.addressBits);
        Geometry geometry = new Geometry(granule, inputBits);
        AddressSize.encode(outputBits);
        long sizes = 0;
        for (long left = config.pageSizes() & granule.leafSizes(outputBits); left != 0; left &= left - 1) {
            long size = Long.lowestOneBit(left);
            sizes |= geometry.ofSize(size) != null ? size : 0;
        }
        return new PageTableConfig(NAME, sizes, inputBits, outputBits, config.coherentWalk(), config.quirks());
    }

    private static Geometry geometry(PageTableConfig narrowed) {
        return new Geometry(Granule.choose(narrowed.pageSizes()), narrowed.inputBits());
    }

    private static long lastPaddr(PageTableConfig config) {
        return (1L << config.outputBits()) - 1;
    }

    private static WalkerConfig walkerConfig(long root, PageTableConfig config, Geometry geometry) {
        boolean upper = config.has(Quirk.ARM_TTBR1);
        boolean coherent = config.coherentWalk();
        long inner = coherent ? Cacheability.WBWA : Cacheability.NC;
        long outer = coherent || config.has(Quirk.ARM_OUTER_WBWA) ? Cacheability.WBWA : Cacheability.NC;
        long shareability = coherent ? Shareability.INNER_SHAREABLE : Shareability.OUTER_SHAREABLE;
        return new ArmStage1(
                root,
                64 - config.inputBits(),
                upper ? geometry.granule.tg1 : geometry.granule.tg0,
                (int) shareability,
                (int) outer,
                (int) inner,
                AddressSize.encode(config.outputBits()),
                upper,
                Stage1Attributes.MAIR);
    }
}
