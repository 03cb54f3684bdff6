package org.sluice.trace;

/**
 * A bundle that was updated in mid-replay.
 *
 * @param capture name of the capture
 * @param bundle symbolic name
 * @param oldVersion version that left
 * @param newVersion version that took over
 * @param pauseMicros time that callers had to wait at most, from closing the gate to opening it, in microseconds
 * @param callsParked map, unmap and attach calls that waited at the gate
 * @param dmaDuringSwap verified DMA transfers between the begin of the update and the end of the swap
 */
public record SwapReport(
        String capture,
        String bundle,
        String oldVersion,
        String newVersion,
        long pauseMicros,
        long callsParked,
        long dmaDuringSwap) {}
