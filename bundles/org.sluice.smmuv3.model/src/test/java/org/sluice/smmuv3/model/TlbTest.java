package org.sluice.smmuv3.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TlbTest {
    private static final int[] GRANULES = {12, 14, 16};

    private final Generation generation = new Generation();

    private static long leaf(int asid, long base, int log2size, boolean global) {
        long output = (asid * 0x1_0000_0000L + base & 0xf_ffff_ffff_ffffL) & -1L << log2size;
        return Leaf.of(output, log2size, global ? 0 : Leaf.NOT_GLOBAL);
    }

    private static void fill(Tlb tlb, int vmid, int asid, long address, int granule, long leaf, long began) {
        tlb.fill(TlbTag.of(Regime.EL1, vmid, asid, granule), address, leaf, 0, began);
    }

    private static long lookup(Tlb tlb, int vmid, int asid, long address, int granule) {
        return tlb.lookup(TlbTag.of(Regime.EL1, vmid, asid, granule), address, TransactionSlots.inquiry());
    }

    private static long tag(Entry entry) {
        long tag = TlbTag.of(Regime.EL1, entry.vmid(), entry.asid(), entry.granule());
        return entry.global() ? TlbTag.global(tag) : tag;
    }

    /** Key of an entry in the oracle. */
    private record Entry(int vmid, int asid, boolean global, int granule, long base, int log2size) {}

    private static Entry random(Random random) {
        int asid = random.nextInt(3);
        // one granule an ASID, else more than the ways of a set may compete for it
        int granule = GRANULES[asid];
        int level = 3;
        while (level > 1 && random.nextInt(3) == 0 && Granule.blockAllowed(granule, level - 1, false)) {
            level--;
        }
        int log2size = Granule.shift(granule, level);
        long high = random.nextBoolean() ? 0 : -1L << 47;
        long base = (high | random.nextInt(1 << 8) * 4096L | (long) random.nextInt(3) << 30) & -1L << log2size;
        return new Entry(random.nextInt(2), asid, random.nextInt(8) == 0, granule, base, log2size);
    }

    private static TlbScope scope(Random random) {
        int vmid = random.nextInt(4) == 0 ? TlbScope.ANY : random.nextInt(2);
        int asid = random.nextInt(3) == 0 ? TlbScope.ANY : random.nextInt(3);
        if (vmid == TlbScope.ANY || random.nextInt(3) == 0) {
            return asid == TlbScope.ANY ? TlbScope.all(vmid) : TlbScope.asid(vmid, asid);
        }
        Entry near = random(random);
        long first = near.base() + random.nextInt(16) * 4096L;
        long last = first + (random.nextInt(8) == 0 ? 1L << 31 : (1L + random.nextInt(80)) * 4096) - 1;
        boolean filtered = random.nextInt(4) == 0;
        int level = filtered ? 2 + random.nextInt(2) : 0;
        boolean wraps = Long.compareUnsigned(last, first) < 0;
        return new TlbScope(
                TlbScope.Stages.FIRST,
                Regime.EL1,
                vmid,
                asid,
                first,
                wraps ? -1L : last,
                filtered ? near.granule() : 0,
                level);
    }

    /** Against a plain map: what is found was filled and not invalidated since; with room for all, it is found. */
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6})
    void fillsAndInvalidationsAgainstAPlainMap(long seed) {
        Random random = new Random(seed);
        boolean roomy = seed % 2 == 0;
        Tlb tlb = new Tlb(TlbShape.of(roomy ? 1 << 20 : 16), generation);
        Map<Entry, Long> oracle = new HashMap<>();
        for (int step = 0; step < (roomy ? 400 : 6000); step++) {
            if (random.nextInt(roomy ? 20 : 6) == 0) {
                TlbScope scope = scope(random);
                generation.advance();
                tlb.invalidate(scope);
                oracle.keySet().removeIf(entry -> scope.covers(tag(entry), entry.base(), entry.log2size()));
            } else {
                Entry entry = random(random);
                long leaf = leaf(entry.asid(), entry.base(), entry.log2size(), entry.global());
                fill(tlb, entry.vmid(), entry.asid(), entry.base(), entry.granule(), leaf, generation.current());
                oracle.put(key(entry), leaf);
            }
            Entry probe = random(random);
            check(tlb, oracle, probe, roomy);
        }
        for (Entry entry : List.copyOf(oracle.keySet())) {
            check(tlb, oracle, entry, roomy);
        }
        assertThat(oracle).isNotEmpty();
    }

    // a global entry has no ASID of its own
    private static Entry key(Entry entry) {
        return entry.global()
                ? new Entry(entry.vmid(), 0, true, entry.granule(), entry.base(), entry.log2size())
                : entry;
    }

    private static void check(Tlb tlb, Map<Entry, Long> oracle, Entry probe, boolean roomy) {
        long found = lookup(tlb, probe.vmid(), probe.asid(), probe.base(), probe.granule());
        List<Long> possible = new ArrayList<>();
        for (int level = 1; level <= 3; level++) {
            int log2size = Granule.shift(probe.granule(), level);
            long base = probe.base() & -1L << log2size;
            for (boolean global : new boolean[] {false, true}) {
                Entry candidate =
                        new Entry(probe.vmid(), global ? 0 : probe.asid(), global, probe.granule(), base, log2size);
                if (oracle.containsKey(candidate)) {
                    possible.add(oracle.get(candidate));
                }
            }
        }
        if (found != Tlb.MISS) {
            assertThat(possible).contains(found);
        } else if (roomy) {
            assertThat(possible).isEmpty();
        }
    }

    @Test
    void aFillOfAnOlderGenerationIsDropped() {
        Tlb tlb = new Tlb(TlbShape.of(16), generation);
        long began = generation.current();
        generation.advance();
        fill(tlb, 0, 1, 0x1000, 12, leaf(1, 0x1000, 12, false), began);
        assertThat(lookup(tlb, 0, 1, 0x1000, 12)).isEqualTo(Tlb.MISS);
    }

    /** One set, so that every fill evicts what another thread is reading: a torn read would mix two entries. */
    @Test
    @Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
    void aReaderNeverSeesHalfOfAnEntry() throws Exception {
        Tlb tlb = new Tlb(TlbShape.of(4), generation);
        AtomicBoolean stop = new AtomicBoolean();
        AtomicLong hits = new AtomicLong();
        ExecutorService readers = Executors.newFixedThreadPool(2);
        List<Future<Long>> results = new ArrayList<>();
        for (int reader = 0; reader < 2; reader++) {
            Random random = new Random(reader);
            results.add(readers.submit(() -> {
                long torn = 0;
                while (!stop.get()) {
                    int asid = random.nextInt(4);
                    long page = random.nextInt(4) * 4096L;
                    long found = lookup(tlb, 0, asid, page, 12);
                    if (found != Tlb.MISS) {
                        hits.incrementAndGet();
                        torn += found == leaf(asid, page, 12, false) ? 0 : 1;
                    }
                }
                return torn;
            }));
        }
        Random random = new Random(99);
        for (int fill = 0; fill < 2_000_000 || hits.get() < 1000; fill++) {
            int asid = random.nextInt(4);
            long page = random.nextInt(4) * 4096L;
            fill(tlb, 0, asid, page, 12, leaf(asid, page, 12, false), generation.current());
        }
        stop.set(true);
        for (Future<Long> result : results) {
            assertThat(result.get()).isZero();
        }
        readers.shutdown();
    }
}
