package org.sluice.bench;

import java.util.List;
import org.sluice.pgtable.amd.AmdV1Format;
import org.sluice.pgtable.arm.MaliFormat;
import org.sluice.pgtable.arm.ShortFormat;
import org.sluice.pgtable.arm.Stage1Format;
import org.sluice.pgtable.arm.Stage2Format;
import org.sluice.pgtable.riscv.Sv48Format;
import org.sluice.pgtable.x86.FirstStageFormat;
import org.sluice.pgtable.x86.SecondStageFormat;
import org.sluice.spi.pgtable.PageTable;
import org.sluice.spi.pgtable.PageTableConfig;
import org.sluice.spi.pgtable.Quirk;
import org.sluice.spi.pgtable.TableHost;

/** The formats that benchmarks load, and the one that they measure. */
final class Formats {
    static final String MEASURED = "ARM_64_LPAE_S1";

    private static final long SIZES_4K = 1L << 12 | 1L << 21 | 1L << 30;
    private static final long SIZES_16K = 1L << 14 | 1L << 25;
    private static final long SIZES_64K = 1L << 16 | 1L << 29;

    /** What addresses above 32 bits take. */
    private static final int MEDIATEK = Quirk.NO_PERMS | Quirk.ARM_MTK_EXT;

    private Formats() {}

    /** The measured one: 4K granule, 48 bits, as the C peer's. */
    static PageTable measured(TableHost host) {
        return new Stage1Format().create(config(MEASURED, SIZES_4K, 48, 0), host);
    }

    /** Formats without a peer in C. */
    static final List<String> ALONE = List.of("AMD_V1", "X86_64", "VTDSS", "RISCV_64_SV48", "ARM_V7S");

    /** A table of a format by its name: 48 bits, or as many as it has. */
    static PageTable measured(String format, TableHost host) {
        switch (format) {
            case MEASURED:
                return measured(host);
            case "AMD_V1":
                return new AmdV1Format().create(config(format, -1L << 12, 48, 0), host);
            case "X86_64":
                // one range from 0: a bit less than sign-extended addresses have
                return new FirstStageFormat().create(config(format, SIZES_4K, 47, 0), host);
            case "VTDSS":
                return new SecondStageFormat().create(config(format, SIZES_4K, 48, 0), host);
            case "RISCV_64_SV48":
                return new Sv48Format().create(config(format, SIZES_4K | 1L << 16, 47, 0), host);
            case "ARM_V7S":
                return new ShortFormat().create(new PageTableConfig(format, 0x01111000L, 34, 35, true, MEDIATEK), host);
            default:
                throw new IllegalArgumentException("format " + format + " is not measured");
        }
    }

    /** Tables of other formats, granules and halves, that are loaded beside it. */
    static List<PageTable> neighbours(TableHost host) {
        Stage1Format stage1 = new Stage1Format();
        return List.of(
                stage1.create(config(MEASURED, SIZES_4K, 39, Quirk.ARM_TTBR1), host),
                stage1.create(config(MEASURED, SIZES_16K, 48, 0), host),
                stage1.create(config(MEASURED, SIZES_64K, 48, 0), host),
                new Stage2Format().create(config("ARM_64_LPAE_S2", SIZES_4K, 48, 0), host),
                new MaliFormat().create(config("ARM_MALI_LPAE", SIZES_4K, 40, 0), host));
    }

    private static PageTableConfig config(String format, long sizes, int bits, int quirks) {
        return new PageTableConfig(format, sizes, bits, Math.max(bits, 40), true, quirks);
    }
}
