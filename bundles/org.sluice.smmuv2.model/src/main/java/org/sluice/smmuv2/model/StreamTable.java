package org.sluice.smmuv2.model;

import java.util.concurrent.atomic.AtomicIntegerArray;
import org.sluice.smmuv2.arch.SCr0;
import org.sluice.smmuv2.arch.StreamMatch;
import org.sluice.smmuv2.arch.StreamToContext;

/** SMR and S2CR: which entry a stream belongs to. Any thread; each register is atomic by itself. */
final class StreamTable {
    /** No entry has the stream. */
    static final int NONE = -1;
    /** Several entries have it. */
    static final int SEVERAL = -2;

    private final AtomicIntegerArray matches;
    private final AtomicIntegerArray contexts;
    private final boolean matching;
    private final boolean extendable;
    private final boolean bypassFaults;
    private final int lastBank;

    StreamTable(Identity id, boolean bypassFaults) {
        matches = new AtomicIntegerArray(id.streamMatching() ? id.streamEntries() : 0);
        contexts = new AtomicIntegerArray(id.streamEntries());
        matching = id.streamMatching();
        extendable = id.extendedIds();
        lastBank = id.banks() - 1;
        this.bypassFaults = bypassFaults;
    }

    int entries() {
        return contexts.length();
    }

    long match(int index) {
        return index < matches.length() ? matches.get(index) & 0xffffffffL : 0;
    }

    void setMatch(int index, int value) {
        if (index < matches.length()) {
            matches.set(index, value);
        }
    }

    /** The boot loader's entry: a stream that it uses leads to the last bank, which is off, and so passes. */
    void leave(int index, int smr) {
        setMatch(index, smr);
        contexts.set(index, (int) StreamToContext.withCbndx(0, lastBank));
    }

    long context(int index) {
        return contexts.get(index) & 0xffffffffL;
    }

    void setContext(int index, long value) {
        boolean turned = bypassFaults && StreamToContext.type(value) == StreamToContext.TYPE_BYPASS;
        contexts.set(index, (int) (turned ? StreamToContext.withType(value, StreamToContext.TYPE_FAULT) : value));
    }

    /** The entry of a stream, {@link #NONE} or {@link #SEVERAL}. */
    int find(int streamId, long scr0) {
        if (!matching) {
            return streamId >= 0 && streamId < contexts.length() ? streamId : NONE;
        }
        boolean extended = extendable && SCr0.exidenable(scr0) != 0;
        int found = NONE;
        for (int i = 0; i < matches.length(); i++) {
            if (extended ? matchesExtended(i, streamId) : matches(i, streamId)) {
                if (found != NONE) {
                    return SEVERAL;
                }
                found = i;
            }
        }
        return found;
    }

    private boolean matches(int index, int streamId) {
        long match = matches.get(index);
        long ignored = StreamMatch.mask(match);
        return StreamMatch.valid(match) != 0 && ((streamId ^ StreamMatch.id(match)) & ~ignored) == 0;
    }

    private boolean matchesExtended(int index, int streamId) {
        long match = matches.get(index);
        long ignored = StreamMatch.exmask(match);
        return StreamToContext.exidvalid(contexts.get(index)) != 0
                && ((streamId ^ StreamMatch.exid(match)) & ~ignored) == 0;
    }
}
