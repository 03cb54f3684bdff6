package org.sluice.smmuv3.model;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.sluice.smmuv3.arch.ContextDescriptor;
import org.sluice.smmuv3.arch.EventId;
import org.sluice.smmuv3.arch.EvtFTranslation;
import org.sluice.smmuv3.arch.StreamTableEntry;
import org.sluice.spi.board.Dma;
import org.sluice.spi.board.Translation;
import org.sluice.vmsa.arch.Stage1Leaf;
import org.sluice.vmsa.arch.Stage2Leaf;

/** Both stages: what stage 2 does to fetches of CDs and of stage-1 tables, and to what stage 1 yields. */
class NestedRulesTest {
    private static final long NESTED = StreamTableEntry.CONFIG_NESTED;
    private static final long PAGE = 0x9800_0000L;
    private static final long IPA = 0x70_0000_0000L;
    private static final long IA = 0x1000;
    private static final long READ = EvtFTranslation.RNW_MASK;
    private static final long SECOND = EvtFTranslation.S2_MASK;
    private static final long OK = Smmu.stage2Word2(7);

    /** Stage 1 from {@link #IA} to {@link #IPA}, whose tables and CD stage 2 maps one to one, and {@link #PAGE}. */
    private static Smmu nested(Object... properties) {
        Smmu smmu = Smmu.on(properties).stage2(NESTED, 7).cd(0, Smmu.cdWord0(1), Smmu.ROOT);
        smmu.identity2(2);
        smmu.map(Smmu.ROOT, IA, IPA, Tables.RW);
        smmu.map2(IPA, PAGE, Tables.S2_RW);
        return smmu;
    }

    private static long[] event(int number, long flags, long clazz, long address, long ipa) {
        return new long[] {(long) Smmu.SID << 32 | number, EvtFTranslation.withClazz(flags, clazz), address, ipa};
    }

    @Test
    void bothStagesTranslate() {
        Smmu smmu = nested();
        assertThat(smmu.translate(Dma.NO_PASID, IA + 0x234, 0))
                .isEqualTo(new Translation(Translation.Outcome.TRANSLATED, PAGE + 0x234, 4096, ""));
        smmu.memory.write64(PAGE, 0x1234);
        assertThat(smmu.load(IA)).isEqualTo(0x1234);
        assertThat(smmu.load(IA)).isEqualTo(0x1234);
        assertThat(smmu.counter("tlb.hit")).isEqualTo(1);
        assertThat(smmu.events()).isEmpty();
    }

    @Test
    void tablesAndContextsAreAtIpas_R28() {
        // everything that stage 1 reads is elsewhere than its IPA says; TTB1 is not translated at all
        Smmu smmu = Smmu.on().stage2(NESTED, 7);
        smmu.map(Smmu.ROOT, IA, IPA, Tables.RW);
        long root = IPA + 0x10_0000;
        smmu.map2(root, Smmu.ROOT, Tables.S2_RW);
        smmu.map2(Smmu.CONTEXTS, 0x8001_0000L, Tables.S2_RW);
        for (long table = 0x8300_0000L; table < 0x8304_0000L; table += 0x1_0000) {
            smmu.map2(table, table, Tables.S2_RW);
        }
        smmu.map2(IPA, PAGE, Tables.S2_RW);
        long both = ContextDescriptor.withEpd1(Smmu.cdWord0(1), 0);
        both = ContextDescriptor.withTg1(ContextDescriptor.withT1sz(both, 16), 2);
        smmu.write(0x8001_0000L, both, root, 0x7f_0000_0000L);
        assertThat(smmu.read(IA)).isEqualTo(Dma.OK);
        assertThat(smmu.events()).isEmpty();
    }

    @Test
    void aContextThatStage2DoesNotMapIsAFaultOfClassCd_R27() {
        Smmu smmu = Smmu.on().stage2(NESTED, 7);
        assertThat(smmu.read(0x5678)).isEqualTo(Dma.ABORT);
        assertThat(smmu.events())
                .containsExactly(
                        event(EventId.F_TRANSLATION, READ | SECOND, EvtFTranslation.CLASS_CD, 0x5678, Smmu.CONTEXTS));
        // not cached
        smmu.identity2(2);
        smmu.read(0x5678);
        assertThat(smmu.eventNames()).containsExactly("C_BAD_CD");
    }

    @Test
    void aFirstLevelOfContextsThatStage2DoesNotMapIsAFaultOfClassCd_R27() {
        Smmu smmu = Smmu.on();
        long word0 = StreamTableEntry.withS1Fmt(StreamTableEntry.withConfig(Smmu.stage1Word0(10), NESTED), 1);
        smmu.ste(Smmu.SID, word0, 0, OK, Smmu.ROOT2);
        smmu.map2(Smmu.CONTEXTS, Smmu.CONTEXTS, Tables.S2_RW);
        smmu.write(Smmu.CONTEXTS + 8, 0x8002_0000L | 1);
        smmu.read(64, IA, new byte[4], 0);
        smmu.read(128, IA, new byte[4], 0);
        assertThat(smmu.events().get(0)[3]).isEqualTo(0x8002_0000L);
        smmu.write(Smmu.ROOT2, new long[4]);
        smmu.command(0x28 | 7L << 32, 0);
        smmu.read(64, IA, new byte[4], 0);
        assertThat(smmu.events().get(0)[3]).isEqualTo(Smmu.CONTEXTS);
    }

    @Test
    void aFaultOnAContextComesBeforeItsFetchAborts_R48() {
        Smmu smmu = Smmu.on().stage2(NESTED, 7);
        smmu.map2(Smmu.CONTEXTS, Smmu.HOLE, Tables.S2_RW & ~Stage2Leaf.AF_MASK);
        smmu.read(IA);
        smmu.map2(Smmu.CONTEXTS, Smmu.HOLE, Tables.S2_RW);
        smmu.read(IA);
        long[][] events = smmu.events().toArray(long[][]::new);
        assertThat(events[0][0] & 0xff).isEqualTo(EventId.F_ACCESS);
        assertThat(events[1][0] & 0xff).isEqualTo(EventId.F_CD_FETCH);
        assertThat(events[1][3]).isEqualTo(Smmu.HOLE);
    }

    @Test
    void aTableThatStage2DoesNotMapIsAFaultOfClassTt_R27() {
        Smmu smmu = nested();
        long table = 0x7f_0000_0000L;
        smmu.write(Smmu.ROOT + 8, table | 3);
        smmu.write(1L << 39 | 0x7008);
        smmu.model.transact(Smmu.SID, Dma.NO_PASID, 1L << 39 | 3L << 30, 0, new byte[4], 0, 4);
        assertThat(smmu.events().get(1))
                .containsExactly(event(
                        EventId.F_TRANSLATION, READ | SECOND, EvtFTranslation.CLASS_TT, 1L << 39 | 3L << 30, table));
    }

    @Test
    void anOutputThatStage2DoesNotMapIsAFaultOfClassIn_R27() {
        Smmu smmu = nested();
        smmu.map(Smmu.ROOT, 0x2000, IPA + 0x5000, Tables.RW);
        smmu.write(0x2080);
        assertThat(smmu.events())
                .containsExactly(event(EventId.F_TRANSLATION, SECOND, EvtFTranslation.CLASS_IN, 0x2080, IPA + 0x5000));
    }

    @Test
    void faultsOfStage1HaveNoIpa_R27() {
        Smmu smmu = nested();
        smmu.read(0x9000);
        assertThat(smmu.events())
                .containsExactly(event(EventId.F_TRANSLATION, READ, EvtFTranslation.CLASS_IN, 0x9000, 0));
    }

    @Test
    void eachStageIsGovernedByItsOwnFlags_R23() {
        Smmu smmu = Smmu.on("config.entries", "none");
        smmu.stage2(NESTED, StreamTableEntry.withS2r(OK, 0));
        smmu.identity2(2);
        long hiding = ContextDescriptor.withA(Smmu.cdWord0(1), 0);
        smmu.cd(0, hiding, Smmu.ROOT);
        smmu.map(Smmu.ROOT, IA, IPA, Tables.RW);
        assertThat(smmu.read(0x9000)).isEqualTo(Dma.RAZ_WI);
        assertThat(smmu.eventNames()).containsExactly("F_TRANSLATION");
        assertThat(smmu.read(IA)).isEqualTo(Dma.ABORT);
        assertThat(smmu.events()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({"true, true", "true, false", "false, true", "false, false"})
    void aWriteNeedsBothStages_R26(boolean first, boolean second) {
        for (boolean warm : new boolean[] {false, true}) {
            Smmu smmu = nested();
            smmu.map(Smmu.ROOT, IA, IPA, first ? Tables.RW : Tables.RW | Stage1Leaf.AP_RDONLY_MASK);
            smmu.map2(IPA, PAGE, second ? Tables.S2_RW : Tables.S2_RW & ~Stage2Leaf.S2AP_W_MASK);
            if (warm) {
                assertThat(smmu.read(IA)).isEqualTo(Dma.OK);
            }
            assertThat(smmu.write(IA) == Dma.OK).isEqualTo(first && second);
            if (!first) {
                // stage 1 decides first
                assertThat(smmu.events())
                        .containsExactly(event(EventId.F_PERMISSION, 0, EvtFTranslation.CLASS_IN, IA, 0));
            } else if (!second) {
                assertThat(smmu.events())
                        .containsExactly(event(EventId.F_PERMISSION, SECOND, EvtFTranslation.CLASS_IN, IA, IPA));
            }
        }
    }

    @Test
    void tablesMustBeReadableInStage2_R27() {
        Smmu smmu = nested();
        Tables.descend(smmu, Smmu.ROOT2, 12, 1, 2L << 30, 1, 2L << 30 | Tables.S2_RW & ~Stage2Leaf.S2AP_R_MASK | 1);
        smmu.read(IA);
        assertThat(smmu.events())
                .containsExactly(
                        event(EventId.F_PERMISSION, READ | SECOND, EvtFTranslation.CLASS_CD, IA, Smmu.CONTEXTS));
    }

    @Test
    void protectedWalksDoNotReadDeviceMemory() {
        Smmu smmu = nested("config.entries", "none");
        long device = Stage2Leaf.withMemAttr(Tables.S2_RW, Stage2Leaf.MEMATTR_DEVICE);
        Tables.descend(smmu, Smmu.ROOT2, 12, 1, 2L << 30, 1, 2L << 30 | device | 1);
        assertThat(smmu.read(IA)).isEqualTo(Dma.OK);
        smmu.stage2(NESTED, StreamTableEntry.withS2ptw(OK, 1));
        smmu.read(0x7000);
        assertThat(smmu.eventNames()).containsExactly("F_PERMISSION");
    }

    @Test
    void untaggedTrafficThatBypassesStage1StillHasStage2_R8() {
        Smmu smmu = Smmu.on();
        long word0 = StreamTableEntry.withConfig(Smmu.stage1Word0(2), NESTED);
        smmu.ste(Smmu.SID, word0, StreamTableEntry.withS1dss(0, StreamTableEntry.S1DSS_BYPASS), OK, Smmu.ROOT2);
        smmu.map2(0x1000, PAGE, Tables.S2_RW);
        assertThat(smmu.translate(Dma.NO_PASID, 0x1004, 0).address()).isEqualTo(PAGE + 4);
    }

    @Test
    void nestedProfilesStartUp() {
        for (String profile : new String[] {"full", "qemu-10-nested"}) {
            assertThat(nested("profile", profile).read(IA)).isEqualTo(Dma.OK);
        }
    }
}
