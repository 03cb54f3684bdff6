package org.sluice.trace.internal.swap;

import java.io.ByteArrayInputStream;
import java.util.Arrays;
import java.util.Hashtable;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.BundleException;
import org.osgi.framework.InvalidSyntaxException;
import org.osgi.framework.ServiceReference;
import org.osgi.framework.ServiceRegistration;
import org.osgi.framework.Version;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.api.ProviderMissingException;
import org.sluice.api.SwapEvent;
import org.sluice.api.SwapListener;

/** Updates bundles in place, in this container. */
public final class BundleUpdates implements Updates, AutoCloseable {
    private static final long PATIENCE_MILLIS = 60_000;

    private final BundleContext context;
    private final SwapWatch watch = new SwapWatch();
    private final ServiceRegistration<SwapListener> registration;

    /**
     * Updates in this container. Close it to stop listening for swaps.
     *
     * @param context of this bundle
     */
    public BundleUpdates(BundleContext context) {
        this.context = context;
        this.registration = context.registerService(SwapListener.class, watch, new Hashtable<>());
    }

    @Override
    public SwapEvent update(SwapTarget target) {
        Bundle bundle = provider(target);
        Version version = BundleJar.next(bundle.getVersion());
        byte[] jar = BundleJar.of(bundle, version);
        try {
            bundle.update(new ByteArrayInputStream(jar));
            return watch.await(target.name(), version.toString(), PATIENCE_MILLIS)
                    .orElseThrow(() -> new IommuException(
                            Errno.ETIMEDOUT,
                            "the core reported no end of the swap of " + bundle.getSymbolicName() + " to " + version
                                    + " within " + PATIENCE_MILLIS / 1000 + " s"));
        } catch (BundleException cause) {
            throw new IommuException(Errno.EIO, "cannot update " + bundle + ": " + cause.getMessage());
        } catch (InterruptedException stop) {
            Thread.currentThread().interrupt();
            throw new IommuException(Errno.EBUSY, "interrupted while " + bundle + " was being swapped");
        }
    }

    @Override
    public void close() {
        registration.unregister();
    }

    private Bundle provider(SwapTarget target) {
        try {
            ServiceReference<?>[] references = context.getAllServiceReferences(target.service(), target.filter());
            if (references == null) {
                throw new ProviderMissingException(target.name(), "no bundle to swap");
            }
            return Arrays.stream(references)
                    .max(ServiceReference::compareTo)
                    .orElseThrow()
                    .getBundle();
        } catch (InvalidSyntaxException wrong) {
            throw new IommuException(Errno.EINVAL, "filter " + target.filter() + ": " + wrong.getMessage());
        }
    }
}
