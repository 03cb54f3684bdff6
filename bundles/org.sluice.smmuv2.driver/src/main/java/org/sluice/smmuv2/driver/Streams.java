package org.sluice.smmuv2.driver;

import java.util.BitSet;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Supplier;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.smmuv2.arch.StreamMatch;
import org.sluice.smmuv2.arch.StreamToContext;
import org.sluice.spi.driver.DeviceRecord;

/**
 * The entries of stream matching: which stream has which, and where they lead. An entry is written whole, so that a stream
 * sees its old route or the new one. The core serialises the calls.
 */
final class Streams {
    private static final int PLAIN_ID_BITS = 15;

    private final Space space;
    private final boolean matching;
    private final boolean extended;
    private final int entries;
    private final Supplier<Hooks> hooks;
    private final BitSet taken = new BitSet();
    private final Map<Integer, Integer> indexOfStream = new HashMap<>();

    Streams(Space space, Features features, int entries, Supplier<Hooks> hooks) {
        this.space = space;
        this.matching = features.matching();
        this.extended = features.extendedIds();
        this.entries = entries;
        this.hooks = hooks;
    }

    /** No entry takes a stream, and those that are indexed abort. */
    void reset() {
        for (int index = 0; index < entries; index++) {
            if (matching) {
                space.setGlobal0(StreamMatch.OFFSET + Integer.BYTES * index, 0);
            }
            write(null, index, StreamToContext.withType(0, StreamToContext.TYPE_FAULT));
        }
    }

    /**
     * Finds an entry for a stream; its route is written before it takes the stream.
     *
     * @throws IommuException ERANGE, ENOSPC; nothing changed
     */
    void add(DeviceRecord device, int streamId, long route) {
        int index = matching ? taken.nextClearBit(0) : streamId;
        requireWidth(device, streamId);
        if (index >= entries) {
            throw new IommuException(
                    Errno.ENOSPC,
                    "all " + entries + " stream match entries are in use, there is none for " + device.name());
        }
        taken.set(index);
        indexOfStream.put(streamId, index);
        write(device, index, route);
        if (matching) {
            space.setGlobal0(StreamMatch.OFFSET + Integer.BYTES * index, match(streamId));
        }
    }

    private void requireWidth(DeviceRecord device, int streamId) {
        int bits = extended ? Short.SIZE : PLAIN_ID_BITS;
        boolean fits = matching ? streamId >>> bits == 0 : streamId >= 0 && streamId < entries;
        if (!fits) {
            throw new IommuException(
                    Errno.ERANGE,
                    String.format(
                            "StreamID 0x%x of %s, the limit is 0x%x",
                            streamId, device.name(), matching ? (1 << bits) - 1 : entries - 1));
        }
    }

    private long match(int streamId) {
        return extended ? StreamMatch.withExid(0, streamId) : StreamMatch.withValid(StreamMatch.withId(0, streamId), 1);
    }

    /** Takes note of an entry that a stream was found to have. */
    void found(int streamId, int index) {
        taken.set(index);
        indexOfStream.put(streamId, index);
    }

    /** The entry that has a stream, from the registers; -1 for none. */
    int search(int streamId) {
        if (!matching) {
            return streamId >= 0 && streamId < entries ? streamId : -1;
        }
        for (int index = 0; index < entries; index++) {
            long found = space.global0(StreamMatch.OFFSET + Integer.BYTES * index);
            boolean valid = !extended || StreamToContext.exidvalid(read(index)) != 0;
            if (valid && found == match(streamId)) {
                return index;
            }
        }
        return -1;
    }

    long read(int index) {
        return space.global0(StreamToContext.OFFSET + Integer.BYTES * index);
    }

    /** Leads a stream elsewhere. */
    void route(DeviceRecord device, int streamId, long route) {
        write(device, indexOfStream.get(streamId), route);
    }

    /** Gives the entry of a stream back; the stream aborts. */
    void remove(int streamId) {
        int index = indexOfStream.remove(streamId);
        if (matching) {
            space.setGlobal0(StreamMatch.OFFSET + Integer.BYTES * index, 0);
        }
        write(null, index, StreamToContext.withType(0, StreamToContext.TYPE_FAULT));
        taken.clear(index);
    }

    /** The S2CR that a route becomes. */
    int entry(DeviceRecord device, int index, long route) {
        boolean valid = extended && device != null;
        return hooks.get().streamEntry(device, index, (int) StreamToContext.withExidvalid(route, valid ? 1 : 0));
    }

    private void write(DeviceRecord device, int index, long route) {
        space.setGlobal0(StreamToContext.OFFSET + Integer.BYTES * index, entry(device, index, route));
    }
}
