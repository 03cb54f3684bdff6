package org.sluice.smmuv3.model;

import java.util.LinkedHashMap;
import java.util.Map;
import org.sluice.smmuv3.arch.StreamTableEntry;

/**
 * The STEs of the configuration cache, each with the span of StreamIDs that its CONT says it serves (IHI 0070 sections
 * 3.20.2 and 5.2): a look-up that meets two that are not the same is a conflict. Guarded by the cache.
 */
final class StreamSpans {
    private static final int CONT = StreamTableEntry.CONT_WORD;
    // what software may use as it likes
    private static final long IGNORED = StreamTableEntry.CONT_MASK | StreamTableEntry.SW_RESERVED_MASK;

    // the eldest goes when there are too many
    private final Map<Integer, long[]> entries;

    /**
     * No entries.
     *
     * @param capacity most of them
     */
    StreamSpans(int capacity) {
        entries = new LinkedHashMap<>() {
            private static final long serialVersionUID = 1;

            @Override
            protected boolean removeEldestEntry(Map.Entry<Integer, long[]> eldest) {
                return size() > capacity;
            }
        };
    }

    /** Whether the entry of another stream serves this one too, and is not the same as its own. */
    boolean conflict(int streamId, long[] ste) {
        return entries.entrySet().stream()
                .anyMatch(other -> other.getKey() != streamId
                        && serves(other.getKey(), other.getValue(), streamId)
                        && differ(other.getValue(), ste));
    }

    private static boolean serves(int own, long[] ste, int streamId) {
        return (own ^ streamId) >>> span(ste) == 0;
    }

    /** log2 of how many streams an entry serves; an invalid one says nothing of others. */
    static int span(long[] ste) {
        return StreamTableEntry.v(ste[0]) == 0 ? 0 : (int) StreamTableEntry.cont(ste[CONT]);
    }

    private static boolean differ(long[] one, long[] two) {
        for (int word = 0; word < one.length; word++) {
            if (((one[word] ^ two[word]) & (word == CONT ? ~IGNORED : -1L)) != 0) {
                return true;
            }
        }
        return false;
    }

    void add(int streamId, long[] ste) {
        entries.put(streamId, ste.clone());
    }

    /** CFGI_STE and CFGI_STE_RANGE, which look at no CONT. */
    void remove(long block, int log2count) {
        entries.keySet().removeIf(streamId -> Integer.toUnsignedLong(streamId) >>> log2count == block);
    }

    void clear() {
        entries.clear();
    }
}
