package org.sluice.pgtable.arm;

import java.util.List;
import org.sluice.spi.pgtable.PageTable;
import org.sluice.spi.pgtable.PageTableConfig;
import org.sluice.spi.pgtable.PageTableFormat;
import org.sluice.spi.pgtable.TableHost;

/** Finds the format that a configuration names, as the core does. */
final class Formats {
    private static final List<PageTableFormat> ALL = List.of(
            new Stage1Format(),
            new Stage2Format(),
            new Stage1Format32(),
            new Stage2Format32(),
            new MaliFormat(),
            new ShortFormat());

    private Formats() {}

    static PageTable create(PageTableConfig config, TableHost host) {
        return of(config).create(config, host);
    }

    static PageTable adopt(PageTableConfig config, long root, TableHost host) {
        return of(config).adopt(config, root, host);
    }

    static PageTableFormat of(PageTableConfig config) {
        return ALL.stream()
                .filter(format -> format.name().equals(config.format()))
                .findAny()
                .orElseThrow();
    }
}
