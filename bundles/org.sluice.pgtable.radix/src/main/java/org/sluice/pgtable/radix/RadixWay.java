package org.sluice.pgtable.radix;

import org.sluice.api.Prot;

/** The short way to leaves of one size in a tree. */
final class RadixWay extends LeafWay {
    final Level level;
    /** log2 of the size in bytes. */
    final int shift;
    /** Bits of every leaf of this size, beside address and attributes. */
    final long kind;
    /** Equal entries of one leaf. */
    final int replicas;
    /** Bits of which an entry has one when it is there. */
    final long presence;
    /** Bits of which a leaf of one entry has one, and a table none. */
    final long leaf;
    /** Tells an entry of a group from a leaf of one entry. */
    final long grouped;
    /** How far an address stands below its place in memory. */
    final int addressShift;

    /**
     * A way.
     *
     * @param bytes size of a leaf: what an entry of the level covers, or a group of them
     * @param attributes bits by protection; 0 for those that grant nothing
     */
    RadixWay(Tables tables, Level level, long bytes, long lastPaddr, long[] attributes) {
        super(tables.near(level), level.shift, Level.ENTRIES, bytes, ~lastPaddr | bytes - 1);
        EntryCode code = tables.code;
        boolean isGroup = bytes != level.bytes();
        this.level = level;
        shift = Long.numberOfTrailingZeros(bytes);
        kind = isGroup ? code.group : code.leaf(level);
        replicas = isGroup ? EntryCode.GROUP_ENTRIES : 1;
        presence = code.presence;
        leaf = code.leafBits(level);
        grouped = code.grouped;
        addressShift = code.addressShift;
        for (int prot = 0; prot <= Prot.ALL && !isGroup; prot++) {
            grant(prot, attributes[prot] == 0 ? 0 : attributes[prot] | kind);
        }
    }

    /** Whether an entry is a leaf by itself; for ways to groups too, though they map no such leaf. */
    boolean isSingle(long entry) {
        return (entry & presence) != 0 && (entry & leaf) != 0 && (entry & grouped) == 0;
    }
}
