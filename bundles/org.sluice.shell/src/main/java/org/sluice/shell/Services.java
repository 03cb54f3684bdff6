package org.sluice.shell;

import org.osgi.framework.BundleContext;
import org.osgi.util.tracker.ServiceTracker;

/** Finds services that may still be starting. */
final class Services {
    private static final long PATIENCE_MILLIS = 10_000;

    private Services() {}

    /** Waits for a service; the reference is kept until this bundle stops, as the program lives no longer. */
    static <T> T await(BundleContext context, Class<T> type) throws InterruptedException {
        ServiceTracker<T, T> tracker = new ServiceTracker<>(context, type, null);
        tracker.open();
        T service = tracker.waitForService(PATIENCE_MILLIS);
        if (service == null) {
            tracker.close();
            throw new UsageException("no bundle offers " + type.getName() + " within " + PATIENCE_MILLIS / 1000
                    + " s; `shell -c lb` lists the bundles and their states");
        }
        return service;
    }
}
