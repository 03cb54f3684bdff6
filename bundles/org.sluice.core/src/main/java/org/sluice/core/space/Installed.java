package org.sluice.core.space;

import org.sluice.spi.driver.ContextRecord;
import org.sluice.spi.driver.RootExchange;
import org.sluice.spi.driver.TranslationContext;
import org.sluice.spi.pgtable.WalkerConfig;

/**
 * What the hardware was told of a space's tables: what successors of format and driver begin with. It changes under the lock of
 * the IOMMU, but for a tree that grows: a map tells that inside of the gate, where it may wait for no such lock. So it has one
 * of its own, and whoever hands over has drained the maps before.
 */
final class Installed {
    private long root;
    private ContextRecord record;

    /** The hardware walks from a root now. */
    synchronized void set(long top, TranslationContext context) {
        root = top;
        record = context.record();
    }

    /** Asks a context for its record, for the last time. */
    synchronized void keep(TranslationContext leaving) {
        record = leaving.record();
    }

    /** Lets the hardware begin at another root, and keeps that. */
    synchronized void exchange(TranslationContext context, WalkerConfig walker) {
        ((RootExchange) context).exchangeRoot(walker);
        root = walker.root();
        record = context.record();
    }

    synchronized long root() {
        return root;
    }

    synchronized ContextRecord record() {
        return record;
    }
}
