package org.sluice.trace;

import java.util.List;

/**
 * What was proved with private PASIDs on one stream.
 *
 * @param capture name of the capture
 * @param device name of the device
 * @param streamId StreamID, unsigned
 * @param untagged where untagged traffic goes meanwhile: {@code translated} or {@code bypassed}
 * @param pasids PASIDs that were handed out, in order of their first time
 * @param outcomes what was shown, in words
 */
public record PasidReport(
        String capture, String device, int streamId, String untagged, List<Integer> pasids, List<String> outcomes) {
    /** Copies the lists. */
    public PasidReport {
        pasids = List.copyOf(pasids);
        outcomes = List.copyOf(outcomes);
    }
}
