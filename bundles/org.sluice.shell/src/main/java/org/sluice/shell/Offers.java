package org.sluice.shell;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.Constants;
import org.osgi.framework.InvalidSyntaxException;
import org.osgi.framework.ServiceReference;
import org.osgi.framework.wiring.BundleCapability;
import org.osgi.framework.wiring.BundleRevision;

/** What plug-ins offer through the registry, and what the bundles that do not run would offer. */
final class Offers {
    private static final String SPI = "org.sluice.spi.";
    private static final String SERVICE_NAMESPACE = "osgi.service";

    private final BundleContext context;

    Offers(BundleContext context) {
        this.context = context;
    }

    List<String> lines() {
        Map<String, Integer> offered = new TreeMap<>();
        for (ServiceReference<?> offer : services()) {
            for (String type : (String[]) offer.getProperty(Constants.OBJECTCLASS)) {
                if (type.startsWith(SPI)) {
                    String line = "offered  " + shortName(type) + identity(offer) + "  by " + name(offer.getBundle());
                    offered.merge(line, 1, Integer::sum);
                }
            }
        }
        List<String> lines = new ArrayList<>();
        offered.forEach((line, times) -> lines.add(times == 1 ? line : line + " (" + times + " of them)"));
        for (Bundle bundle : context.getBundles()) {
            if (bundle.getState() != Bundle.ACTIVE && bundle.getState() != Bundle.UNINSTALLED) {
                lines.addAll(missing(bundle));
            }
        }
        return lines;
    }

    private ServiceReference<?>[] services() {
        try {
            ServiceReference<?>[] found =
                    context.getAllServiceReferences(null, "(" + Constants.OBJECTCLASS + "=" + SPI + "*)");
            return found == null ? new ServiceReference<?>[0] : found;
        } catch (InvalidSyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    /** A line for each type of service that a bundle declares, however many of that type it has. */
    private static Set<String> missing(Bundle bundle) {
        BundleRevision revision = bundle.adapt(BundleRevision.class);
        Set<String> lines = new LinkedHashSet<>();
        for (BundleCapability capability : revision.getDeclaredCapabilities(SERVICE_NAMESPACE)) {
            if (capability.getAttributes().get(Constants.OBJECTCLASS) instanceof List<?> types) {
                types.stream()
                        .map(String::valueOf)
                        .filter(type -> type.startsWith(SPI))
                        .forEach(type -> lines.add("missing  " + shortName(type) + ": bundle " + name(bundle)
                                + " is not started; `start " + bundle.getBundleId() + "` brings it back"));
            }
        }
        return lines;
    }

    /** The properties by which the core finds a plug-in: those of our own name space. */
    private static String identity(ServiceReference<?> offer) {
        StringBuilder text = new StringBuilder();
        for (String key : offer.getPropertyKeys()) {
            if (key.startsWith("sluice.")) {
                Object value = offer.getProperty(key);
                text.append(' ')
                        .append(value instanceof Object[] several ? String.join(",", (String[]) several) : value);
            }
        }
        return text.toString();
    }

    private static String shortName(String type) {
        return type.substring(type.lastIndexOf('.') + 1);
    }

    private static String name(Bundle bundle) {
        return bundle == null ? "a bundle that left" : bundle.getSymbolicName() + " " + bundle.getVersion();
    }
}
