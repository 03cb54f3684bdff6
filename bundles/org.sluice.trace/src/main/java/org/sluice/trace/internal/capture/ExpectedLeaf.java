package org.sluice.trace.internal.capture;

/**
 * A leaf that an independent walker found in the memory of the captured machine.
 *
 * @param streamId StreamID, unsigned
 * @param iova bytes
 * @param size bytes
 * @param paddr bytes
 * @param permission {@code rw}, {@code r-} or {@code -w}, as the descriptor grants
 * @param descriptor the raw descriptor
 */
public record ExpectedLeaf(int streamId, long iova, long size, long paddr, String permission, long descriptor) {}
