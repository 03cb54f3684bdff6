package org.sluice.smmuv3.model;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * The TLB: set-associative, in one {@code long[]}, each set under a sequence lock. Entries are tagged by stage, VMID, ASID
 * or global, granule and size. Any thread; a look-up neither locks nor allocates.
 *
 * <p>There are entries of stage 1, by input address, with stage 2 combined into them where there is one; and entries of
 * stage 2 alone, by IPA. Where stage 2 maps in smaller leaves than stage 1, an entry is a piece of the stage-1 leaf, and
 * an invalidation that covers any byte of that leaf removes all its pieces.
 *
 * <p>A fill carries the generation that was read before its walk began. {@link #invalidate} is called after the generation
 * moved on, and takes the lock of each set that it sweeps: a late fill either finds the new generation under that lock, and
 * is dropped, or was there before the sweep, and is swept.
 */
final class Tlb {
    /** Entries of a set. */
    static final int WAYS = 4;

    /** Answer of {@link #lookup}: no entry. 0 is no leaf, since a leaf has a size. */
    static final long MISS = 0;

    private static final VarHandle LONGS = MethodHandles.arrayElementVarHandle(long[].class);
    // a set: sequence and next victim, a spare word, then for each way its tag, its base and its leaf
    private static final int WAY_WORDS = 3;
    private static final int FIRST_WAY = 2;
    private static final int SET_WORDS = 16;
    private static final int TAG = 0;
    private static final int BASE = 1;
    private static final int LEAF = 2;

    // tag: valid, global, stage 2 alone, granule, VMID, ASID
    private static final long VALID = 1L << 63;
    private static final long GLOBAL = 1L << 62;
    private static final long STAGE2 = 1L << 61;
    private static final int GRANULE_SHIFT = 40;
    private static final long GRANULE_MASK = 0x1f;
    private static final int VMID_SHIFT = 16;
    private static final long ID_MASK = 0xffff;
    // VMID and ASID together choose the set
    private static final long IDS_MASK = 0xffff_ffffL;

    private static final long LOCKED = 1;
    private static final int MAX_PROBES = 64;

    private final long[] words;
    private final int sets;
    private final Generation generation;
    // bit n: a leaf of 2^n bytes was ever filled; never cleared, so it may only cost a probe
    private volatile long sizes;
    private volatile boolean globals;
    private volatile boolean pieces;

    Tlb(int entries, Generation generation) {
        sets = entries / WAYS;
        words = new long[sets * SET_WORDS];
        this.generation = generation;
    }

    private static long tag(int vmid, int asid, boolean global, int granule) {
        long id = global ? GLOBAL : asid;
        return VALID | id | (long) vmid << VMID_SHIFT | (long) granule << GRANULE_SHIFT;
    }

    private int set(long base, int log2size, long tag) {
        long hash = (base >>> log2size) * 0x9e3779b97f4a7c15L + (tag & IDS_MASK) * 0xd1b54a32d192ed03L;
        return (int) (hash >>> 32 & sets - 1) * SET_WORDS;
    }

    private static long stage2Tag(int vmid, int granule) {
        return tag(vmid, 0, false, granule) | STAGE2;
    }

    /**
     * Finds the leaf that maps an address through stage 1, and stage 2 if there is one.
     *
     * @param canonical input address
     * @param granule log2 of the granule of the address's half
     * @param smallest log2 of the smaller granule of both stages; without stage 2 the same
     * @return a {@link Leaf}, or {@link #MISS}
     */
    long lookup(int vmid, int asid, long canonical, int granule, int smallest) {
        if (sets == 0) {
            return MISS;
        }
        long leaf = lookup(tag(vmid, asid, false, granule), canonical, smallest);
        return leaf != MISS || !globals ? leaf : lookup(tag(vmid, asid, true, granule), canonical, smallest);
    }

    /** Finds the leaf of stage 2 that maps an IPA, or {@link #MISS}. */
    long lookupStage2(int vmid, long ipa, int granule) {
        return sets == 0 ? MISS : lookup(stage2Tag(vmid, granule), ipa, granule);
    }

    private long lookup(long tag, long address, int granule) {
        long present = sizes;
        for (int level = Granule.LAST_LEVEL; level > 0; level--) {
            int log2size = Granule.shift(granule, level);
            if ((present >>> log2size & 1) != 0) {
                long leaf = probe(tag, address & -1L << log2size, log2size);
                if (leaf != MISS) {
                    return leaf;
                }
            }
        }
        return MISS;
    }

    private long probe(long tag, long base, int log2size) {
        int set = set(base, log2size, tag);
        long before = (long) LONGS.getAcquire(words, set);
        if ((before & LOCKED) != 0) {
            return MISS;
        }
        long found = MISS;
        for (int way = set + FIRST_WAY; way < set + FIRST_WAY + WAYS * WAY_WORDS; way += WAY_WORDS) {
            if ((long) LONGS.getOpaque(words, way + TAG) == tag && (long) LONGS.getOpaque(words, way + BASE) == base) {
                long leaf = (long) LONGS.getOpaque(words, way + LEAF);
                if (Leaf.log2size(leaf) == log2size) {
                    found = leaf;
                    break;
                }
            }
        }
        // what was read counts only if no writer came in between
        VarHandle.acquireFence();
        return (long) LONGS.getOpaque(words, set) == before ? found : MISS;
    }

    /**
     * Keeps a leaf of stage 1, or of both, unless anything was invalidated since its walk began.
     *
     * @param began generation before the transaction read its first structure
     */
    void fill(int vmid, int asid, long canonical, int granule, long leaf, long began) {
        fill(tag(vmid, asid, Leaf.isGlobal(leaf), granule), canonical, leaf, began);
    }

    /** Keeps a leaf of stage 2 alone, as {@link #fill(int, int, long, int, long, long)} does. */
    void fillStage2(int vmid, long ipa, int granule, long leaf, long began) {
        fill(stage2Tag(vmid, granule), ipa, leaf, began);
    }

    private void fill(long tag, long address, long leaf, long began) {
        if (sets == 0) {
            return;
        }
        int log2size = Leaf.log2size(leaf);
        boolean global = (tag & GLOBAL) != 0;
        boolean piece = Leaf.isPiece(leaf);
        // announced before the entry is there, so that no look-up and no invalidation passes it by
        if ((sizes >>> log2size & 1) == 0 || global && !globals || piece && !pieces) {
            announce(log2size, global, piece);
        }
        long base = address & -1L << log2size;
        int set = set(base, log2size, tag);
        lock(set);
        if (generation.current() == began) {
            int way = set + FIRST_WAY + victim(set, tag, base, log2size) * WAY_WORDS;
            LONGS.setOpaque(words, way + TAG, tag);
            LONGS.setOpaque(words, way + BASE, base);
            LONGS.setOpaque(words, way + LEAF, leaf);
        }
        unlock(set);
    }

    private synchronized void announce(int log2size, boolean global, boolean piece) {
        sizes |= 1L << log2size;
        globals |= global;
        pieces |= piece;
    }

    // the way that has it already, else a free one, else in turn
    private int victim(int set, long tag, long base, int log2size) {
        int free = -1;
        for (int i = 0; i < WAYS; i++) {
            int way = set + FIRST_WAY + i * WAY_WORDS;
            if (words[way + TAG] == 0) {
                free = i;
            } else if (words[way + TAG] == tag
                    && words[way + BASE] == base
                    && Leaf.log2size(words[way + LEAF]) == log2size) {
                return i;
            }
        }
        return free >= 0 ? free : (int) (words[set + 1]++ & WAYS - 1);
    }

    /** Removes what a scope covers. The generation must have moved on before. */
    void invalidate(TlbScope scope) {
        if (sets == 0 || sweptByProbes(scope)) {
            return;
        }
        for (int set = 0; set < words.length; set += SET_WORDS) {
            sweep(set, scope);
        }
    }

    // A few pages of one ASID or IPA space: their sets only. Otherwise the whole array is cheaper, or the sets are not
    // known.
    private boolean sweptByProbes(TlbScope scope) {
        boolean stage2 = scope.stages() == TlbScope.Stages.SECOND;
        boolean oneSpace = stage2 || scope.stages() == TlbScope.Stages.FIRST && scope.asid() != TlbScope.ANY;
        if (!oneSpace || scope.vmid() == TlbScope.ANY || scope.everyAddress()) {
            return false;
        }
        long pages = (scope.last() >>> Granule.BITS_4K) - (scope.first() >>> Granule.BITS_4K) + 1;
        if (pages > MAX_PROBES || !stage2 && (globals || pieces)) {
            return false;
        }
        long present = sizes;
        long tag = stage2 ? stage2Tag(scope.vmid(), 0) : tag(scope.vmid(), scope.asid(), false, 0);
        for (; present != 0; present &= present - 1) {
            int log2size = Long.numberOfTrailingZeros(present);
            long base = scope.first() & -1L << log2size;
            long end = scope.last() & -1L << log2size;
            sweep(set(base, log2size, tag), scope);
            while (base != end) {
                base += 1L << log2size;
                sweep(set(base, log2size, tag), scope);
            }
        }
        return true;
    }

    private void sweep(int set, TlbScope scope) {
        lock(set);
        for (int way = set + FIRST_WAY; way < set + FIRST_WAY + WAYS * WAY_WORDS; way += WAY_WORDS) {
            long tag = words[way + TAG];
            if (tag == 0 || !scope.reaches((tag & STAGE2) != 0)) {
                continue;
            }
            int log2size = Leaf.wholeLog2size(words[way + LEAF]);
            if (scope.covers(
                    (int) (tag >>> VMID_SHIFT & ID_MASK),
                    (int) (tag & ID_MASK),
                    (tag & GLOBAL) != 0,
                    words[way + BASE] & -1L << log2size,
                    log2size,
                    (int) (tag >>> GRANULE_SHIFT & GRANULE_MASK))) {
                LONGS.setOpaque(words, way + TAG, 0L);
            }
        }
        unlock(set);
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
