package org.sluice.core.offer;

import java.util.Set;

/**
 * Who offers a service, in words and numbers, so that it may be remembered after the bundle left.
 *
 * @param serviceId number in the registry; a bundle that comes back gets a new one
 * @param keys what it serves: names of formats, compatible strings
 * @param ranking service ranking; the highest wins
 * @param bundle symbolic name
 * @param version of the bundle
 */
public record Provider(long serviceId, Set<String> keys, int ranking, String bundle, String version) {
    /** Copies the keys. */
    public Provider {
        keys = Set.copyOf(keys);
    }

    /**
     * Whether it may finish what another began: a later version of the same bundle for the same thing.
     *
     * @param earlier the other
     * @return true for the provider itself and its successors
     */
    public boolean succeeds(Provider earlier) {
        return serviceId == earlier.serviceId || bundle.equals(earlier.bundle) && keys.equals(earlier.keys);
    }

    /**
     * Bundle and version.
     *
     * @return e.g. {@code org.sluice.pgtable.arm 1.0.0}
     */
    public String describe() {
        return bundle + " " + version;
    }
}
