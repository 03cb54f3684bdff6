package org.sluice.pgtable.x86;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.sluice.pgtable.testkit.AdoptionCases;
import org.sluice.spi.pgtable.PageTableConfig;
import org.sluice.spi.pgtable.PageTableFormat;

/** Tables that are in memory already, and entries that cannot be. */
class AdoptionTest extends AdoptionCases {
    AdoptionTest() {
        super(Configs.of(Configs.FIRST, 48), 64);
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
    void entryOfTheFirstStageThatCannotBeIsRefusedWithItsAddressAndValue() {
        long table = root + 0x1000;
        assertRefused(root + 8, 0xe6, "neither empty nor a leaf"); // P is 0
        assertRefused(root + 8, 0x4000_00e7L, "leaves of 0x8000000000"); // no leaves of 512G
        assertRefused(root, 0x4000_0027L, "not memory");
        assertRefused(root, table | 0x25, "takes rights"); // not writable
        assertRefused(root, table | 0x23, "takes rights"); // not for users
        assertRefused(root, table | 1L << 63 | 0x27, "takes rights"); // not executable
        assertRefused(root, root | 0x27, "twice");
        host.memory().write64(root, table | 0x27);
        assertRefused(root + 8, table | 0x27, "twice");
        assertRefused(table, 0x4020_00e7L, "multiple of 0x40000000"); // 1G leaf at a 2M address
        host.memory().write64(table, 0x4000_00e7L);
        assertThat(adopt(Configs.of(Configs.FIRST, 48), root).iovaToPhys(0x1_2345))
                .isEqualTo(0x4001_2345L);
    }

    @Test
    void entryOfTheSecondStageThatCannotBeIsRefusedWithItsAddressAndValue() {
        long table = root + 0x1000;
        PageTableConfig config = Configs.of(Configs.SECOND, 39);
        assertRefused(config, root + 8, 0x4000_0080L, "neither empty nor a leaf"); // neither R nor W
        assertRefused(config, root + 8, 0x4020_0083L, "multiple of 0x40000000");
        assertRefused(config, root, table | 1, "takes rights");
        assertRefused(config, root, table | 2, "takes rights");
        host.memory().write64(root, table | 3);
        assertRefused(config, table + 8, root | 3, "twice");
        host.memory().write64(table, 0x4000_0082L); // a write-only leaf of 2M
        assertThat(adopt(config, root).iovaToPhys(0x1_2345)).isEqualTo(0x4001_2345L);
    }
}
