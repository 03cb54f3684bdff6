package org.sluice.trace.internal.capture;

/**
 * A leaf that an independent walker found in the memory of the captured machine.
 *
 * @param streamId StreamID, unsigned
 * @param stage 1 or 2
 * @param iova bytes
 * @param size bytes
 * @param paddr bytes
 * @param permission {@code rw}, {@code r-} or {@code -w}, as the descriptor grants
 * @param descriptor the raw descriptor
 */
public record ExpectedLeaf(
        int streamId, int stage, long iova, long size, long paddr, String permission, long descriptor) {}
