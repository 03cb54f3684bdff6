package org.sluice.trace;

/**
 * One stream of a capture.
 *
 * @param capture name of the capture
 * @param device name of the device
 * @param streamId StreamID, unsigned
 * @param untagged where untagged traffic goes at the end: {@code translated}, {@code bypassed} or {@code unattached}
 * @param maps map events of the domains while this stream was attached to them
 * @param unmaps unmap events, likewise
 * @param bytesMapped bytes of those maps
 * @param liveMappings leaves at the end
 * @param mappedPages 4 KiB pages of those leaves
 * @param dmaChecked DMA transfers of this stream whose outcome was checked
 * @param mismatches how many mismatches concern this stream
 */
public record StreamReport(
        String capture,
        String device,
        int streamId,
        String untagged,
        long maps,
        long unmaps,
        long bytesMapped,
        long liveMappings,
        long mappedPages,
        long dmaChecked,
        long mismatches) {}
