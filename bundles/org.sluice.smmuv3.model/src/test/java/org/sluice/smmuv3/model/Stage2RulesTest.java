package org.sluice.smmuv3.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.sluice.smmuv3.arch.EventId;
import org.sluice.smmuv3.arch.EvtFTranslation;
import org.sluice.smmuv3.arch.EvtFWalkEabt;
import org.sluice.smmuv3.arch.StreamTableEntry;
import org.sluice.spi.board.Dma;
import org.sluice.spi.board.IommuModel;
import org.sluice.spi.board.Translation;
import org.sluice.vmsa.arch.Stage2Leaf;

/** Stage 2 alone: STE checks, walks, permissions and events. */
class Stage2RulesTest {
    private static final long S2 = StreamTableEntry.CONFIG_S2_TRANSLATE;
    private static final long PAGE = 0x9800_0000L;
    private static final long OK = Smmu.stage2Word2(7);

    private static void isBad(long word2, Object... properties) {
        Smmu smmu = Smmu.on(properties).stage2(S2, word2);
        smmu.read(0x1000);
        assertThat(smmu.eventNames()).containsExactly("C_BAD_STE");
    }

    private static void isGood(long word2, Object... properties) {
        Smmu smmu = Smmu.on(properties).stage2(S2, word2);
        smmu.read(0x1000);
        assertThat(smmu.eventNames()).containsExactly("F_TRANSLATION");
    }

    private static Smmu with(long word2, Object... properties) {
        Smmu smmu = Smmu.on(properties).stage2(S2, word2);
        smmu.map2(0x1000, PAGE, Tables.S2_RW);
        return smmu;
    }

    /** S2TG, S2SL0, smallest and largest input size that VMSAv8-64 starts there, of 25 to 48 bits. */
    private static final int[][] STARTS = {
        {0, 0, 25, 34}, {0, 1, 31, 43}, {0, 2, 40, 48},
        {2, 0, 25, 29}, {2, 1, 26, 40}, {2, 2, 37, 48},
        {1, 0, 25, 33}, {1, 1, 30, 46}, {1, 2, 43, 48}
    };

    private static boolean consistent(int tg, int sl0, int inputBits) {
        return Stream.of(STARTS)
                .anyMatch(start -> start[0] == tg && start[1] == sl0 && inputBits >= start[2] && inputBits <= start[3]);
    }

    @Test
    void everyStartLevelAndSizeIsCheckedForConsistency_R14() {
        Smmu smmu = Smmu.on("idr3.STT", 0, "config.entries", "none");
        for (int tg = 0; tg < 4; tg++) {
            for (int sl0 = 0; sl0 < 4; sl0++) {
                for (int t0sz = 0; t0sz < 64; t0sz++) {
                    long word2 = StreamTableEntry.withS2t0sz(OK, t0sz);
                    word2 = StreamTableEntry.withS2sl0(word2, sl0);
                    smmu.stage2(S2, StreamTableEntry.withS2tg(word2, tg));
                    String expected = consistent(tg, sl0, 64 - t0sz) ? "F_TRANSLATION" : "C_BAD_STE";
                    assertThat(smmu.translate(Dma.NO_PASID, 0x1000, 0).reason())
                            .as("S2TG=%d S2SL0=%d S2T0SZ=%d", tg, sl0, t0sz)
                            .isEqualTo(expected);
                }
            }
        }
    }

    @Test
    void smallTablesStartAtTheLastLevel_R14() {
        long word2 = StreamTableEntry.withS2sl0(StreamTableEntry.withS2t0sz(OK, 48), 3);
        isGood(word2);
        isBad(word2, "idr3.STT", 0);
        isBad(StreamTableEntry.withS2tg(word2, 2));
        isBad(StreamTableEntry.withS2t0sz(word2, 49));
        // 64K has 47 at most
        long big = StreamTableEntry.withS2tg(StreamTableEntry.withS2sl0(OK, 0), 1);
        isGood(StreamTableEntry.withS2t0sz(big, 47));
        isBad(StreamTableEntry.withS2t0sz(big, 48));
    }

    @Test
    void anInputSizeBeyondTheIpaSizeIsIllegal_R14() {
        isGood(OK, "idr5.OAS", 2);
        isBad(StreamTableEntry.withS2t0sz(OK, 23), "idr5.OAS", 2);
    }

    @Test
    void aGranuleThatIsAbsentOrReservedIsIllegal_R14() {
        isBad(StreamTableEntry.withS2tg(OK, 3));
        isBad(OK, "idr5.GRAN4K", 0);
        isBad(StreamTableEntry.withS2tg(OK, 2), "idr5.GRAN16K", 0);
        isBad(StreamTableEntry.withS2tg(OK, 1), "idr5.GRAN64K", 0);
    }

    @Test
    void aFormatThatIsNotSupportedIsIllegal_R15() {
        isBad(StreamTableEntry.withS2aa64(OK, 0));
        isBad(StreamTableEntry.withS2endi(OK, 1));
    }

    @ParameterizedTest
    @CsvSource({"5", "6", "7"})
    void aReservedOutputSizeActsAsTheLargest_R16(int s2ps) {
        Smmu smmu = with(StreamTableEntry.withS2ps(OK, s2ps));
        assertThat(smmu.read(0x1000)).isEqualTo(Dma.OK);
    }

    @Test
    void theOutputSizeIsCappedToTheSmmus_R16() {
        Smmu smmu = with(OK, "idr5.OAS", 2);
        smmu.map2(0x2000, 1L << 40, Tables.S2_RW);
        smmu.read(0x2000);
        assertThat(smmu.eventNames()).containsExactly("F_ADDR_SIZE");
    }

    @Test
    void aRootBeyondTheOutputSizeIsIllegal_R16() {
        Smmu smmu = Smmu.on();
        smmu.stage2(S2, StreamTableEntry.withS2ps(OK, 0));
        smmu.ste(Smmu.SID, StreamTableEntry.withConfig(1, S2), 0, StreamTableEntry.withS2ps(OK, 0), 1L << 32);
        smmu.read(0x1000);
        assertThat(smmu.eventNames()).containsExactly("C_BAD_STE");
    }

    @Test
    void aVmidOfMoreBitsThanTheSmmuHasIsIllegal_R14() {
        isBad(Smmu.stage2Word2(0x100), "idr0.VMID16", 0);
        isGood(Smmu.stage2Word2(0xff), "idr0.VMID16", 0);
        isGood(Smmu.stage2Word2(0x100));
    }

    @Test
    void hardwareUpdatesAreIllegalWithoutHttuAndDirtyAloneIsInert_R22() {
        isBad(StreamTableEntry.withS2ha(OK, 1), "idr0.HTTU", 0);
        isBad(StreamTableEntry.withS2hd(StreamTableEntry.withS2ha(OK, 1), 1), "idr0.HTTU", 1);
        isBad(StreamTableEntry.withS2hd(OK, 1), "idr0.HTTU", 0);
        isBad(StreamTableEntry.withS2hd(OK, 1), "idr0.HTTU", 1);
        isGood(StreamTableEntry.withS2hd(OK, 1));
    }

    @Test
    void stallingIsIllegalWhereTheSmmuOnlyTerminates_R12() {
        isBad(StreamTableEntry.withS2s(OK, 1));
    }

    @Test
    void stageTwoIsIllegalWhereItIsAbsent_R6() {
        isBad(OK, "idr0.S2P", 0);
    }

    @Test
    void stage1FieldsAreIgnoredWithoutStage1_R6() {
        Smmu smmu = with(OK);
        long word0 = StreamTableEntry.withS1cdMax(StreamTableEntry.withConfig(1, S2), 31);
        word0 = StreamTableEntry.withS1ContextPtr(word0, 0xff_ffff_ffff_ffc0L);
        long word1 = StreamTableEntry.withS1stalld(StreamTableEntry.withS1dss(0, 3), 1);
        smmu.ste(Smmu.SID, word0, word1, OK, Smmu.ROOT2);
        assertThat(smmu.read(0x1000)).isEqualTo(Dma.OK);
    }

    @Test
    void stage2FieldsAreIgnoredWithoutStage2ButTheVmidCounts_R6() {
        Smmu smmu = Smmu.translating("idr0.VMID16", 0);
        long junk = ~0L << 16;
        smmu.map(Smmu.ROOT, 0x1000, PAGE, Tables.RW);
        smmu.ste(Smmu.SID, Smmu.stage1Word0(0), 0, junk, -1L);
        assertThat(smmu.translate(Dma.NO_PASID, 0x1000, 0).address()).isEqualTo(PAGE);
        smmu.ste(Smmu.SID, Smmu.stage1Word0(0), 0, 0x100, 0);
        assertThat(smmu.translate(Dma.NO_PASID, 0x1000, 0).reason()).isEqualTo("C_BAD_STE");
    }

    @Test
    void aSubstreamIdWithoutStage1IsRefused_R9() {
        Smmu smmu = with(OK);
        smmu.read(3, 0x1000, new byte[4], 0);
        assertThat(smmu.eventNames()).containsExactly("C_BAD_SUBSTREAMID");
    }

    static Stream<int[]> geometries() {
        return Stream.of(STARTS)
                .flatMap(start -> Stream.of(start[2], (start[2] + start[3]) / 2, start[3])
                        .map(inputBits -> new int[] {start[0], start[1], inputBits}));
    }

    @ParameterizedTest
    @MethodSource("geometries")
    void walksEveryGeometryToItsLastPage_R14(int[] geometry) {
        int granule = new int[] {12, 16, 14}[geometry[0]];
        int startLevel = 3 - geometry[1] - (granule == 12 ? 1 : 0);
        int inputBits = geometry[2];
        long word2 = StreamTableEntry.withS2tg(OK, geometry[0]);
        word2 = StreamTableEntry.withS2sl0(word2, geometry[1]);
        Smmu smmu = Smmu.on().stage2(S2, StreamTableEntry.withS2t0sz(word2, 64 - inputBits));
        long size = 1L << granule;
        long last = (1L << inputBits) - size;
        Tables.descend(smmu, Smmu.ROOT2, granule, startLevel, last, 3, PAGE | Tables.S2_RW | 3);
        assertThat(smmu.translate(Dma.NO_PASID, last + 0x123, 0))
                .isEqualTo(new Translation(Translation.Outcome.TRANSLATED, PAGE + 0x123, size, ""));
        assertThat(smmu.read(last)).isEqualTo(Dma.OK);
        assertThat(smmu.read(last)).isEqualTo(Dma.OK);
        assertThat(smmu.counter("s2.tlb.hit")).isEqualTo(1);
        assertThat(smmu.read(1L << inputBits)).isEqualTo(Dma.ABORT);
    }

    @ParameterizedTest
    @CsvSource({"12, 1", "12, 2", "14, 2", "16, 2"})
    void blocksTranslate(int granule, int level) {
        long word2 = StreamTableEntry.withS2tg(OK, granule == 12 ? 0 : granule == 14 ? 2 : 1);
        Smmu smmu = Smmu.on().stage2(S2, StreamTableEntry.withS2sl0(word2, 1));
        int start = granule == 12 ? 1 : 2;
        long size = 1L << granule + (3 - level) * (granule - 3);
        Tables.descend(smmu, Smmu.ROOT2, granule, start, size, level, 0x8000_0000L & -size | Tables.S2_RW | 1);
        assertThat(smmu.translate(Dma.NO_PASID, size + 0x4567, 0))
                .isEqualTo(new Translation(Translation.Outcome.TRANSLATED, (0x8000_0000L & -size) + 0x4567, size, ""));
    }

    private static long[] event(int number, long flags, long address, long word3) {
        return new long[] {(long) Smmu.SID << 32 | number, flags, address, word3};
    }

    private static final long READ = EvtFTranslation.RNW_MASK;
    private static final long SECOND = EvtFTranslation.S2_MASK;
    private static final long IN = EvtFTranslation.withClazz(0, EvtFTranslation.CLASS_IN);

    @Test
    void aFaultSaysStage2ItsClassAndTheIpa_R27() {
        Smmu smmu = with(OK);
        smmu.read(0x5678);
        assertThat(smmu.events()).containsExactly(event(EventId.F_TRANSLATION, READ | SECOND | IN, 0x5678, 0x5000));
    }

    @Test
    void anIpaBeyondTheTablesIsAFaultOfStage2_R27() {
        Smmu smmu = with(OK);
        smmu.read(1L << 40);
        assertThat(smmu.events()).containsExactly(event(EventId.F_TRANSLATION, READ | SECOND | IN, 1L << 40, 1L << 40));
    }

    @Test
    void anAddressThatIsNoIpaIsAnAddressSizeFaultOfStage1() {
        Smmu smmu = with(OK);
        smmu.read(1L << 48);
        assertThat(smmu.events()).containsExactly(event(EventId.F_ADDR_SIZE, READ | IN, 1L << 48, 0));
    }

    @Test
    void anAbortOfTheWalkTellsTheDescriptor_R25() {
        Smmu smmu = Smmu.on();
        smmu.ste(Smmu.SID, StreamTableEntry.withConfig(1, S2), 0, OK & ~StreamTableEntry.S2R_MASK, Smmu.HOLE);
        smmu.read(0x4000_0000L);
        long fetched = EvtFWalkEabt.withFetchAddr(0, Smmu.HOLE + 8);
        // recorded although S2R=0
        assertThat(smmu.events())
                .containsExactly(event(EventId.F_WALK_EABT, READ | SECOND | IN, 0x4000_0000L, fetched));
    }

    @Test
    void tableAndPageAddressesBeyondTheOutputFault_R25() {
        Smmu smmu = with(StreamTableEntry.withS2ps(OK, 0));
        smmu.map2(0x3000, 1L << 32, Stage2Leaf.S2AP_R_MASK);
        smmu.read(0x3000);
        // before the access flag, and for a table
        smmu.write(Smmu.ROOT2 + 8, 1L << 32 | 3);
        smmu.read(0x4000_0000L);
        assertThat(smmu.eventNames()).containsExactly("F_ADDR_SIZE", "F_ADDR_SIZE");
    }

    @Test
    void theAccessFlagFaultsUnlessS2affd_R21() {
        Smmu smmu = Smmu.on("config.entries", "none").stage2(S2, OK);
        smmu.map2(0x1000, PAGE, Tables.S2_RW & ~Stage2Leaf.AF_MASK);
        smmu.read(0x1000);
        assertThat(smmu.events()).containsExactly(event(EventId.F_ACCESS, READ | SECOND | IN, 0x1000, 0x1000));
        smmu.stage2(S2, StreamTableEntry.withS2affd(OK, 1));
        assertThat(smmu.read(0x1000)).isEqualTo(Dma.OK);
    }

    @Test
    void withoutS2rNothingIsRecordedButItAborts_R23() {
        Smmu smmu = with(StreamTableEntry.withS2r(OK, 0));
        assertThat(smmu.read(0x5000)).isEqualTo(Dma.ABORT);
        assertThat(smmu.events()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({
        // S2AP, XN; may read, write, execute unprivileged, execute privileged
        "0, 0, false, false, true, true",
        "1, 0, true, false, true, true",
        "2, 0, false, true, true, true",
        "3, 0, true, true, true, true",
        "3, 1, true, true, true, false",
        "3, 2, true, true, false, false",
        "3, 3, true, true, false, true"
    })
    void permissionsAreCheckedOnAMissAndOnAHit_R26(
            int s2ap, int xn, boolean read, boolean write, boolean unprivileged, boolean privileged) {
        for (boolean warm : new boolean[] {false, true}) {
            Smmu smmu = Smmu.on().stage2(S2, OK);
            long open = Tables.S2_RW & ~(Stage2Leaf.S2AP_R_MASK | Stage2Leaf.S2AP_W_MASK);
            smmu.map2(0x1000, PAGE, Stage2Leaf.withXn(open, xn) | (long) s2ap << Stage2Leaf.S2AP_R_LSB);
            if (warm) {
                smmu.read(0x1000);
                smmu.write(0x1000);
                smmu.events();
            }
            assertThat(smmu.read(0x1000) == Dma.OK).isEqualTo(read);
            assertThat(smmu.write(0x1000) == Dma.OK).isEqualTo(write);
            assertThat(execute(smmu, 0)).isEqualTo(unprivileged);
            assertThat(execute(smmu, Dma.PRIVILEGED)).isEqualTo(privileged);
            assertThat(smmu.eventNames()).allMatch("F_PERMISSION"::equals);
        }
    }

    private static boolean execute(Smmu smmu, int flags) {
        return smmu.read(Dma.NO_PASID, 0x1000, new byte[4], Dma.EXECUTE | flags) == Dma.OK;
    }

    @Test
    void withoutXnxTheLowBitOfXnIsIgnored() {
        Smmu smmu = Smmu.on("idr3.XNX", 0).stage2(S2, OK);
        smmu.map2(0x1000, PAGE, Stage2Leaf.withXn(Tables.S2_RW, 1));
        assertThat(execute(smmu, Dma.PRIVILEGED)).isTrue();
    }

    @Test
    void aPermissionFaultOfAWriteTellsTheIpa_R27() {
        Smmu smmu = Smmu.on().stage2(S2, OK);
        smmu.map2(0x1000, PAGE, Tables.S2_RW & ~Stage2Leaf.S2AP_W_MASK);
        smmu.read(0x1000);
        assertThat(smmu.model.transact(
                        Smmu.SID, Dma.NO_PASID, 0x1004, IommuModel.WRITE | Dma.PRIVILEGED, new byte[4], 0, 4))
                .isEqualTo(Dma.ABORT);
        long privileged = EvtFTranslation.PNU_MASK;
        assertThat(smmu.events())
                .containsExactly(event(EventId.F_PERMISSION, privileged | SECOND | IN, 0x1004, 0x1000));
    }

    @Test
    void aFaultIsNotCached_R44() {
        Smmu smmu = with(OK);
        smmu.read(0x2000);
        smmu.map2(0x2000, PAGE, Tables.S2_RW);
        assertThat(smmu.read(0x2000)).isEqualTo(Dma.OK);
        assertThat(smmu.eventNames()).isEqualTo(List.of("F_TRANSLATION"));
    }
}
