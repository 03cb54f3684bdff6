package org.sluice.tck;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import org.sluice.spi.pgtable.PageTable;
import org.sluice.spi.pgtable.PageTableConfig;
import org.sluice.spi.pgtable.PageTableFormat;
import org.sluice.spi.pgtable.TableHost;

/** A format whose trees grow and which keeps that from the host. */
record SilentGrowthFormat(PageTableFormat sound) implements PageTableFormat {
    @Override
    public String name() {
        return sound.name();
    }

    @Override
    public PageTable create(PageTableConfig config, TableHost host) {
        return sound.create(config, deaf(host));
    }

    @Override
    public PageTable adopt(PageTableConfig config, long root, TableHost host) {
        return sound.adopt(config, root, deaf(host));
    }

    private static TableHost deaf(TableHost host) {
        return (TableHost) Proxy.newProxyInstance(
                SilentGrowthFormat.class.getClassLoader(),
                new Class<?>[] {TableHost.class},
                (proxy, method, arguments) -> {
                    if (method.getName().equals("rootMoved")) {
                        return null;
                    }
                    try {
                        return method.invoke(host, arguments);
                    } catch (InvocationTargetException thrown) {
                        throw thrown.getCause();
                    }
                });
    }
}
