package org.sluice.pgtable.apple;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.sluice.pgtable.apple.Configs.K4;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.sluice.pgtable.testkit.AdoptionCases;
import org.sluice.spi.pgtable.PageTable;
import org.sluice.spi.pgtable.PageTableConfig;
import org.sluice.spi.pgtable.PageTableFormat;

/** Tables that are in memory already, and entries that cannot be. */
class AdoptionTest extends AdoptionCases {
    AdoptionTest() {
        super(Configs.dart1(K4, 32), 0x1000);
    }

    @Override
    protected List<PageTableConfig> each() {
        return Configs.EACH;
    }

    @Override
    protected PageTableFormat format(PageTableConfig config) {
        return Configs.format(config);
    }

    @Test
    void entryThatCannotBeIsRefusedWithItsAddressAndValue() {
        long table = root + 0x4000; // behind the four top tables
        assertRefused(root, 0x5000, "neither empty");
        assertRefused(root, 0x4000_0001L, "not memory");
        assertRefused(root, table | 0x81, "more than an address");
        assertRefused(root, root + 0x1000 | 1, "twice");
        host.memory().write64(root, table | 1);
        assertRefused(root + 8, table | 1, "twice");
        assertRefused(table, 0x000f_fe00_0000_5001L, "part"); // sub-pages up to 0xffe
        assertRefused(table, 0x001f_ff00_0000_5001L, "part"); // from 1
        host.memory().write64(table, 0x000f_ff00_0000_5001L); // whole, although sub-pages are not disabled
        host.memory().write64(table + 8, 0x000f_fe00_0000_6083L); // disabled
        PageTable adopted = adopt(Configs.dart1(K4, 32), root);
        assertThat(adopted.iovaToPhys(0x1005)).isEqualTo(0x6005);
        assertThat(adopted.survey().leaves()).isEqualTo(2);
    }

    @Test
    void entryBeyondTheInputAddressesIsRefused() {
        PageTable old = new Dart1Format().create(Configs.dart1(K4, 30), host);
        old.mapPages(1 << 29, 0, K4, 1, RW);
        long there = old.walkerConfig().root();
        assertThatThrownBy(() -> adopt(Configs.dart1(K4, 29), there))
                .hasMessageContaining("EINVAL")
                .hasMessageContaining("0x1fffffff");
    }
}
