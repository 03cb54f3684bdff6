package org.sluice.smmuv3.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.sluice.smmuv3.arch.CmdTlbiNhAll;
import org.sluice.smmuv3.arch.CmdTlbiNhVa;
import org.sluice.smmuv3.arch.CmdTlbiS12Vmall;
import org.sluice.smmuv3.arch.CmdTlbiS2Ipa;
import org.sluice.smmuv3.arch.ContextDescriptor;
import org.sluice.smmuv3.arch.StreamTableEntry;
import org.sluice.spi.board.Dma;
import org.sluice.spi.board.Translation;

/** What the TLBI commands of stage 2 remove, and what those of stage 1 remove of both. */
class Stage2InvalidationTest {
    private static final long S2 = StreamTableEntry.CONFIG_S2_TRANSLATE;
    private static final long NESTED = StreamTableEntry.CONFIG_NESTED;
    private static final long OLD = 0x9800_0000L;
    private static final long NEW = 0x9900_0000L;
    private static final long NEXT = 0x1000;

    private static long address(Smmu smmu, long iova) {
        return smmu.translate(Dma.NO_PASID, iova, 0).address();
    }

    private static void s2ipa(Smmu smmu, int vmid, long ipa) {
        smmu.command(CmdTlbiS2Ipa.withVmid(CmdTlbiS2Ipa.OPCODE_VALUE, vmid), CmdTlbiS2Ipa.withIpa(0, ipa));
    }

    private static void nhAll(Smmu smmu, int vmid) {
        smmu.command(CmdTlbiNhAll.withVmid(CmdTlbiNhAll.OPCODE_VALUE, vmid), 0);
    }

    private static void s12(Smmu smmu, int vmid) {
        smmu.command(CmdTlbiS12Vmall.withVmid(CmdTlbiS12Vmall.OPCODE_VALUE, vmid), 0);
    }

    private static Smmu stage2() {
        Smmu smmu = Smmu.on().stage2(S2, 7);
        for (long page = 0; page < 8; page++) {
            smmu.map2(page * NEXT, OLD + page * NEXT, Tables.S2_RW);
            smmu.read(page * NEXT);
            smmu.map2(page * NEXT, NEW + page * NEXT, Tables.S2_RW);
        }
        return smmu;
    }

    @Test
    void s2IpaRemovesOnePageOfOneVmid_R42() {
        Smmu smmu = stage2();
        s2ipa(smmu, 8, 0x2000);
        assertThat(address(smmu, 0x2000)).isEqualTo(OLD + 0x2000);
        s2ipa(smmu, 7, 0x2000);
        assertThat(address(smmu, 0x1000)).isEqualTo(OLD + 0x1000);
        assertThat(address(smmu, 0x2000)).isEqualTo(NEW + 0x2000);
        assertThat(address(smmu, 0x3000)).isEqualTo(OLD + 0x3000);
    }

    @Test
    void s2IpaCoversARange_R38() {
        Smmu smmu = stage2();
        long word0 = CmdTlbiS2Ipa.withNum(CmdTlbiS2Ipa.withVmid(CmdTlbiS2Ipa.OPCODE_VALUE, 7), 2);
        long word1 = CmdTlbiS2Ipa.withTg(CmdTlbiS2Ipa.withIpa(0, 0x2000), CmdTlbiS2Ipa.TG_4K);
        smmu.command(word0, word1);
        for (long page = 0; page < 8; page++) {
            boolean inside = page >= 2 && page < 5;
            assertThat(address(smmu, page * NEXT)).isEqualTo((inside ? NEW : OLD) + page * NEXT);
        }
        // TG without NUM, SCALE and TTL
        smmu.command(CmdTlbiS2Ipa.withNum(word0, 0), word1);
        assertThat(smmu.commandError()).isEqualTo(1);
    }

    @Test
    void s12VmallRemovesAllOfAVmid_R42() {
        Smmu smmu = stage2();
        s12(smmu, 8);
        assertThat(address(smmu, 0x1000)).isEqualTo(OLD + 0x1000);
        s12(smmu, 7);
        assertThat(address(smmu, 0x1000)).isEqualTo(NEW + 0x1000);
        assertThat(address(smmu, 0x5000)).isEqualTo(NEW + 0x5000);
    }

    @Test
    void nsnhAllRemovesStage2Too() {
        Smmu smmu = stage2();
        smmu.command(0x30, 0);
        assertThat(address(smmu, 0x1000)).isEqualTo(NEW + 0x1000);
    }

    @Test
    void commandsOfStage1SpareEntriesOfStage2Alone_R42() {
        Smmu smmu = stage2();
        nhAll(smmu, 7);
        smmu.command(CmdTlbiNhVa.withVmid(CmdTlbiNhVa.OPCODE_VALUE, 7), 0x1000);
        assertThat(address(smmu, 0x1000)).isEqualTo(OLD + 0x1000);
        assertThat(smmu.commandError()).isZero();
    }

    @ParameterizedTest
    @CsvSource({"0x28", "0x2a"})
    void commandsOfStage2AreIllegalWithoutIt_R35(String opcode) {
        Smmu smmu = Smmu.on("idr0.S2P", 0);
        smmu.command(Long.decode(opcode), 0);
        assertThat(smmu.commandError()).isEqualTo(1);
    }

    private static Smmu nested(int vmid) {
        Smmu smmu = Smmu.on("config.entries", "none").stage2(NESTED, vmid).cd(0, Smmu.cdWord0(1), Smmu.ROOT);
        smmu.identity2(2);
        return smmu;
    }

    @Test
    void entriesOfBothStagesStayAfterS2IpaUntilStage1GoesByVmid_R42() {
        Smmu smmu = nested(7);
        long ipa = 0x70_0000_0000L;
        smmu.map(Smmu.ROOT, 0x1000, ipa, Tables.RW);
        smmu.map2(ipa, OLD, Tables.S2_RW);
        smmu.read(0x1000);
        smmu.map2(ipa, NEW, Tables.S2_RW);
        s2ipa(smmu, 7, ipa);
        assertThat(address(smmu, 0x1000)).isEqualTo(OLD);
        nhAll(smmu, 8);
        assertThat(address(smmu, 0x1000)).isEqualTo(OLD);
        nhAll(smmu, 7);
        assertThat(address(smmu, 0x1000)).isEqualTo(NEW);
    }

    @Test
    void stage1AloneRemovesTheWalkAndUsesWhatStage2Kept_R42() {
        Smmu smmu = nested(7);
        long ipa = 0x70_0000_0000L;
        smmu.map(Smmu.ROOT, 0x1000, ipa, Tables.RW);
        smmu.map2(ipa, OLD, Tables.S2_RW);
        smmu.read(0x1000);
        smmu.map2(ipa, NEW, Tables.S2_RW);
        nhAll(smmu, 7);
        assertThat(address(smmu, 0x1000)).isEqualTo(OLD);
        s12(smmu, 7);
        assertThat(address(smmu, 0x1000)).isEqualTo(NEW);
    }

    @Test
    void streamsOfOneAsidAndTwoVmidsShareNothing_R11() {
        Smmu smmu = nested(7);
        smmu.map(Smmu.ROOT, 0x1000, 0x9000_0000L, Tables.RW & ~org.sluice.vmsa.arch.Stage1Leaf.NG_MASK);
        smmu.map2(0x9000_0000L | 1L << 35, OLD, Tables.S2_RW);
        smmu.read(0x1000);
        smmu.map(Smmu.ROOT, 0x1000, 0x9100_0000L, Tables.RW);
        smmu.stage2(NESTED, 8);
        assertThat(address(smmu, 0x1000)).isEqualTo(0x9100_0000L);
        smmu.stage2(NESTED, 7);
        assertThat(address(smmu, 0x1000)).isEqualTo(0x9000_0000L);
    }

    @Test
    void aPieceOfABlockGoesWithAnyAddressOfTheBlock_R38() {
        Smmu smmu = nested(7);
        long ipa = 0x70_0000_0000L;
        Tables.map(smmu, Smmu.ROOT, 12, 48, 0x20_0000, 2, ipa | Tables.RW | 1);
        for (long page = 0; page < 4; page++) {
            smmu.map2(ipa + page * NEXT, OLD + page * NEXT, Tables.S2_RW);
            smmu.read(0x20_0000 + page * NEXT);
        }
        assertThat(smmu.counter("walk")).isEqualTo(4);
        Tables.map(smmu, Smmu.ROOT, 12, 48, 0x20_0000, 2, 0x9000_0000L | Tables.RW | 1);
        // an address of the block for which there was no piece
        smmu.command(CmdTlbiNhVa.withVmid(CmdTlbiNhVa.withAsid(CmdTlbiNhVa.OPCODE_VALUE, 1), 7), 0x3f_f000L);
        for (long page = 0; page < 4; page++) {
            assertThat(address(smmu, 0x20_0000 + page * NEXT)).isEqualTo(0x9000_0000L + page * NEXT);
        }
    }

    /** Random tables of both stages against two plain maps: after each change and its invalidation, they agree. */
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9})
    void bothStagesAgainstPlainMaps(long seed) {
        Random random = new Random(seed);
        int[] granules = {12, 14, 16};
        int first = granules[(int) (seed % 3)];
        int second = granules[(int) (seed / 3 % 3)];
        long tg1 = first == 12 ? 0 : first == 14 ? 2 : 1;
        long tg2 = second == 12 ? 0 : second == 14 ? 2 : 1;
        long word2 = StreamTableEntry.withS2tg(Smmu.stage2Word2(7), tg2);
        Smmu smmu = Smmu.on("tlb.entries", 64).stage2(NESTED, word2);
        smmu.cd(0, ContextDescriptor.withTg0(Smmu.cdWord0(1), tg1), Smmu.ROOT);
        int start = second == 12 ? 1 : 2;
        long block = 1L << 2 * second - 3;
        for (long base = 0x8000_0000L; base < 0x9000_0000L; base += block) {
            long at = base & -block;
            Tables.descend(smmu, Smmu.ROOT2, second, start, at, 2, at | Tables.S2_RW | 1);
        }
        long space = 32L << Math.max(first, second);
        long ipas = 1L << 36;
        Map<Long, Long> stage1 = new HashMap<>();
        Map<Long, Long> stage2 = new HashMap<>();
        int translated = 0;
        for (int step = 0; step < 1500; step++) {
            int what = random.nextInt(10);
            if (what == 0) {
                long size = 1L << first;
                long iova = random.nextLong(space / size) * size;
                long ipa = ipas + random.nextLong(space / size) * size;
                stage1.put(iova / size, ipa);
                Tables.map(smmu, Smmu.ROOT, first, 48, iova, 3, ipa | Tables.RW | 3);
                long word0 = CmdTlbiNhVa.withVmid(CmdTlbiNhVa.withAsid(CmdTlbiNhVa.OPCODE_VALUE, 1), 7);
                smmu.command(word0, iova);
            } else if (what == 1) {
                long size = 1L << second;
                long ipa = ipas + random.nextLong(space / size) * size;
                long pa = 0x4000_0000L + random.nextLong(space / size) * size;
                stage2.put(ipa / size, pa);
                Tables.descend(smmu, Smmu.ROOT2, second, start, ipa, 3, pa | Tables.S2_RW | 3);
                s2ipa(smmu, 7, ipa);
                nhAll(smmu, 7);
            } else {
                long iova = random.nextLong(space) & -4L;
                smmu.read(iova);
                int outcome = smmu.read(iova);
                Translation now = smmu.translate(Dma.NO_PASID, iova, 0);
                Long expected = compose(stage1, first, stage2, second, iova);
                if (expected == null) {
                    assertThat(outcome).isEqualTo(Dma.ABORT);
                    assertThat(now.reason()).isEqualTo("F_TRANSLATION");
                } else {
                    translated++;
                    assertThat(outcome).isEqualTo(Dma.OK);
                    assertThat(now.address()).isEqualTo(expected);
                    assertThat(now.leafBytes()).isEqualTo(1L << Math.min(first, second));
                }
            }
        }
        assertThat(translated).isPositive();
        assertThat(smmu.counter("tlb.hit")).isPositive();
    }

    private static Long compose(Map<Long, Long> stage1, int first, Map<Long, Long> stage2, int second, long iova) {
        Long ipaBase = stage1.get(iova >>> first);
        if (ipaBase == null) {
            return null;
        }
        long ipa = ipaBase + (iova & (1L << first) - 1);
        Long pa = stage2.get(ipa >>> second);
        return pa == null ? null : (Long) (pa + (ipa & (1L << second) - 1));
    }
}
