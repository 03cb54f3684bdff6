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
 * <p>A set is its sequence, then for each way its tag with the leaf's attributes, its base with log2 of its size, and its
 * leaf: four ways fill 13 of 16 words. The sequence, which every write moves on, is also whose turn it is to be replaced.
 */
final class Tlb {
    /** Answer of {@link #lookup}: no entry. 0 is no leaf, since a leaf has a size. */
    static final long MISS = 0;

    private static final VarHandle LONGS = MethodHandles.arrayElementVarHandle(long[].class);
    private static final int FIRST_WAY = 1;
    private static final int WAY_WORDS = 3;
    private static final int KEY = 1;
    private static final int LEAF = 2;
    private static final long LOCKED = 1;
    private static final int MAX_PROBES = 64;

    private final TlbShape shape;
    private final long[] words;
    private final int ways;
    // words of the ways of a set; sets are a power of two apart
    private final int waysWords;
    private final int setShift;
    private final int setMask;
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
        waysWords = ways * WAY_WORDS;
        setShift = Integer.SIZE - Integer.numberOfLeadingZeros(FIRST_WAY + waysWords - 1);
        int sets = ways == 0 ? 0 : shape.entries() / ways;
        words = new long[sets << setShift];
        setMask = sets - 1;
    }

    private int set(long base, int log2size, long tag) {
        long hash = (base >>> log2size) * 0x9e3779b97f4a7c15L + TlbTag.spread(tag);
        return ((int) (hash >>> 32) & setMask) << setShift;
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
            long leaf = probe(tag, address >>> log2size << log2size, log2size, slot);
            if (leaf != MISS) {
                return leaf;
            }
        }
        return globals && !TlbTag.isGlobal(tag) && !TlbTag.isStage2(tag)
                ? lookup(TlbTag.global(tag), address, slot)
                : MISS;
    }

    // plain reads between an acquire and a fence: they count only if no writer came in between
    private long probe(long tag, long base, int log2size, long[] slot) {
        long[] array = words;
        int set = set(base, log2size, tag);
        long before = (long) LONGS.getAcquire(array, set);
        long key = base | log2size;
        int end = set + FIRST_WAY + waysWords;
        for (int way = set + FIRST_WAY; way < end; way += WAY_WORDS) {
            long found = array[way];
            if (array[way + KEY] == key && TlbTag.matches(found, tag)) {
                long leaf = array[way + LEAF];
                VarHandle.acquireFence();
                if ((before & LOCKED) != 0 || (long) LONGS.getOpaque(array, set) != before) {
                    return MISS;
                }
                slot[TransactionSlots.ATTRIBUTES] = TlbTag.attributes(found);
                return leaf;
            }
        }
        return MISS;
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
        long base = address >>> log2size << log2size;
        int set = set(base, log2size, tag);
        lock(set);
        if (generation.current() == began) {
            int victim = victim(set, tag, base | log2size);
            int way = set + FIRST_WAY + victim * WAY_WORDS;
            LONGS.setOpaque(words, way, TlbTag.withAttributes(tag, attributes));
            LONGS.setOpaque(words, way + KEY, base | log2size);
            LONGS.setOpaque(words, way + LEAF, leaf);
        }
        unlock(set);
    }

    private synchronized void announce(int log2size, boolean global, boolean piece) {
        sizes |= 1L << log2size;
        globals |= global;
        pieces |= piece;
    }

    // the way that has it already, else the first that is free, else in turn
    private int victim(int set, long tag, long key) {
        int free = -1;
        for (int i = ways - 1; i >= 0; i--) {
            int way = set + FIRST_WAY + i * WAY_WORDS;
            if (words[way] == 0) {
                free = i;
            } else if (words[way + KEY] == key && TlbTag.matches(words[way], tag)) {
                return i;
            }
        }
        return free >= 0 ? free : (int) (words[set] >>> 1) & ways - 1;
    }

    /** Removes what a scope covers, or more if the shape says so. The generation must have moved on before. */
    void invalidate(TlbScope scope) {
        if (ways == 0) {
            return;
        }
        TlbScope wide = shape.overreach().of(scope);
        if (!sweptByProbes(wide, scope)) {
            for (int set = 0; set < words.length; set += 1 << setShift) {
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
            long base = wide.first() >>> log2size << log2size;
            long end = wide.last() >>> log2size << log2size;
            sweep(set(base, log2size, tag), wide, asked);
            while (base != end) {
                base += 1L << log2size;
                sweep(set(base, log2size, tag), wide, asked);
            }
        }
        return true;
    }

    private void sweep(int set, TlbScope wide, TlbScope asked) {
        lock(set);
        int gone = 0;
        int beyond = 0;
        for (int way = set + FIRST_WAY; way < set + FIRST_WAY + waysWords; way += WAY_WORDS) {
            long tag = words[way];
            if (tag == 0) {
                continue;
            }
            int log2size = Leaf.wholeLog2size(words[way + LEAF]);
            long base = words[way + KEY] >>> log2size << log2size;
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
        while (true) {
            long sequence = (long) LONGS.getOpaque(words, set);
            if ((sequence & LOCKED) == 0 && LONGS.compareAndSet(words, set, sequence, sequence + 1)) {
                // readers must see the sequence odd before they can see anything that is written under it
                VarHandle.storeStoreFence();
                return;
            }
            Thread.onSpinWait();
        }
    }

    private void unlock(int set) {
        LONGS.setRelease(words, set, words[set] + 1);
    }
}
