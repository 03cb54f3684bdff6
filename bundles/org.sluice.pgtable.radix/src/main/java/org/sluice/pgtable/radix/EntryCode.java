package org.sluice.pgtable.radix;

/**
 * How an entry says what it is and where it points. Immutable, and data rather than a type for each format: whatever formats
 * are loaded, there is one class for a compiler to see. What a leaf grants is {@link LeafAttributes}' business.
 */
public final class EntryCode {
    /** log2 of the entries that are one leaf, where leaves are groups. */
    static final int GROUP_SHIFT = 4;

    /** Entries that are one leaf, where leaves are groups. */
    static final int GROUP_ENTRIES = 1 << GROUP_SHIFT;

    /** Bytes of such a leaf. */
    static final long GROUP_BYTES = GROUP_ENTRIES * Level.TABLE_BYTES;

    /** How far bit 0 and the other bit are apart of which one says that an entry is there; 0 if bit 0 alone does. */
    final int spread;
    /** Bits of which an entry has one when it is there. */
    final long presence;
    /** What a pointer to the next level has beside the address. */
    final long table;
    /** Tells an entry of a group from another one; 0 where there are none. */
    final long grouped;
    /** What the entries of a group have beside those of a page. */
    final long group;

    private final long passes;
    private final long takes;
    private final long leafAbove;
    private final long leafLast;
    private final long large;
    private final long address;
    private final long groupAddress;
    /** How far the address bits of an entry stand below those of the address. */
    final int addressShift;

    private EntryCode(Builder from) {
        spread = from.spread;
        presence = 1 | 1L << spread;
        passes = from.passes;
        takes = from.takes;
        table = from.passes | from.marks;
        leafAbove = from.leafAbove;
        leafLast = from.leafLast;
        large = from.large;
        address = from.address;
        addressShift = from.addressShift;
        grouped = from.grouped;
        group = from.group;
        groupAddress = from.groupAddress;
    }

    boolean isPresent(long entry) {
        return (entry & presence) != 0;
    }

    boolean isTable(long entry, Level level) {
        return !level.last && (entry & leafAbove) == 0 && isPresent(entry);
    }

    boolean isLeaf(long entry, Level level) {
        return isPresent(entry) && (entry & leafBits(level)) != 0;
    }

    /** Bits of which a leaf has one, and a table none. */
    long leafBits(Level level) {
        return level.last ? leafLast : leafAbove;
    }

    /** Whether a leaf is one entry of a group. */
    boolean isGrouped(long entry) {
        return (entry & grouped) != 0;
    }

    /** Whether a table leaves all rights to what is below it. */
    boolean passesRights(long entry) {
        return (entry & passes) == passes && (entry & takes) == 0;
    }

    /** What a leaf of a level has beside its address and attributes. */
    long leaf(Level level) {
        return level.last ? 0 : large;
    }

    /** Address bits of an entry for an address that is aligned to a page. */
    long encode(long target) {
        return target >>> addressShift;
    }

    /** Where an entry points that is none of a group. */
    long address(long entry) {
        return (entry & address) << addressShift;
    }

    /** Where a leaf begins in physical memory; for one of a group, where the group does. */
    long leafAddress(long entry) {
        return isGrouped(entry) ? (entry & groupAddress) << addressShift : address(entry);
    }

    /** Bytes that a leaf maps, with those it is grouped with. */
    long leafBytes(long entry, Level level) {
        return isGrouped(entry) ? GROUP_BYTES : level.bytes();
    }

    /** Entries of a leaf. */
    int leafEntries(long entry) {
        return isGrouped(entry) ? GROUP_ENTRIES : 1;
    }

    /** A coding in words. */
    public static final class Builder {
        private int spread;
        private long passes;
        private long marks;
        private long takes;
        private long leafAbove;
        private long leafLast;
        private long large;
        private long address;
        private int addressShift;
        private long grouped;
        private long group;
        private long groupAddress;

        /** An entry is there when bit 0 is set. */
        public Builder() {}

        /**
         * An entry is there when bit 0 or another bit is set.
         *
         * @param distance of the other bit from bit 0
         * @return this
         */
        public Builder presentByBitZeroOr(int distance) {
            spread = distance;
            return this;
        }

        /**
         * Where an entry points.
         *
         * @param mask address bits of an entry
         * @param shift how far they stand below those of the address
         * @return this
         */
        public Builder address(long mask, int shift) {
            address = mask;
            addressShift = shift;
            return this;
        }

        /**
         * What is a leaf.
         *
         * @param above of these bits an entry above the last level has one when it is a leaf, and none when it is a table
         * @param last of these an entry of the last level has one
         * @param written what a leaf above the last level gets beside address and attributes
         * @return this
         */
        public Builder leaves(long above, long last, long written) {
            leafAbove = above;
            leafLast = last;
            large = written;
            return this;
        }

        /**
         * What is a table.
         *
         * @param needed what it has, so as to grant all that its leaves grant
         * @param further what it gets beside that when it is written
         * @param forbidden what it must not have, so as to grant that
         * @return this
         */
        public Builder tables(long needed, long further, long forbidden) {
            passes = needed;
            marks = further;
            takes = forbidden;
            return this;
        }

        /**
         * Leaves of 64K in 16 equal entries of the last level.
         *
         * @param tells an entry of such a leaf from others
         * @param bits what those entries have beside what a page has
         * @param frame their address bits
         * @return this
         */
        public Builder withGroups(long tells, long bits, long frame) {
            grouped = tells;
            group = bits;
            groupAddress = frame;
            return this;
        }

        /**
         * The coding.
         *
         * @return immutable
         */
        public EntryCode build() {
            return new EntryCode(this);
        }
    }
}
