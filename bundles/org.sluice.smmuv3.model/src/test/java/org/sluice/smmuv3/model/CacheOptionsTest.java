package org.sluice.smmuv3.model;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.sluice.smmuv3.arch.CmdCfgiCd;
import org.sluice.smmuv3.arch.CmdTlbiNhVa;
import org.sluice.spi.board.Dma;
import org.sluice.spi.board.StreamStatistics;
import org.sluice.vmsa.arch.Stage1Leaf;
import org.sluice.vmsa.arch.Stage2Leaf;

/** How the caches are built, what an invalidation may remove beyond what it must, and what is counted. */
class CacheOptionsTest {
    private static final long OLD = 0x9400_0000L;
    private static final long NEW = 0x9600_0000L;

    private static void invalidate(Smmu smmu, long iova) {
        smmu.command(CmdTlbiNhVa.withAsid(CmdTlbiNhVa.OPCODE_VALUE, 1), iova);
        smmu.sync();
    }

    private static void fill(Smmu smmu, int pages) {
        for (int page = 0; page < pages; page++) {
            smmu.map(Smmu.ROOT, page * 4096L, OLD + page * 4096L, Tables.RW);
            smmu.read(page * 4096L);
        }
    }

    @ParameterizedTest
    @CsvSource({"1, 1", "2, 1", "2, 2", "8, 1", "8, 8", "64, 2", "64, 16", "4, 16"})
    void everyGeometryTranslatesAndHoldsNoMoreThanItsEntries(int entries, int ways) {
        Smmu smmu = Smmu.translating("tlb.entries", entries, "tlb.ways", ways);
        int pages = 100;
        fill(smmu, pages);
        // whatever is still held is removed, and counted
        smmu.command(CmdTlbiNhVa.withAsid(0x11, 1), 0);
        assertThat(smmu.counter("tlb.removed")).isBetween(1L, (long) entries);
        assertThat(smmu.counter("tlb.removed.unasked")).isZero();
        for (int page = 0; page < pages; page++) {
            smmu.map(Smmu.ROOT, page * 4096L, NEW + page * 4096L, Tables.RW);
            assertThat(smmu.translate(Dma.NO_PASID, page * 4096L, 0).address()).isEqualTo(NEW + page * 4096L);
        }
    }

    @Test
    void aFullyAssociativeTlbHoldsAsManyPagesAsItHasEntries() {
        Smmu smmu = Smmu.translating("tlb.entries", 16, "tlb.ways", 16);
        fill(smmu, 16);
        fill(smmu, 16);
        assertThat(smmu.counter("tlb.hit")).isEqualTo(16);
        assertThat(smmu.counter("tlb.hit.level3")).isEqualTo(16);
    }

    @ParameterizedTest
    @CsvSource({"none, 1, 0", "vmid, 8, 7", "all, 8, 7"})
    void anInvalidationMayRemoveMoreThanItWasAskedFor(String overreach, int removed, int unasked) {
        Smmu smmu = Smmu.translating("tlb.overreach", overreach);
        fill(smmu, 8);
        invalidate(smmu, 0x3000);
        assertThat(smmu.counter("tlb.removed")).isEqualTo(removed);
        assertThat(smmu.counter("tlb.removed.unasked")).isEqualTo(unasked);
        // and never less
        smmu.map(Smmu.ROOT, 0x3000, NEW, Tables.RW);
        assertThat(smmu.load(0x3000)).isEqualTo(smmu.memory.read64(NEW));
    }

    @ParameterizedTest
    @CsvSource({"none, 1, 0", "all, 2, 1"})
    void soMayOneOfConfiguration(String overreach, int removed, int unasked) {
        Smmu smmu = Smmu.on("config.overreach", overreach)
                .stage1(2, 0)
                .cd(1, Smmu.cdWord0(1), Smmu.ROOT)
                .cd(2, Smmu.cdWord0(2), Smmu.ROOT);
        smmu.load(1, 0x1000);
        smmu.load(2, 0x1000);
        long cfgi = CmdCfgiCd.withSubstreamID(CmdCfgiCd.withStreamID(CmdCfgiCd.OPCODE_VALUE, Smmu.SID), 1);
        smmu.command(cfgi, 1);
        assertThat(smmu.counter("config.removed")).isEqualTo(removed);
        assertThat(smmu.counter("config.removed.unasked")).isEqualTo(unasked);
    }

    @ParameterizedTest
    @CsvSource({"false, 16", "true, 1"})
    void aContiguousRunMayBeOneEntry(boolean option, int misses) {
        Smmu smmu = Smmu.translating("tlb.contiguous", option);
        for (int page = 0; page < 16; page++) {
            smmu.map(Smmu.ROOT, 0x1_0000 + page * 4096L, OLD + page * 4096L, Tables.RW | Stage1Leaf.CONTIGUOUS_MASK);
        }
        for (int page = 0; page < 16; page++) {
            smmu.memory.write64(OLD + page * 4096L, page);
            assertThat(smmu.load(0x1_0000 + page * 4096L)).isEqualTo(page);
        }
        assertThat(smmu.counter("tlb.miss")).isEqualTo(misses);
        // one page of the run removes the run; its neighbour would be stale otherwise
        smmu.map(Smmu.ROOT, 0x1_5000, NEW, Tables.RW);
        smmu.memory.write64(NEW, 99);
        long last = CmdTlbiNhVa.withTtl(CmdTlbiNhVa.withTg(0x1_5000, CmdTlbiNhVa.TG_4K), 3);
        smmu.command(CmdTlbiNhVa.withAsid(CmdTlbiNhVa.OPCODE_VALUE, 1), last);
        smmu.sync();
        assertThat(smmu.load(0x1_5000)).isEqualTo(99);
    }

    @Test
    void aRunThatDoesNotLieAsOneIsNotMerged() {
        Smmu smmu = Smmu.translating("tlb.contiguous", true);
        // the output is not aligned as the input is
        smmu.map(Smmu.ROOT, 0x1_0000, OLD + 0x3000, Tables.RW | Stage1Leaf.CONTIGUOUS_MASK);
        smmu.map(Smmu.ROOT, 0x1_1000, NEW, Tables.RW);
        smmu.memory.write64(NEW, 99);
        smmu.read(0x1_0000);
        assertThat(smmu.load(0x1_1000)).isEqualTo(99);
    }

    @Test
    void aContiguousRunOfStage2MayBeOneEntry() {
        Smmu smmu = Smmu.on("tlb.contiguous", true).stage2(6, 7);
        for (int page = 0; page < 16; page++) {
            smmu.map2(page * 4096L, OLD + page * 4096L, Tables.S2_RW | Stage2Leaf.CONTIGUOUS_MASK);
        }
        for (int page = 0; page < 16; page++) {
            smmu.memory.write64(OLD + page * 4096L, page);
            assertThat(smmu.load(page * 4096L)).isEqualTo(page);
        }
        assertThat(smmu.counter("s2.tlb.miss")).isEqualTo(1);
        assertThat(smmu.counter("s2.tlb.hit.level3")).isEqualTo(15);
    }

    @Test
    void streamsAreCountedApartAndTheirSumIsTheInstances() {
        Smmu smmu = Smmu.translating();
        smmu.ste(7, Smmu.stage1Word0(0));
        smmu.map(Smmu.ROOT, 0x1000, OLD, Tables.RW);
        byte[] data = new byte[16];
        for (int i = 0; i < 3; i++) {
            smmu.model.transact(7, Dma.NO_PASID, 0x1000, 0, data, 0, 16);
        }
        smmu.read(0x1000);
        smmu.read(0x2000);
        StreamStatistics statistics = (StreamStatistics) smmu.model;
        assertThat(statistics.streams()).containsExactly(7, Smmu.SID);
        assertThat(statistics.read(7))
                .containsEntry("transaction", 3L)
                .containsEntry("tlb.hit", 2L)
                .containsEntry("tlb.hit.level3", 2L)
                .containsEntry("walk", 1L)
                .containsEntry("walk.read", 4L)
                .containsEntry("bytes.read", 48L)
                .containsEntry("fault", 0L);
        assertThat(statistics.read(Smmu.SID)).containsEntry("transaction", 2L).containsEntry("fault", 1L);
        assertThat(statistics.read(99)).isEmpty();
        for (String name : statistics.read(7).keySet()) {
            assertThat(smmu.counter(name))
                    .as(name)
                    .isEqualTo(statistics.read(7).get(name)
                            + statistics.read(Smmu.SID).getOrDefault(name, 0L));
        }
    }

    @Test
    void streamsThatFindNoRoomAreStillCountedTogether() {
        Smmu smmu = Smmu.on("statistics.streams", 4);
        for (int sid = 0; sid < 200; sid++) {
            smmu.model.transact(sid, Dma.NO_PASID, 0, 0, new byte[1], 0, 1);
        }
        smmu.model.transact(-1, Dma.NO_PASID, 0, 0, new byte[1], 0, 1);
        assertThat(((StreamStatistics) smmu.model).streams()).hasSize(4);
        assertThat(smmu.counter("transaction")).isEqualTo(201);
    }
}
