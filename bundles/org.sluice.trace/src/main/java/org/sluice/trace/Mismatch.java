package org.sluice.trace;

/**
 * Something that the platform did otherwise than the trace, the architecture or the capture's expectation says.
 *
 * @param capture name of the capture
 * @param what what was looked at, e.g. {@code device reads a live page}
 * @param streamId StreamID, unsigned; -1 where no stream is concerned
 * @param pasid PASID, or -1 for untagged traffic
 * @param iova bytes
 * @param expected what should have been
 * @param found what was
 */
public record Mismatch(String capture, String what, int streamId, int pasid, long iova, String expected, String found) {
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder(capture).append(": ").append(what);
        if (streamId != -1) {
            text.append(String.format(", stream 0x%x", streamId));
            if (pasid != -1) {
                text.append(", PASID ").append(pasid);
            }
            text.append(String.format(", iova 0x%x", iova));
        }
        return text.append(": expected ")
                .append(expected)
                .append(", found ")
                .append(found)
                .toString();
    }
}
