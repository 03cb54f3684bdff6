package org.sluice.core.unit;

import java.util.Set;
import org.sluice.api.SvaFeature;

/**
 * PASIDs that a device may use, as clamped, and what its bonds may use beside them.
 *
 * @param min smallest, 1 or above
 * @param max largest, inclusive
 * @param features as initialised
 */
record SvaRange(int min, int max, Set<SvaFeature> features) {
    boolean contains(int pasid) {
        return pasid >= min && pasid <= max;
    }
}
