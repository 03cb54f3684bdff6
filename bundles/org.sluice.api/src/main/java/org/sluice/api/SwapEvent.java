package org.sluice.api;

/**
 * A driver, format or vendor bundle was replaced while the platform ran.
 *
 * @param service what was swapped, e.g. {@code page-table format ARM_64_LPAE_S1} or {@code driver arm,smmu-v3}
 * @param bundle symbolic name of the bundle that provides it now
 * @param oldVersion version that left
 * @param newVersion version that took over
 * @param pauseNanos time from closing the gate to opening it, ns
 * @param callsParked map, unmap and attach calls that waited at the gate
 * @param adopted whether the successor took over; false when it was refused and the state is still held
 * @param findings what adoption and verification found, or why it was refused
 */
public record SwapEvent(
        String service,
        String bundle,
        String oldVersion,
        String newVersion,
        long pauseNanos,
        long callsParked,
        boolean adopted,
        String findings) {}
