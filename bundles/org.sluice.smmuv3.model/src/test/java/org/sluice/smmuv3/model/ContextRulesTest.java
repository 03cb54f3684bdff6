package org.sluice.smmuv3.model;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.sluice.smmuv3.arch.ContextDescriptor;
import org.sluice.spi.board.Dma;
import org.sluice.spi.board.Translation;
import org.sluice.vmsa.arch.Stage1Leaf;

class ContextRulesTest {
    private static final long PAGE = 0x9800_0000L;
    private static final long CD = Smmu.cdWord0(1);
    private static final long HIGH_HALF = -1L << 48;

    private static Smmu withRoots(long word0, long word1, long word2, Object... properties) {
        Smmu smmu = Smmu.on(properties).stage1(0, 0).cd(0, word0, word1, word2);
        smmu.map(Smmu.ROOT, 0x1000, PAGE, Tables.RW);
        return smmu;
    }

    private static Smmu with(long word0, Object... properties) {
        return withRoots(word0, Smmu.ROOT, 0, properties);
    }

    private static void isBad(Smmu smmu) {
        assertThat(smmu.read(0x1000)).isEqualTo(Dma.ABORT);
        assertThat(smmu.eventNames()).containsExactly("C_BAD_CD");
    }

    private static void translates(Smmu smmu, long iova) {
        assertThat(smmu.translate(Dma.NO_PASID, iova, 0))
                .isEqualTo(new Translation(Translation.Outcome.TRANSLATED, PAGE, 4096, ""));
    }

    private static void faults(Smmu smmu, long iova, String event) {
        assertThat(smmu.read(iova)).isEqualTo(Dma.ABORT);
        assertThat(smmu.eventNames()).containsExactly(event);
    }

    @Test
    void aarch32ContextsAreBad_R15() {
        isBad(with(ContextDescriptor.withAa64(CD, 0)));
    }

    @ParameterizedTest
    @CsvSource({"0,32", "1,36", "2,40", "3,42", "4,44", "5,48", "6,48", "7,48"})
    void ipsBoundsTheOutputAndFoldsToTheLargest_R16(int ips, int bits) {
        Smmu smmu = with(ContextDescriptor.withIps(CD, ips));
        smmu.map(Smmu.ROOT, 0x2000, (1L << bits) - 0x1000, Tables.RW);
        assertThat(smmu.translate(Dma.NO_PASID, 0x2000, 0).outcome()).isEqualTo(Translation.Outcome.TRANSLATED);
        if (bits < 48) {
            smmu.map(Smmu.ROOT, 0x3000, 1L << bits, Tables.RW);
            faults(smmu, 0x3000, "F_ADDR_SIZE");
        }
    }

    @Test
    void ipsIsCappedToTheOutputSizeOfTheIdentity_R16() {
        Smmu smmu = with(CD, "idr5.OAS", 2);
        smmu.map(Smmu.ROOT, 0x3000, 1L << 40, Tables.RW);
        faults(smmu, 0x3000, "F_ADDR_SIZE");
    }

    @Test
    void disabledHalfFaultsAndItsFieldsAreIgnored_R17() {
        // T1SZ, TG1 and TTB1 are nonsense
        long word0 = ContextDescriptor.withT1sz(ContextDescriptor.withTg1(CD, 0), 63);
        Smmu smmu = withRoots(word0, Smmu.ROOT, ContextDescriptor.TTB1_MASK);
        translates(smmu, 0x1000);
        faults(smmu, HIGH_HALF | 0x1000, "F_TRANSLATION");

        Smmu low = with(ContextDescriptor.withEpd0(ContextDescriptor.withT0sz(CD, 63), 1));
        faults(low, 0x1000, "F_TRANSLATION");
    }

    @ParameterizedTest
    @CsvSource({"15,0,false", "16,0,true", "39,0,true", "40,0,false", "40,1,true", "48,1,true", "49,1,false"})
    void t0szIsLegalFrom16To39Or48WithSmallTables_R18(int t0sz, int stt, boolean legal) {
        Smmu smmu = with(ContextDescriptor.withT0sz(CD, t0sz), "idr3.STT", stt);
        assertThat(smmu.read(0x7000)).isEqualTo(Dma.ABORT);
        assertThat(smmu.eventNames()).containsExactly(legal ? "F_TRANSLATION" : "C_BAD_CD");
    }

    @ParameterizedTest
    @CsvSource({"47,true", "48,false"})
    void smallTablesOf64kEndAt47_R18(int t0sz, boolean legal) {
        long word0 = ContextDescriptor.withTg0(ContextDescriptor.withT0sz(CD, t0sz), 1);
        Smmu smmu = Smmu.on("idr3.STT", 1).stage1(0, 0).cd(0, word0, Smmu.ROOT);
        assertThat(smmu.read(0x7000)).isEqualTo(Dma.ABORT);
        assertThat(smmu.eventNames()).containsExactly(legal ? "F_TRANSLATION" : "C_BAD_CD");
    }

    @ParameterizedTest
    @CsvSource({"0,12", "1,16", "2,14"})
    void granuleEncodingsOfTheLowHalf_R19(int tg0, int granule) {
        Smmu smmu = Smmu.on().stage1(0, 0).cd(0, ContextDescriptor.withTg0(CD, tg0), Smmu.ROOT);
        Tables.map(smmu, Smmu.ROOT, granule, 48, 0x10000, 3, PAGE | Tables.RW | 3);
        assertThat(smmu.translate(Dma.NO_PASID, 0x10000, 0))
                .isEqualTo(new Translation(Translation.Outcome.TRANSLATED, PAGE, 1L << granule, ""));
    }

    @ParameterizedTest
    @CsvSource({"2,12", "3,16", "1,14"})
    void granuleEncodingsOfTheHighHalf_R19(int tg1, int granule) {
        long word0 = ContextDescriptor.withEpd0(ContextDescriptor.withEpd1(CD, 0), 1);
        word0 = ContextDescriptor.withTg1(ContextDescriptor.withT1sz(word0, 16), tg1);
        Smmu smmu = Smmu.on().stage1(0, 0).cd(0, word0, 0, Smmu.ROOT);
        Tables.map(smmu, Smmu.ROOT, granule, 48, 0x10000, 3, PAGE | Tables.RW | 3);
        assertThat(smmu.translate(Dma.NO_PASID, HIGH_HALF | 0x10000, 0))
                .isEqualTo(new Translation(Translation.Outcome.TRANSLATED, PAGE, 1L << granule, ""));
    }

    @ParameterizedTest
    @ValueSource(strings = {"idr5.GRAN4K", "idr5.GRAN16K", "idr5.GRAN64K"})
    void granulesThatAreNotThereAreBad_R19(String granule) {
        int tg0 = granule.equals("idr5.GRAN4K") ? 0 : granule.equals("idr5.GRAN64K") ? 1 : 2;
        isBad(with(ContextDescriptor.withTg0(CD, tg0), granule, 0));
    }

    @Test
    void topByteIsIgnoredPerHalfAndKeptInTheEvent_R20() {
        long tagged = 0xab00_0000_0000_1000L;
        translates(with(ContextDescriptor.withTbi0(CD, 1)), tagged);
        faults(with(ContextDescriptor.withTbi1(CD, 1)), tagged, "F_TRANSLATION");

        Smmu smmu = with(ContextDescriptor.withTbi0(CD, 1));
        assertThat(smmu.read(tagged + 0x1000)).isEqualTo(Dma.ABORT);
        assertThat(smmu.events().get(0)[2]).isEqualTo(tagged + 0x1000);

        long high = ContextDescriptor.withEpd0(ContextDescriptor.withEpd1(CD, 0), 1);
        high = ContextDescriptor.withTbi1(ContextDescriptor.withTg1(ContextDescriptor.withT1sz(high, 16), 2), 1);
        translates(withRoots(high, 0, Smmu.ROOT), 0x12ff_0000_0000_1000L);
    }

    @ParameterizedTest
    @CsvSource({"0,F_ACCESS", "1,"})
    void affdDecidesAccessFlagFaults_R21(int affd, String event) {
        Smmu smmu = with(ContextDescriptor.withAffd(CD, affd));
        smmu.map(Smmu.ROOT, 0x2000, PAGE, Tables.RW & ~Stage1Leaf.AF_MASK);
        if (event == null) {
            translates(smmu, 0x2000);
        } else {
            faults(smmu, 0x2000, event);
        }
    }

    @Test
    void hardwareUpdatesNeedHttuAndHdAloneIsInert_R22() {
        isBad(with(ContextDescriptor.withHa(CD, 1), "idr0.HTTU", 0));
        isBad(with(ContextDescriptor.withHd(ContextDescriptor.withHa(CD, 1), 1), "idr0.HTTU", 1));
        // IHI 0070 section 5.4, HA: legal where HTTU has it, and without HA as if it was 0
        isBad(with(ContextDescriptor.withHd(CD, 1), "idr0.HTTU", 0));
        isBad(with(ContextDescriptor.withHd(CD, 1), "idr0.HTTU", 1));
        translates(with(ContextDescriptor.withHd(CD, 1)), 0x1000);
    }

    @Test
    void recordingIsSuppressedForTranslationFaultsOnly_R23() {
        long silent = ContextDescriptor.withR(CD, 0);
        Smmu smmu = with(silent);
        smmu.map(Smmu.ROOT, 0x2000, PAGE, Tables.RW & ~Stage1Leaf.AF_MASK);
        smmu.map(Smmu.ROOT, 0x3000, PAGE, Tables.RW | Stage1Leaf.AP_RDONLY_MASK);
        for (int round = 0; round < 2; round++) {
            assertThat(smmu.read(0x7000)).isEqualTo(Dma.ABORT);
            assertThat(smmu.read(0x2000)).isEqualTo(Dma.ABORT);
            assertThat(smmu.write(0x3000)).isEqualTo(Dma.ABORT);
        }
        assertThat(smmu.events()).isEmpty();

        Smmu walk = withRoots(silent, Smmu.HOLE, 0);
        faults(walk, 0x1000, "F_WALK_EABT");
        isBad(with(ContextDescriptor.withV(silent, 0)));
    }

    @Test
    void withoutAbortAFaultReadsZeroAndIgnoresWrites_R24() {
        Smmu smmu = with(ContextDescriptor.withA(CD, 0));
        byte[] data = {1, 2, 3, 4};
        assertThat(smmu.read(Dma.NO_PASID, 0x7000, data, 0)).isEqualTo(Dma.RAZ_WI);
        assertThat(data).containsOnly(0);
        assertThat(smmu.write(0x7000)).isEqualTo(Dma.RAZ_WI);
        assertThat(smmu.eventNames()).containsExactly("F_TRANSLATION", "F_TRANSLATION");
        // an external abort of the walk is not hidden
        faults(withRoots(ContextDescriptor.withA(CD, 0), Smmu.HOLE, 0), 0x1000, "F_WALK_EABT");
    }

    @Test
    void termModelOneForbidsHiding_R24() {
        isBad(with(ContextDescriptor.withA(CD, 0), "idr0.TERM_MODEL", 1));
        translates(with(CD, "idr0.TERM_MODEL", 1), 0x1000);
    }

    @Test
    void unusedRootIsNeitherFetchedNorChecked_R28() {
        long both = ContextDescriptor.withTg1(ContextDescriptor.withT1sz(ContextDescriptor.withEpd1(CD, 0), 16), 2);
        Smmu smmu = withRoots(both, Smmu.ROOT, Smmu.HOLE);
        translates(smmu, 0x1000);
        faults(smmu, HIGH_HALF | 0x1000, "F_WALK_EABT");
    }

    @Test
    void stallingNeedsStalls_R12() {
        isBad(with(ContextDescriptor.withS(CD, 1)));
    }

    @Test
    void wideAsidsNeedAsid16() {
        isBad(with(Smmu.cdWord0(0x100), "idr0.ASID16", 0));
        translates(with(Smmu.cdWord0(0xff), "idr0.ASID16", 0), 0x1000);
    }

    @Test
    void bigEndianTablesAreBadOnlyIfThereIsAWalk() {
        isBad(with(ContextDescriptor.withEndi(CD, 1)));
        long off = ContextDescriptor.withEpd0(ContextDescriptor.withEndi(CD, 1), 1);
        faults(with(off), 0x1000, "F_TRANSLATION");
    }

    @Test
    void rootBeyondTheOutputSizeIsBad() {
        isBad(withRoots(ContextDescriptor.withIps(CD, 0), 1L << 32, 0));
    }
}
