package org.sluice.smmuv2.driver;

import java.util.BitSet;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Supplier;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.smmuv2.arch.SCr0;
import org.sluice.smmuv2.arch.StreamMatch;
import org.sluice.smmuv2.arch.StreamToContext;
import org.sluice.spi.driver.DeviceRecord;

/**
 * The entries of stream matching: which stream has which, and where they lead. An entry is written whole, so that a stream
 * sees its old route or the new one. Entries that the boot loader left may take several streams; the first device of one of
 * them takes the entry over. The core serialises the calls.
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
    /** Entries that were there before us, by index. */
    private final Map<Integer, StreamRange> kept = new HashMap<>();
    /** Who took them over, by index. */
    private final Map<Integer, DeviceRecord> takers = new HashMap<>();

    Streams(Space space, Features features, int entries, Supplier<Hooks> hooks) {
        this.space = space;
        this.matching = features.matching();
        this.extended = features.extendedIds();
        this.entries = entries;
        this.hooks = hooks;
    }

    /**
     * No entry takes a stream, and those that are indexed abort.
     *
     * @param stay indices of those that stay if they take a stream, which passes
     */
    void reset(BitSet stay) {
        boolean bootExtended = SCr0.exidenable(space.global0(SCr0.OFFSET)) != 0;
        for (int index = 0; index < entries; index++) {
            StreamRange range = matching && stay.get(index) ? range(index, bootExtended) : null;
            if (range != null) {
                keep(index, range);
                // the route first: in the form of 16 bits it has the valid bit
                writeEntry(index, passing(index));
                writeMatch(index, range.register(extended));
            } else {
                if (matching) {
                    writeMatch(index, 0);
                }
                writeEntry(index, entry(null, index, StreamToContext.withType(0, StreamToContext.TYPE_FAULT)));
            }
        }
    }

    private int passing(int index) {
        long bypass = StreamToContext.withType(0, StreamToContext.TYPE_BYPASS);
        return entry(null, index, StreamToContext.withExidvalid(bypass, extended ? 1 : 0));
    }

    private void keep(int index, StreamRange range) {
        taken.set(index);
        kept.put(index, range);
    }

    /** What an entry takes, from the registers; null for nothing. */
    private StreamRange range(int index, boolean isExtended) {
        long smr = space.global0(StreamMatch.OFFSET + Integer.BYTES * index);
        if (!isExtended) {
            return StreamRange.plain(smr);
        }
        return StreamToContext.exidvalid(read(index)) == 0 ? null : StreamRange.extended(smr);
    }

    /** Whether an entry that was there before us takes a stream. */
    boolean isKept(int streamId) {
        return keptIndex(streamId) >= 0;
    }

    private int keptIndex(int streamId) {
        return kept.entrySet().stream()
                .filter(entry -> entry.getValue().takes(streamId))
                .mapToInt(Map.Entry::getKey)
                .findFirst()
                .orElse(-1);
    }

    /**
     * Finds an entry for a stream; its route is written before it takes the stream.
     *
     * @throws IommuException ERANGE, ENOSPC, EBUSY; nothing changed
     */
    void add(DeviceRecord device, int streamId, long route) {
        requireWidth(device, streamId);
        int before = keptIndex(streamId);
        if (before >= 0) {
            takeOver(before, device, streamId);
            write(device, before, route);
            return;
        }
        int index = matching ? taken.nextClearBit(0) : streamId;
        if (index >= entries) {
            throw new IommuException(
                    Errno.ENOSPC,
                    "all " + entries + " stream match entries are in use, there is none for " + device.name());
        }
        taken.set(index);
        indexOfStream.put(streamId, index);
        write(device, index, route);
        if (matching) {
            writeMatch(index, StreamRange.of(streamId).register(extended));
        }
    }

    private void takeOver(int index, DeviceRecord device, int streamId) {
        DeviceRecord taker = takers.putIfAbsent(index, device);
        if (taker != null && !taker.equals(device)) {
            throw new IommuException(
                    Errno.EBUSY,
                    String.format(
                            "StreamID 0x%x of %s is in entry %d of the boot loader, which %s has",
                            streamId, device.name(), index, taker.name()));
        }
        indexOfStream.put(streamId, index);
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

    /** Takes note of an entry that a device's stream was found to have. */
    void found(DeviceRecord device, int streamId, int index) {
        taken.set(index);
        indexOfStream.put(streamId, index);
        StreamRange range = matching ? range(index, extended) : null;
        if (range != null && range.mask() != 0) {
            kept.put(index, range);
            takers.put(index, device);
        }
    }

    /** What takes a stream and is no device's was there before us: a predecessor kept it. */
    void keepTheRest() {
        for (int index = 0; matching && index < entries; index++) {
            StreamRange range = taken.get(index) ? null : range(index, extended);
            if (range != null) {
                keep(index, range);
            }
        }
    }

    /** The entry that has a stream, from the registers; -1 for none. */
    int search(int streamId) {
        if (!matching) {
            return streamId >= 0 && streamId < entries ? streamId : -1;
        }
        for (int index = 0; index < entries; index++) {
            StreamRange range = range(index, extended);
            if (range != null && range.takes(streamId)) {
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

    /** Gives the entry of a stream back, with its last stream; that one aborts. */
    void remove(int streamId) {
        int index = indexOfStream.remove(streamId);
        if (indexOfStream.containsValue(index)) {
            return;
        }
        if (matching) {
            writeMatch(index, 0);
        }
        writeEntry(index, entry(null, index, StreamToContext.withType(0, StreamToContext.TYPE_FAULT)));
        taken.clear(index);
        kept.remove(index);
        takers.remove(index);
    }

    /** As if a stream had never been added. */
    void undo(int streamId) {
        int index = indexOfStream.get(streamId);
        if (!kept.containsKey(index)) {
            remove(streamId);
            return;
        }
        indexOfStream.remove(streamId);
        if (!indexOfStream.containsValue(index)) {
            takers.remove(index);
            writeEntry(index, passing(index));
        }
    }

    /** The S2CR that a route becomes. */
    int entry(DeviceRecord device, int index, long route) {
        long valid = extended && device != null ? StreamToContext.withExidvalid(route, 1) : route;
        return hooks.get().streamEntry(device, index, (int) valid);
    }

    private void write(DeviceRecord device, int index, long route) {
        writeEntry(index, entry(device, index, route));
    }

    private void writeEntry(int index, int s2cr) {
        space.setGlobal0(StreamToContext.OFFSET + Integer.BYTES * index, s2cr);
    }

    private void writeMatch(int index, long smr) {
        space.setGlobal0(StreamMatch.OFFSET + Integer.BYTES * index, smr);
    }
}
