package org.sluice.smmuv3.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.sluice.smmuv3.arch.CmdTlbiNhVa;
import org.sluice.smmuv3.arch.ContextDescriptor;
import org.sluice.smmuv3.arch.Opcode;
import org.sluice.spi.board.Translation;

/**
 * Any sequence of map, unmap, DMA and TLBI in three spaces of three granules, against a plain map. Until an invalidation
 * covers a page, a device may reach what was mapped there since the last one; afterwards only what is mapped now.
 */
class InvalidationPropertyTest {
    private static final int SPACES = 3;
    private static final int PAGES = 40;
    private static final int[] GRANULE = {12, 14, 16};
    private static final int[] TG0 = {0, 2, 1};
    private static final long DATA = 0x9400_0000L;

    private final long[][] mapped = new long[SPACES][PAGES];

    private final List<List<Set<Long>>> possible = new ArrayList<>();

    private final long[] roots = new long[SPACES];
    private Smmu smmu;
    private long nextPage;

    private void start(Object... properties) {
        smmu = Smmu.on(properties).stage1(2, 2);
        for (int space = 0; space < SPACES; space++) {
            roots[space] = smmu.table();
            smmu.cd(space + 1, ContextDescriptor.withTg0(Smmu.cdWord0(asid(space)), TG0[space]), roots[space]);
            possible.add(new ArrayList<>());
            for (int page = 0; page < PAGES; page++) {
                possible.get(space).add(new HashSet<>(Set.of(0L)));
            }
        }
    }

    private static int asid(int space) {
        return space + 10;
    }

    private static long iova(int space, int page) {
        // around the end of a last-level table of each granule
        long tableEnd = 1L << GRANULE[space] + GRANULE[space] - 3;
        return tableEnd + ((long) page - PAGES / 2 << GRANULE[space]);
    }

    private void map(int space, int page, boolean present) {
        long output = present ? DATA + (nextPage++ % 512 << 16) : 0;
        long descriptor = present ? output | Tables.RW | 3 : 0;
        Tables.map(smmu, roots[space], GRANULE[space], 48, iova(space, page), 3, descriptor);
        mapped[space][page] = output;
        possible.get(space).get(page).add(output);
    }

    private void check(int space, int page) {
        Translation now = smmu.translate(space + 1, iova(space, page), 0);
        smmu.load(space + 1, iova(space, page));
        long reached = now.outcome() == Translation.Outcome.TRANSLATED ? now.address() : 0;
        assertThat(possible.get(space).get(page))
                .as("space %d, page %d", space, page)
                .contains(reached);
    }

    private void settle(int space, int first, int last) {
        for (int page = Math.max(0, first); page <= Math.min(PAGES - 1, last); page++) {
            possible.get(space).get(page).clear();
            possible.get(space).get(page).add(mapped[space][page]);
        }
    }

    private void invalidate(Random random) {
        int space = random.nextInt(SPACES);
        int page = random.nextInt(PAGES);
        switch (random.nextInt(5)) {
            case 0 -> {
                smmu.command(random.nextBoolean() ? Opcode.TLBI_NH_ALL : Opcode.TLBI_NSNH_ALL, 0);
                for (int each = 0; each < SPACES; each++) {
                    settle(each, 0, PAGES - 1);
                }
            }
            case 1 -> {
                smmu.command(CmdTlbiNhVa.withAsid(Opcode.TLBI_NH_ASID, asid(space)), 0);
                settle(space, 0, PAGES - 1);
            }
            case 2 -> {
                // one address, anywhere in the page
                long inside = random.nextInt(1 << GRANULE[space]) & -4096L;
                smmu.command(CmdTlbiNhVa.withAsid(Opcode.TLBI_NH_VA, asid(space)), iova(space, page) + inside | 1);
                settle(space, page, page);
            }
            default -> {
                int num = random.nextInt(8);
                int scale = random.nextInt(3);
                boolean level = random.nextBoolean() || num == 0 && scale == 0;
                long word0 = CmdTlbiNhVa.withScale(CmdTlbiNhVa.withNum(Opcode.TLBI_NH_VA, num), scale);
                long word1 = CmdTlbiNhVa.withTtl(iova(space, page), level ? 3 : 0);
                word1 = CmdTlbiNhVa.withTg(word1, (GRANULE[space] - 10) / 2);
                smmu.command(CmdTlbiNhVa.withAsid(word0, asid(space)), word1);
                settle(space, page, page + ((num + 1) << scale) - 1);
            }
        }
        smmu.sync();
        assertThat(smmu.commandsConsumed()).isTrue();
    }

    private void run(long seed, int steps) {
        Random random = new Random(seed);
        for (int step = 0; step < steps; step++) {
            int space = random.nextInt(SPACES);
            int page = random.nextInt(PAGES);
            switch (random.nextInt(8)) {
                case 0, 1 -> map(space, page, true);
                case 2 -> map(space, page, false);
                case 3 -> invalidate(random);
                default -> check(space, page);
            }
            smmu.events();
        }
        for (int space = 0; space < SPACES; space++) {
            smmu.command(CmdTlbiNhVa.withAsid(Opcode.TLBI_NH_ASID, asid(space)), 0);
            settle(space, 0, PAGES - 1);
            for (int page = 0; page < PAGES; page++) {
                check(space, page);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {101, 102, 103, 104, 105, 106})
    void devicesReachOnlyWhatMayBeCached(long seed) {
        start();
        run(seed, 8000);
        assertThat(smmu.counter("tlb.hit")).isPositive();
    }

    @ParameterizedTest
    @ValueSource(longs = {201, 202})
    void devicesReachOnlyWhatMayBeCachedWithATinyTlb(long seed) {
        start("tlb.entries", 4, "config.entries", 4);
        run(seed, 8000);
    }
}
