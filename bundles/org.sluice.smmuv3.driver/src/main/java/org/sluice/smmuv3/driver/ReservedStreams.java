package org.sluice.smmuv3.driver;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;

/**
 * Streams that firmware left running (IORT's RMR nodes): they pass untranslated from the reset until somebody attaches their
 * device, as {@code arm_smmu_rmr_install_bypass_ste} has it.
 *
 * @param ranges of StreamIDs
 */
record ReservedStreams(List<Range> ranges) {
    /** Firmware property: StreamIDs and ranges of them, such as {@code 0x10,0x20-0x2f}. */
    static final String PROPERTY = "rmr-streams";

    /** None. */
    static final ReservedStreams NONE = new ReservedStreams(List.of());

    /**
     * A range.
     *
     * @param first StreamID
     * @param last StreamID
     */
    record Range(int first, int last) {}

    /** Copies the ranges. */
    ReservedStreams {
        ranges = List.copyOf(ranges);
    }

    /**
     * Reads the property, if it is there.
     *
     * @throws IommuException EINVAL for anything but StreamIDs
     */
    static ReservedStreams of(Map<String, String> properties) {
        List<Range> ranges = new ArrayList<>();
        for (String part : properties.getOrDefault(PROPERTY, "").split(",", -1)) {
            if (!part.isBlank()) {
                String[] ends = part.strip().split("-", 2);
                int first = streamId(ends[0]);
                int last = ends.length == 1 ? first : streamId(ends[1]);
                if (last < first) {
                    throw new IommuException(Errno.EINVAL, PROPERTY + " names " + part + ", which is empty");
                }
                ranges.add(new Range(first, last));
            }
        }
        return new ReservedStreams(ranges);
    }

    /** Whether there are none. */
    boolean isEmpty() {
        return ranges.isEmpty();
    }

    /** Whether a stream is one of them. */
    boolean contains(int streamId) {
        return ranges.stream().anyMatch(range -> range.first() <= streamId && streamId <= range.last());
    }

    /** Whether one of some streams is one of them. */
    boolean containsAny(List<Integer> streamIds) {
        return streamIds.stream().anyMatch(this::contains);
    }

    private static int streamId(String text) {
        try {
            int value = Integer.decode(text.strip());
            if (value >= 0) {
                return value;
            }
        } catch (NumberFormatException e) {
            throw new IommuException(Errno.EINVAL, PROPERTY + " names " + text + ", which is not a StreamID");
        }
        throw new IommuException(Errno.EINVAL, PROPERTY + " names " + text + ", which is not a StreamID");
    }
}
