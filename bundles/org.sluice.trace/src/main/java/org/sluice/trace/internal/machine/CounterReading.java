package org.sluice.trace.internal.machine;

import java.util.Collection;
import java.util.Map;
import java.util.TreeMap;
import org.osgi.framework.BundleContext;
import org.osgi.framework.InvalidSyntaxException;
import org.osgi.framework.ServiceReference;
import org.sluice.api.Counters;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;

/** Reads the counters that the container offers about one IOMMU, and those of the core. */
final class CounterReading {
    /** The core counts the memory of tables for all IOMMUs together. */
    private static final String CORE = "core";

    private CounterReading() {}

    /**
     * Driver and device may count the same thing, such as commands; a driver that was swapped began anew, so the larger
     * number is the one that saw everything.
     */
    static Map<String, Long> of(BundleContext context, String subject) {
        Map<String, Long> values = new TreeMap<>();
        for (ServiceReference<Counters> reference : references(context)) {
            Counters counters = context.getService(reference);
            if (counters != null) {
                try {
                    if (counters.subject().equals(CORE) || counters.subject().equals(subject)) {
                        counters.read().forEach((name, value) -> values.merge(name, value, Math::max));
                    }
                } finally {
                    context.ungetService(reference);
                }
            }
        }
        return values;
    }

    private static Collection<ServiceReference<Counters>> references(BundleContext context) {
        try {
            return context.getServiceReferences(Counters.class, null);
        } catch (InvalidSyntaxException impossible) {
            throw new IommuException(Errno.EINVAL, "no filter was given, and it is invalid: " + impossible);
        }
    }
}
