package org.sluice.pgtable.riscv;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.sluice.pgtable.testkit.AdoptionCases;
import org.sluice.spi.pgtable.PageTableConfig;
import org.sluice.spi.pgtable.PageTableFormat;

/** Tables that are in memory already, and entries that cannot be. */
class AdoptionTest extends AdoptionCases {
    AdoptionTest() {
        super(Configs.of(Configs.SV39, 39), 64);
    }

    @Override
    protected List<PageTableConfig> each() {
        return Configs.each();
    }

    @Override
    protected PageTableFormat format(PageTableConfig config) {
        return Configs.format(config);
    }

    @Test
    void entryThatCannotBeIsRefusedWithItsAddressAndValue() {
        long middle = root + 0x1000;
        long table = root + 0x2000;
        assertRefused(root + 8, 0xfe, "neither empty nor a leaf"); // V is 0
        assertRefused(root + 8, 0x1000_0cd7L, "multiple of 0x40000000");
        assertRefused(root + 8, 0x1000_00c5L, "reserved"); // W without R
        assertRefused(root + 8, 0x8000_0000_1000_20d7L, "64K"); // N where no pages are
        assertRefused(root, pointer(0x4000_0000L), "not memory");
        assertRefused(root, pointer(middle) | 0x40, "bits of a leaf");
        assertRefused(root, pointer(root), "twice");
        host.memory().write64(root, pointer(middle));
        assertRefused(root + 8, pointer(middle), "twice");
        assertRefused(middle + 8, 0x1000_04d7L, "multiple of 0x200000");
        host.memory().write64(middle, pointer(table));
        assertRefused(table, pointer(root + 0x3000), "neither empty nor a leaf"); // a table below the last level
        assertRefused(table + 8 * 16, 0x8000_0000_1000_00d7L, "range of 64K"); // N without its size
        assertRefused(table + 8 * 16, 0x8000_0000_1000_24d7L, "range of 64K"); // size 8K, or so
        assertRefused(table + 8 * 16, 0x8000_0000_1000_20d7L, "16 equal"); // alone
        for (int i = 16; i < 32; i++) {
            host.memory().write64(table + 8L * i, 0x8000_0000_1000_20d7L);
        }
        assertRefused(table + 8 * 31, 0x8000_0000_1000_60d7L, "16 equal");
        // Hardware may mark a single entry of a range.
        host.memory().write64(table + 8 * 17, 0x8000_0000_1000_2017L);
        assertThat(adopt(Configs.of(Configs.SV39, 39), root).iovaToPhys(0x1_2345))
                .isEqualTo(0x4000_2345L);
    }

    private static long pointer(long table) {
        return table >>> 2 | 1;
    }
}
