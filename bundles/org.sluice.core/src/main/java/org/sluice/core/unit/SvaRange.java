package org.sluice.core.unit;

/**
 * PASIDs that a device may use, as clamped.
 *
 * @param min smallest, 1 or above
 * @param max largest, inclusive
 */
record SvaRange(int min, int max) {
    boolean contains(int pasid) {
        return pasid >= min && pasid <= max;
    }
}
