package org.sluice.pgtable.apple;

import java.util.List;
import org.sluice.spi.pgtable.PageTable;
import org.sluice.spi.pgtable.PageTableConfig;
import org.sluice.spi.pgtable.PageTableFormat;
import org.sluice.spi.pgtable.TableHost;

/** Configurations of the tests. */
final class Configs {
    static final long K4 = 4 << 10;
    static final long K16 = 16 << 10;

    /** One, two and four top tables, two and three levels, both sizes and dialects. */
    static final List<PageTableConfig> EACH = List.of(
            dart1(K4, 32),
            dart1(K4, 36),
            dart1(K4, 31),
            dart1(K4, 30),
            dart1(K16, 32),
            dart1(K16, 36),
            dart2(32),
            dart2(36),
            dart2(42));

    private Configs() {}

    static PageTableConfig dart1(long page, int inputBits) {
        return new PageTableConfig("APPLE_DART", page, inputBits, 36, true, 0);
    }

    static PageTableConfig dart2(int inputBits) {
        return new PageTableConfig("APPLE_DART2", K16, inputBits, 42, true, 0);
    }

    static PageTableFormat format(PageTableConfig config) {
        return config.format().equals("APPLE_DART") ? new Dart1Format() : new Dart2Format();
    }

    static PageTable create(PageTableConfig config, TableHost host) {
        return format(config).create(config, host);
    }
}
