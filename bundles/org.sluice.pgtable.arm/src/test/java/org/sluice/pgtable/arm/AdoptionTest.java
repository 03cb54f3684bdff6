package org.sluice.pgtable.arm;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.sluice.pgtable.testkit.AdoptionCases;
import org.sluice.spi.pgtable.PageTableConfig;
import org.sluice.spi.pgtable.PageTableFormat;

/** Tables that are in memory already, and entries that cannot be. */
class AdoptionTest extends AdoptionCases {
    AdoptionTest() {
        super(Configs.of(Configs.SIZES_4K), 64);
    }

    @Override
    protected List<PageTableConfig> each() {
        return Configs.each();
    }

    @Override
    protected PageTableFormat format(PageTableConfig config) {
        return Formats.of(config);
    }

    @Test
    void descriptorThatCannotBeIsRefusedWithItsAddressAndValue() {
        long table = root + 0x1000;
        assertRefused(root + 16, 0x4000_0001L, "leaves of"); // no blocks of 512G
        assertRefused(root + 8, 0xff0, "type"); // neither empty nor valid
        assertRefused(root + 8, 2, "type");
        assertRefused(root, 0x4000_0003L, "not memory");
        assertRefused(root, table | 1L << 47 | 3, "not memory");
        host.memory().write64(root, table | 3);
        assertRefused(root + 8, table | 3, "twice");
        assertRefused(root + 8, root | 3, "twice");
        assertRefused(table, root | 3, "twice");
        assertRefused(table + 8, 0x4020_0f45L, "multiple"); // 1G block at a 2M address
        host.memory().write64(table, root + 0x2000 | 3);
        host.memory().write64(root + 0x2000, root + 0x3000 | 3);
        assertRefused(root + 0x3000, 0x4000_0f45L, "type"); // block at the last level
        assertRefused(root + 0x3008, 0x0010_0000_4000_0f47L, "contiguous");
        host.memory().write64(root + 0x3000, 0x4000_0f47L);
        assertThat(adopt(Configs.of(Configs.SIZES_4K), root).iovaToPhys(5)).isEqualTo(0x4000_0005L);
    }
}
