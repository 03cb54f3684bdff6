package org.sluice.pgtable.apple;

import org.osgi.service.component.annotations.Component;
import org.sluice.spi.pgtable.PageTable;
import org.sluice.spi.pgtable.PageTableConfig;
import org.sluice.spi.pgtable.PageTableFormat;
import org.sluice.spi.pgtable.TableHost;

/** APPLE_DART2 of Linux's io-pgtable: pages of 16K, addresses of 42 bits out. Stateless; any thread may call it. */
@Component(immediate = true, property = PageTableFormat.FORMAT + "=" + Dart2Format.NAME)
public final class Dart2Format implements PageTableFormat {
    static final String NAME = "APPLE_DART2";

    private final DartFormat format = new DartFormat(new Dart2());

    /** Made by the component runtime, or by a test. */
    public Dart2Format() {}

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public PageTable create(PageTableConfig config, TableHost host) {
        return format.create(config, host);
    }

    @Override
    public PageTable adopt(PageTableConfig config, long root, TableHost host) {
        return format.adopt(config, root, host);
    }
}
