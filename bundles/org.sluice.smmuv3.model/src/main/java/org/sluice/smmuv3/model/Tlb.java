package org.sluice.smmuv3.model;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.atomic.LongAdder;

/**
 * The TLB: set-associative, in one {@code long[]}, each set under a sequence lock. Entries are tagged by {@link TlbTag} and
 * size. Any thread; a look-up neither locks nor allocates.
 *
 * <p>There are entries of stage 1, by input address, with stage 2 combined into them where there is one; and entries of
 * stage 2 alone, by IPA. Where stage 2 maps in smaller leaves than stage 1, an entry is a piece of the stage-1 leaf, and
 * an invalidation that covers any byte of that leaf removes all its pieces.
 *
 * <p>A fill carries the generation that was read before its walk began. {@link #invalidate} is called after the generation
 * moved on, and takes the lock of each set that it sweeps: a late fill either finds the new generation under that lock, and
 * is dropped, or was there before the sweep, and is swept.
 *
 * <p>A way is four words: tag with the leaf's attributes, key of address and size, leaf, and in the first way of a set
 * the set's sequence. The sequence, which every write moves on, is also whose turn it is to be replaced. Pages in a row have
 * ways in a row as their homes: a look-up of a range that was mapped in one piece finds each page in the first way that it
 * looks at, and reads no cache line for one page alone.
 */
final class Tlb {
    /** Answer of {@link #lookup}: no entry. 0 is no leaf, since a leaf has a size. */
    static final long MISS = 0;

    private static final VarHandle LONGS = MethodHandles.arrayElementVarHandle(long[].class);
    private static final int WAY_SHIFT = 2;
    private static final int WAY_WORDS = 1 << WAY_SHIFT;
    private static final int KEY = 1;
    private static final int LEAF = 2;
    private static final int SEQUENCE = 3;
    // of the key: the number of the leaf among leaves of its size, above log2 of the size
    private static final int KEY_SHIFT = 6;
    private static final int KEY_SIZE = (1 << KEY_SHIFT) - 1;
    private static final int FOLD = 12;
    private static final int SIZE_SHIFT = 7;
    private static final long LOCKED = 1;
    private static final int MAX_PROBES = 64;

    private final TlbShape shape;
    private final long[] words;
    private final int ways;
    private final int setWords;
    private final int setMask;
    private final int entryMask;
    private final Generation generation;
    // bit n: a leaf of 2^n bytes was ever filled; never cleared, so it may only cost a probe
    private volatile long sizes;
    private volatile boolean globals;
    private volatile boolean pieces;
    private final LongAdder removed = new LongAdder();
    private final LongAdder removedBeyond = new LongAdder();

    Tlb(TlbShape shape, Generation generation) {
        this.shape = shape;
        this.generation = generation;
        ways = shape.ways();
        setWords = ways << WAY_SHIFT;
        setMask = -setWords;
        words = new long[shape.entries() << WAY_SHIFT];
        entryMask = shape.entries() - 1;
    }

    private static long key(long page, int log2size) {
        return page << KEY_SHIFT | log2size;
    }

    // The first word of the way where an entry is at home. Upper bits are folded in, so that strides of a power of two
    // do not compete for one set, and sizes are set apart.
    private int home(long page, int log2size, long tag) {
        long index = page ^ page >>> FOLD ^ page >>> 2 * FOLD ^ log2size << SIZE_SHIFT ^ TlbTag.spread(tag) >>> 32;
        return ((int) index & entryMask) << WAY_SHIFT;
    }

    private int set(int way) {
        return way & setMask;
    }

    /**
     * Finds the leaf that maps an address.
     *
     * @param tag non-global tag; a global entry is found too
     * @param address input address of the tag's stage
     * @param slot receives the leaf's attributes at {@link TransactionSlots#ATTRIBUTES}
     * @return a {@link Leaf}, or {@link #MISS}
     */
    long lookup(long tag, long address, long[] slot) {
        // most often there is one size
        for (long present = sizes; present != 0; present &= present - 1) {
            int log2size = Long.numberOfTrailingZeros(present);
            long leaf = probe(tag, address >>> log2size, log2size, slot);
            if (leaf != MISS) {
                return leaf;
            }
        }
        return globals && !TlbTag.isGlobal(tag) && !TlbTag.isStage2(tag)
                ? lookup(TlbTag.global(tag), address, slot)
                : MISS;
    }

    /** Whether {@link #isInConflict} ever says so. */
    boolean reportsConflicts() {
        return shape.reportsConflicts();
    }

    /**
     * Whether more than one entry maps an address that was found: leaves of several sizes, or a global one and another.
     *
     * @param slot receives what {@link #lookup} gives it
     */
    boolean isInConflict(long tag, long address, long[] slot) {
        int found = 0;
        for (long present = sizes; present != 0; present &= present - 1) {
            int log2size = Long.numberOfTrailingZeros(present);
            long page = address >>> log2size;
            found += probe(tag, page, log2size, slot) != MISS ? 1 : 0;
            if (globals && !TlbTag.isStage2(tag)) {
                found += probe(TlbTag.global(tag), page, log2size, slot) != MISS ? 1 : 0;
            }
        }
        return found > 1;
    }

    // plain reads between an acquire and a fence: they count only if no writer came in between
    private long probe(long tag, long page, int log2size, long[] slot) {
        long[] array = words;
        long key = key(page, log2size);
        int way = home(page, log2size, tag);
        int set = set(way);
        long before = (long) LONGS.getAcquire(array, set + SEQUENCE);
        long found = array[way];
        if (array[way + KEY] != key || !TlbTag.matches(found, tag)) {
            way = away(array, set, key, tag);
            if (way < 0) {
                return MISS;
            }
            found = array[way];
        }
        long leaf = array[way + LEAF];
        VarHandle.acquireFence();
        long moved = (long) LONGS.getOpaque(array, set + SEQUENCE) ^ before;
        if ((moved | before & LOCKED) != 0) {
            return MISS;
        }
        slot[TransactionSlots.ATTRIBUTES] = TlbTag.attributes(found);
        return leaf;
    }

    // the way that has an entry which may not be at home; negative if none has
    private int away(long[] array, int set, long key, long tag) {
        for (int way = set; way < set + setWords; way += WAY_WORDS) {
            if (array[way + KEY] == key && TlbTag.matches(array[way], tag)) {
                return way;
            }
        }
        return -1;
    }

    /**
     * Keeps a leaf, unless anything was invalidated since its walk began.
     *
     * @param tag non-global tag; a global leaf of stage 1 is kept for all ASIDs
     * @param address any address that the leaf maps
     * @param began generation before the transaction read its first structure
     */
    void fill(long tag, long address, long leaf, int attributes, long began) {
        if (ways == 0) {
            return;
        }
        boolean global = !TlbTag.isStage2(tag) && Leaf.isGlobal(leaf) && TlbTag.regime(tag).hasAsid;
        long kept = leaf;
        if (shape.contiguous() && Attributes.isContiguous(attributes) && !Leaf.isPiece(leaf)) {
            int granule = TlbTag.granule(tag);
            int level = Granule.levelOf(granule, Leaf.log2size(leaf));
            kept = Leaf.contiguous(leaf, address, Granule.contiguousBits(granule, level));
        }
        insert(global ? TlbTag.global(tag) : tag, address, kept, attributes, began);
    }

    private void insert(long tag, long address, long leaf, int attributes, long began) {
        int log2size = Leaf.log2size(leaf);
        boolean global = TlbTag.isGlobal(tag);
        boolean piece = Leaf.isPiece(leaf);
        // announced before the entry is there, so that no look-up and no invalidation passes it by
        if ((sizes >>> log2size & 1) == 0 || global && !globals || piece && !pieces) {
            announce(log2size, global, piece);
        }
        long page = address >>> log2size;
        long key = key(page, log2size);
        int home = home(page, log2size, tag);
        int set = set(home);
        boolean replaced = false;
        lock(set);
        if (generation.current() == began) {
            int way = victim(set, home, tag, key);
            replaced = words[way] != 0;
            LONGS.setOpaque(words, way, TlbTag.withAttributes(tag, attributes));
            LONGS.setOpaque(words, way + KEY, key);
            LONGS.setOpaque(words, way + LEAF, leaf);
        }
        unlock(set);
        if (replaced) {
            // what is not here is in no micro TLB
            generation.forget();
        }
    }

    private synchronized void announce(int log2size, boolean global, boolean piece) {
        sizes |= 1L << log2size;
        globals |= global;
        pieces |= piece;
    }

    // the way that has it already, else its home if that is free, else any that is free, else in turn
    private int victim(int set, int home, long tag, long key) {
        int present = away(words, set, key, tag);
        if (present >= 0 || words[home] == 0) {
            return present >= 0 ? present : home;
        }
        for (int way = set; way < set + setWords; way += WAY_WORDS) {
            if (words[way] == 0) {
                return way;
            }
        }
        return set + ((int) (words[set + SEQUENCE] >>> 1) & ways - 1) * WAY_WORDS;
    }

    /** Removes what a scope covers, or more if the shape says so. The generation must have moved on before. */
    void invalidate(TlbScope scope) {
        if (ways == 0) {
            return;
        }
        TlbScope wide = shape.overreach().of(scope);
        if (!sweptByProbes(wide, scope)) {
            for (int set = 0; set < words.length; set += setWords) {
                sweep(set, wide, scope);
            }
        }
    }

    // A few pages of one ASID or IPA space: their sets only. Otherwise the whole array is cheaper, or the sets are not
    // known.
    private boolean sweptByProbes(TlbScope wide, TlbScope asked) {
        boolean stage2 = wide.stages() == TlbScope.Stages.SECOND;
        boolean oneSpace = stage2 || wide.stages() == TlbScope.Stages.FIRST && wide.asid() != TlbScope.ANY;
        if (!oneSpace || wide.vmid() == TlbScope.ANY || wide.everyAddress()) {
            return false;
        }
        long count = (wide.last() >>> Granule.BITS_4K) - (wide.first() >>> Granule.BITS_4K) + 1;
        if (count > MAX_PROBES || !stage2 && (globals || pieces)) {
            return false;
        }
        // the set follows from VMID, ASID and address alone
        long tag = stage2
                ? TlbTag.stage2(wide.vmid(), 0)
                : TlbTag.of(wide.regime() == null ? Regime.EL1 : wide.regime(), wide.vmid(), wide.asid(), 0);
        for (long present = sizes; present != 0; present &= present - 1) {
            int log2size = Long.numberOfTrailingZeros(present);
            long page = wide.first() >>> log2size;
            long last = wide.last() >>> log2size;
            int swept = set(home(page, log2size, tag));
            sweep(swept, wide, asked);
            while (page != last) {
                page++;
                int set = set(home(page, log2size, tag));
                // pages in a row share sets
                if (set != swept) {
                    sweep(set, wide, asked);
                    swept = set;
                }
            }
        }
        return true;
    }

    private void sweep(int set, TlbScope wide, TlbScope asked) {
        lock(set);
        int gone = 0;
        int beyond = 0;
        for (int way = set; way < set + setWords; way += WAY_WORDS) {
            long tag = words[way];
            if (tag == 0) {
                continue;
            }
            int log2size = Leaf.wholeLog2size(words[way + LEAF]);
            // a piece has another size than the leaf that it is of
            long key = words[way + KEY];
            long base = key >>> KEY_SHIFT << (key & KEY_SIZE) >>> log2size << log2size;
            if (wide.covers(tag, base, log2size)) {
                LONGS.setOpaque(words, way, 0L);
                gone++;
                beyond += wide == asked || asked.covers(tag, base, log2size) ? 0 : 1;
            }
        }
        unlock(set);
        if (gone != 0) {
            removed.add(gone);
            removedBeyond.add(beyond);
        }
    }

    /** Entries that invalidations have removed. */
    long removed() {
        return removed.sum();
    }

    /** Those among them that nobody had asked to remove. */
    long removedBeyond() {
        return removedBeyond.sum();
    }

    private void lock(int set) {
        int at = set + SEQUENCE;
        while (true) {
            long sequence = (long) LONGS.getOpaque(words, at);
            if ((sequence & LOCKED) == 0 && LONGS.compareAndSet(words, at, sequence, sequence + 1)) {
                // readers must see the sequence odd before they can see anything that is written under it
                VarHandle.storeStoreFence();
                return;
            }
            Thread.onSpinWait();
        }
    }

    private void unlock(int set) {
        LONGS.setRelease(words, set + SEQUENCE, words[set + SEQUENCE] + 1);
    }
}
