package org.sluice.smmuv3.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.sluice.smmuv3.arch.CmdTlbiNhVa;
import org.sluice.spi.board.Dma;
import org.sluice.spi.board.Translation;

/** A cache that is never stale would hide every missing invalidation of a driver. */
class StalenessTest {
    private static final long OLD = 0x9400_0000L;
    private static final long NEW = 0x9600_0000L;

    private static void invalidate(Smmu smmu, long iova) {
        smmu.command(CmdTlbiNhVa.withAsid(CmdTlbiNhVa.withOpcode(0, CmdTlbiNhVa.OPCODE_VALUE), 1), iova);
        smmu.sync();
    }

    @Test
    void aClearedDescriptorTranslatesUntilItsInvalidation() {
        Smmu smmu = Smmu.translating();
        smmu.memory.write64(OLD, 7);
        smmu.map(Smmu.ROOT, 0x1000, OLD, Tables.RW);
        assertThat(smmu.load(0x1000)).isEqualTo(7);
        Tables.map(smmu, Smmu.ROOT, 12, 48, 0x1000, 3, 0);
        assertThat(smmu.load(0x1000)).isEqualTo(7);

        invalidate(smmu, 0x1000);
        assertThat(smmu.read(0x1000)).isEqualTo(Dma.ABORT);
        assertThat(smmu.eventNames()).containsExactly("F_TRANSLATION");
    }

    @Test
    void aChangedDescriptorReachesTheOldPageUntilItsInvalidation() {
        Smmu smmu = Smmu.translating();
        smmu.memory.write64(OLD, 7);
        smmu.memory.write64(NEW, 8);
        smmu.map(Smmu.ROOT, 0x1000, OLD, Tables.RW);
        smmu.load(0x1000);
        smmu.map(Smmu.ROOT, 0x1000, NEW, Tables.RW);
        assertThat(smmu.load(0x1000)).isEqualTo(7);
        invalidate(smmu, 0x2000);
        assertThat(smmu.load(0x1000)).isEqualTo(7);
        invalidate(smmu, 0x1000);
        assertThat(smmu.load(0x1000)).isEqualTo(8);
    }

    @Test
    void aMissingMappingIsNotRemembered_R44() {
        Smmu smmu = Smmu.translating();
        assertThat(smmu.read(0x1000)).isEqualTo(Dma.ABORT);
        smmu.map(Smmu.ROOT, 0x1000, OLD, Tables.RW);
        assertThat(smmu.read(0x1000)).isEqualTo(Dma.OK);
    }

    @ParameterizedTest
    @CsvSource({"none,none", "4,none", "none,4", "16,16"})
    void withoutCachesOrWithTinyOnesDataIsTheSame(String tlb, String configurations) {
        Smmu smmu = Smmu.translating("tlb.entries", tlb, "config.entries", configurations);
        for (int page = 0; page < 64; page++) {
            smmu.map(Smmu.ROOT, page * 4096L, OLD + page * 4096L, Tables.RW);
            smmu.memory.write64(OLD + page * 4096L, page);
        }
        for (int round = 0; round < 3; round++) {
            for (int page = 0; page < 64; page++) {
                assertThat(smmu.load(page * 4096L)).isEqualTo(page);
            }
        }
        if (tlb.equals("none")) {
            assertThat(smmu.counter("tlb.hit")).isZero();
            assertThat(smmu.counter("walk")).isEqualTo(192);
        }
    }

    @Test
    void withoutATlbAChangeIsSeenAtOnce() {
        Smmu smmu = Smmu.translating("tlb.entries", "none");
        smmu.map(Smmu.ROOT, 0x1000, OLD, Tables.RW);
        smmu.read(0x1000);
        smmu.map(Smmu.ROOT, 0x1000, NEW, Tables.RW);
        assertThat(smmu.translate(Dma.NO_PASID, 0x1000, 0))
                .isEqualTo(new Translation(Translation.Outcome.TRANSLATED, NEW, 4096, ""));
    }

    @Test
    void countersTellWhatHappened() {
        Smmu smmu = Smmu.translating();
        smmu.map(Smmu.ROOT, 0x1000, OLD, Tables.RW);
        smmu.read(0x1000);
        smmu.write(0x1000);
        smmu.write(0x5000);
        smmu.sync();
        assertThat(List.of(
                        smmu.counter("transaction"),
                        smmu.counter("tlb.hit"),
                        smmu.counter("tlb.miss"),
                        smmu.counter("walk"),
                        smmu.counter("walk.read"),
                        smmu.counter("config.hit"),
                        smmu.counter("ste.fetch"),
                        smmu.counter("cd.fetch"),
                        smmu.counter("command.CMD_SYNC"),
                        smmu.counter("event.F_TRANSLATION"),
                        smmu.counter("event.lost"),
                        smmu.counter("bytes.read"),
                        smmu.counter("bytes.written")))
                .containsExactly(3L, 1L, 2L, 2L, 8L, 2L, 1L, 1L, 1L, 1L, 0L, 4L, 4L);
    }

    @Test
    void countersOfEndedThreadsStay() throws InterruptedException {
        Smmu smmu = Smmu.translating();
        smmu.map(Smmu.ROOT, 0x1000, OLD, Tables.RW);
        for (int i = 0; i < 20; i++) {
            Thread thread = new Thread(() -> smmu.read(0x1000));
            thread.start();
            thread.join();
        }
        assertThat(smmu.counter("transaction")).isEqualTo(20);
        assertThat(smmu.counter("bytes.read")).isEqualTo(80);
    }
}
