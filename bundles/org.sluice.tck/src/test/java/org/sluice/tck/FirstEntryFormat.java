package org.sluice.tck;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import org.sluice.api.LeafVisitor;
import org.sluice.spi.pgtable.DirtyTracking;
import org.sluice.spi.pgtable.PageTable;
import org.sluice.spi.pgtable.PageTableConfig;
import org.sluice.spi.pgtable.PageTableFormat;
import org.sluice.spi.pgtable.TableHost;

/** A format with leaves of several entries that looks for dirty marks in the first one only. */
record FirstEntryFormat(PageTableFormat sound) implements PageTableFormat {
    private static final long DIRTY = 1 << 6;

    /** Both. */
    interface TrackedTable extends PageTable, DirtyTracking {}

    @Override
    public String name() {
        return sound.name();
    }

    @Override
    public PageTable create(PageTableConfig config, TableHost host) {
        return overlooking(sound.create(config, host));
    }

    @Override
    public PageTable adopt(PageTableConfig config, long root, TableHost host) {
        return overlooking(sound.adopt(config, root, host));
    }

    private static PageTable overlooking(PageTable table) {
        return (PageTable) Proxy.newProxyInstance(
                FirstEntryFormat.class.getClassLoader(),
                new Class<?>[] {TrackedTable.class},
                (proxy, method, arguments) -> {
                    if (method.getName().equals("readDirty")) {
                        var visitor = (LeafVisitor) arguments[4];
                        arguments[4] = (LeafVisitor) (iova, paddr, size, entry, prot) ->
                                (entry & DIRTY) == 0 || visitor.leaf(iova, paddr, size, entry, prot);
                    }
                    try {
                        return method.invoke(table, arguments);
                    } catch (InvocationTargetException thrown) {
                        throw thrown.getCause();
                    }
                });
    }
}
