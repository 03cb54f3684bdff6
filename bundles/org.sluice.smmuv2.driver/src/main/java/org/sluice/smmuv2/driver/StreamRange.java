package org.sluice.smmuv2.driver;

import org.sluice.smmuv2.arch.StreamMatch;

/**
 * What an entry of stream matching takes.
 *
 * @param id a StreamID
 * @param mask bits of it that do not count
 */
record StreamRange(int id, int mask) {
    /** What an SMR says in the form of 15 bits; null when it takes nothing. */
    static StreamRange plain(long smr) {
        return StreamMatch.valid(smr) == 0
                ? null
                : new StreamRange((int) StreamMatch.id(smr), (int) StreamMatch.mask(smr));
    }

    /** What an SMR says in the form of 16 bits, whose valid bit is S2CR's. */
    static StreamRange extended(long smr) {
        return new StreamRange((int) StreamMatch.exid(smr), (int) StreamMatch.exmask(smr));
    }

    static StreamRange of(int streamId) {
        return new StreamRange(streamId, 0);
    }

    /** The SMR in either form. */
    long register(boolean extended) {
        return extended
                ? StreamMatch.withExmask(StreamMatch.withExid(0, id), mask)
                : StreamMatch.withMask(StreamMatch.withValid(StreamMatch.withId(0, id), 1), mask);
    }

    boolean takes(int streamId) {
        return ((streamId ^ id) & ~mask) == 0;
    }
}
