package org.sluice.pgtable.arm;

import org.osgi.service.component.annotations.Component;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.spi.pgtable.ArmShort;
import org.sluice.spi.pgtable.PageTable;
import org.sluice.spi.pgtable.PageTableConfig;
import org.sluice.spi.pgtable.PageTableFormat;
import org.sluice.spi.pgtable.Quirk;
import org.sluice.spi.pgtable.TableHost;
import org.sluice.vmsa.arch.Cacheability;
import org.sluice.vmsa.arch.NmrrShort;
import org.sluice.vmsa.arch.PrrrShort;
import org.sluice.vmsa.arch.TtbrShort;

/**
 * The short descriptors of ARMv7: ARM_V7S of Linux's io-pgtable (linux-iommu.md section 2.3). Stateless; any thread may
 * call it.
 */
@Component(
        immediate = true,
        service = PageTableFormat.class,
        property = PageTableFormat.FORMAT + "=" + ShortFormat.NAME)
public final class ShortFormat implements PageTableFormat {
    static final String NAME = "ARM_V7S";

    private static final int QUIRKS =
            Quirk.ARM_NS | Quirk.NO_PERMS | Quirk.ARM_MTK_EXT | Quirk.ARM_MTK_TTBR_EXT | Quirk.NO_WARN;

    private static final int BITS = 32;
    private static final Limits PLAIN = new Limits(BITS, BITS, ShortSize.ALL);
    private static final Limits MEDIATEK = new Limits(34, 35, ShortSize.ALL);

    /** Type 1 device, 4 normal and not cached, 7 normal and cached: what TEX, C and B of a leaf choose. */
    private static final int PRRR = (int) (PrrrShort.TR1_DEVICE << PrrrShort.TR1_LSB
            | PrrrShort.TR4_NORMAL << PrrrShort.TR4_LSB
            | PrrrShort.TR7_NORMAL << PrrrShort.TR7_LSB
            | PrrrShort.DS0_MASK
            | PrrrShort.DS1_MASK
            | PrrrShort.NS1_MASK
            | PrrrShort.NOS7_MASK);

    private static final int NMRR =
            (int) (Cacheability.WBWA << NmrrShort.IR7_LSB | Cacheability.WBWA << NmrrShort.OR7_LSB);

    /** Made by the component runtime, or by a test. */
    public ShortFormat() {}

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public PageTable create(PageTableConfig config, TableHost host) {
        PageTableConfig narrowed = narrow(config);
        long bytes = rootBytes(narrowed);
        return over(host.allocateTable(bytes, bytes, lastTable(narrowed)), narrowed, host);
    }

    @Override
    public PageTable adopt(PageTableConfig config, long root, TableHost host) {
        PageTableConfig narrowed = narrow(config);
        long bytes = rootBytes(narrowed);
        if ((root & bytes - 1) != 0
                || Long.compareUnsigned(root, lastTable(narrowed)) > 0
                || !host.memory().contains(root, bytes)) {
            throw new IommuException(
                    Errno.EINVAL,
                    String.format(
                            "root 0x%x is not 0x%x bytes of memory up to 0x%x, aligned to that",
                            root, bytes, lastTable(narrowed)));
        }
        ShortTable table = over(root, narrowed, host);
        table.checkAdopted();
        return table;
    }

    private static ShortTable over(long root, PageTableConfig config, TableHost host) {
        ShortTables tables = new ShortTables(
                root, (int) (rootBytes(config) / 4), new ShortDescriptors(config), lastTable(config), host);
        return new ShortTable(config, tables, new ArmShort(root, ttbr(root, config), 0, NMRR, PRRR));
    }

    private static PageTableConfig narrow(PageTableConfig config) {
        if (!NAME.equals(config.format())) {
            throw new IommuException(Errno.EINVAL, "format " + config.format() + " is not " + NAME);
        }
        if ((config.quirks() & ~QUIRKS) != 0) {
            throw new IommuException(
                    Errno.EINVAL, String.format("quirks 0x%x: %s knows 0x%x", config.quirks(), NAME, QUIRKS));
        }
        boolean mediatek = config.has(Quirk.ARM_MTK_EXT);
        if (mediatek && !config.has(Quirk.NO_PERMS)) {
            throw new IommuException(
                    Errno.EINVAL, "quirk ARM_MTK_EXT needs NO_PERMS: address bits stand where permissions do");
        }
        if (config.has(Quirk.ARM_MTK_TTBR_EXT) && !mediatek) {
            throw new IommuException(Errno.EINVAL, "quirk ARM_MTK_TTBR_EXT needs ARM_MTK_EXT");
        }
        (mediatek ? MEDIATEK : PLAIN).check(NAME, config);
        int bits = Math.min(config.inputBits(), config.outputBits());
        long sizes = bits < ShortSize.PAGE.shift ? 0 : config.pageSizes() & ShortSize.ALL & (2L << bits) - 1;
        if (sizes == 0) {
            throw new IommuException(
                    Errno.EINVAL,
                    String.format(
                            "page sizes 0x%x with addresses of %d bits: there are 4K, 64K, 1M and 16M, and one must fit",
                            config.pageSizes(), bits));
        }
        return config.withPageSizes(sizes);
    }

    /** The walker indexes with 12 bits, MediaTek's with as many as IOVAs need beyond that. */
    private static long rootBytes(PageTableConfig config) {
        return 4L << Math.max(BITS, config.inputBits()) - ShortSize.FIRST_SHIFT;
    }

    private static long lastTable(PageTableConfig config) {
        int bits = config.has(Quirk.ARM_MTK_TTBR_EXT) ? config.outputBits() : Math.min(BITS, config.outputBits());
        return (1L << bits) - 1;
    }

    private static int ttbr(long root, PageTableConfig config) {
        if (config.has(Quirk.ARM_MTK_EXT)) {
            // MediaTek has no attributes there, and bits 34:32 of the root in their place.
            return (int) (root | root >>> 32);
        }
        long coherent = TtbrShort.NOS_MASK | TtbrShort.IRGN0_MASK | Cacheability.WBWA << TtbrShort.ORGN_LSB;
        return (int) (root | TtbrShort.S_MASK | (config.coherentWalk() ? coherent : 0));
    }
}
