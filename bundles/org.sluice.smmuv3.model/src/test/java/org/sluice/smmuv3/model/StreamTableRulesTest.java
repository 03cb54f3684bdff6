package org.sluice.smmuv3.model;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.sluice.smmuv3.arch.CmdCfgiSte;
import org.sluice.smmuv3.arch.Cr0;
import org.sluice.smmuv3.arch.Cr2;
import org.sluice.smmuv3.arch.EvtFCdFetch;
import org.sluice.smmuv3.arch.Idr0;
import org.sluice.smmuv3.arch.StreamTableEntry;
import org.sluice.smmuv3.arch.StrtabBase;
import org.sluice.smmuv3.arch.StrtabBaseCfg;
import org.sluice.spi.board.Dma;
import org.sluice.spi.board.Translation;

class StreamTableRulesTest {
    private static final long LEVEL2 = 0x9000_0000L;
    private static final long BYPASS =
            StreamTableEntry.withV(StreamTableEntry.withConfig(0, StreamTableEntry.CONFIG_BYPASS), 1);
    private static final long DATA = 0x9100_0000L;

    private static int access(Smmu smmu, int sid) {
        return smmu.model.transact(sid, Dma.NO_PASID, DATA, 0, new byte[4], 0, 4);
    }

    private static Smmu twoLevel(int split, int span) {
        Smmu smmu = Smmu.reset().twoLevelStreams(Smmu.STREAMS, 16, split).enable();
        smmu.write(Smmu.STREAMS, LEVEL2 | span);
        for (int sid = 0; sid < 1 << 11; sid++) {
            smmu.write(LEVEL2 + (long) sid * StreamTableEntry.BYTES, BYPASS);
        }
        return smmu;
    }

    @ParameterizedTest
    @CsvSource({"8,1,1", "8,2,2", "8,9,256", "6,7,64", "10,11,1024", "10,1,1"})
    void spanCoversAPowerOfTwoLessOne_R1(int split, int span, int covered) {
        Smmu smmu = twoLevel(split, span);

        assertThat(access(smmu, covered - 1)).isEqualTo(Dma.OK);
        assertThat(access(smmu, covered)).isEqualTo(Dma.ABORT);
        assertThat(smmu.eventNames()).containsExactly("C_BAD_STREAMID");
    }

    @ParameterizedTest
    @CsvSource({"8,0", "8,10", "6,8", "10,12", "10,31"})
    void spanZeroReservedOrBeyondTheSplitIsInvalid_R1(int split, int span) {
        Smmu smmu = twoLevel(split, span);

        assertThat(access(smmu, 0)).isEqualTo(Dma.ABORT);
        assertThat(smmu.eventNames()).containsExactly("C_BAD_STREAMID");
    }

    @Test
    void streamIdOutOfRangeIsRecordedOnlyWithRecinvsid_R2() {
        Smmu smmu = Smmu.on();
        assertThat(access(smmu, 1 << Smmu.STREAM_BITS)).isEqualTo(Dma.ABORT);
        assertThat(access(smmu, -1)).isEqualTo(Dma.ABORT);
        assertThat(smmu.eventNames()).containsExactly("C_BAD_STREAMID", "C_BAD_STREAMID");

        Smmu silent = Smmu.on();
        silent.registers.write32(Cr0.ADDRESS, 0);
        silent.registers.write32(Cr2.ADDRESS, 0);
        silent.registers.write32(Cr0.ADDRESS, 0xd);
        assertThat(access(silent, 1 << Smmu.STREAM_BITS)).isEqualTo(Dma.ABORT);
        assertThat(silent.events()).isEmpty();
    }

    @Test
    void abortedFetchOfAnEntryIsFSteFetchWithItsAddress_R2() {
        Smmu smmu = Smmu.reset().twoLevelStreams(Smmu.STREAMS, 16, 8).enable();
        smmu.write(Smmu.STREAMS, Smmu.HOLE | 9);

        assertThat(access(smmu, 3)).isEqualTo(Dma.ABORT);
        long[] event = smmu.events().get(0);
        assertThat(event[0]).isEqualTo(0x3_0000_0003L);
        assertThat(EvtFCdFetch.fetchAddr(event[3])).isEqualTo(Smmu.HOLE + 3 * StreamTableEntry.BYTES);
    }

    @Test
    void anEntryBeyondTheOutputSizeIsFSteFetchToo_R2() {
        Smmu smmu =
                Smmu.reset("idr5.OAS", 2).twoLevelStreams(Smmu.STREAMS, 16, 8).enable();
        smmu.write(Smmu.STREAMS, 1L << 40 | LEVEL2 | 9);
        assertThat(access(smmu, 3)).isEqualTo(Dma.ABORT);
        long[] event = smmu.events().get(0);
        assertThat(event[0]).isEqualTo(0x3_0000_0003L);
        // bits that an address cannot have are 0
        assertThat(EvtFCdFetch.fetchAddr(event[3])).isEqualTo(LEVEL2);
    }

    @ParameterizedTest
    @CsvSource({"0,6", "5,6", "7,6", "8,8", "9,6", "10,10", "16,6", "31,6"})
    void otherSplitsActAsSix_R3(int written, int effective) {
        Smmu smmu = Smmu.reset().twoLevelStreams(Smmu.STREAMS, 16, written).enable();
        smmu.write(Smmu.STREAMS + 8, LEVEL2 | 1);
        smmu.write(LEVEL2, BYPASS);

        assertThat(access(smmu, 1 << effective)).isEqualTo(Dma.OK);
    }

    @Test
    void basesAreAlignedDownToTheTableAndSizesReadBackAsWritten_R4() {
        Smmu smmu = Smmu.reset();
        smmu.registers.write64(StrtabBase.ADDRESS, Smmu.STREAMS | 0x1fc0 | StrtabBase.RA_MASK);
        smmu.registers.write32(StrtabBaseCfg.ADDRESS, Smmu.STREAM_BITS);
        smmu.enable();
        smmu.ste(Smmu.SID, BYPASS);

        assertThat(access(smmu, Smmu.SID)).isEqualTo(Dma.OK);
        assertThat(smmu.registers.read64(StrtabBase.ADDRESS)).isEqualTo(Smmu.STREAMS | 0x1fc0 | StrtabBase.RA_MASK);
    }

    @Test
    void sizeIsCappedToTheIdentityButReadsBackAsWritten_R4() {
        Smmu smmu = Smmu.reset("idr1.SIDSIZE", 4);
        smmu.registers.write64(StrtabBase.ADDRESS, Smmu.STREAMS);
        smmu.registers.write32(StrtabBaseCfg.ADDRESS, 20);
        smmu.enable();
        smmu.ste(15, BYPASS).ste(16, BYPASS);

        assertThat(access(smmu, 15)).isEqualTo(Dma.OK);
        assertThat(access(smmu, 16)).isEqualTo(Dma.ABORT);
        assertThat(smmu.registers.read32(StrtabBaseCfg.ADDRESS)).isEqualTo(20);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 3})
    void configWithoutItsHighBitAbortsSilently_R5(int config) {
        Smmu smmu = Smmu.on().ste(Smmu.SID, config << 1 | 1);

        assertThat(smmu.read(DATA)).isEqualTo(Dma.ABORT);
        assertThat(smmu.read(7, DATA, new byte[4], 0)).isEqualTo(Dma.ABORT);
        assertThat(smmu.translate(Dma.NO_PASID, DATA, 0).outcome()).isEqualTo(Translation.Outcome.ABORTED);
        assertThat(smmu.events()).isEmpty();
    }

    @Test
    void bypassIgnoresTheFieldsOfStage1_R6() {
        Smmu smmu = Smmu.on().ste(Smmu.SID, 0xf800_0000_0000_0039L, 0x800_0000L, -1L, -1L);

        assertThat(smmu.read(DATA)).isEqualTo(Dma.OK);
        assertThat(smmu.events()).isEmpty();
    }

    @Test
    void stage2ConfigsAreIllegalWithoutStage2() {
        for (int config = 6; config <= 7; config++) {
            Smmu smmu = Smmu.on().ste(Smmu.SID, (long) config << 1 | 1);
            assertThat(smmu.read(DATA)).isEqualTo(Dma.ABORT);
            assertThat(smmu.eventNames()).containsExactly("C_BAD_STE");
        }
    }

    @Test
    void s1stalldIsIllegalWithoutStalls_R12() {
        Smmu smmu = Smmu.on()
                .ste(Smmu.SID, Smmu.stage1Word0(0), StreamTableEntry.S1STALLD_MASK)
                .cd(0, Smmu.cdWord0(1), Smmu.ROOT);

        assertThat(smmu.read(0)).isEqualTo(Dma.ABORT);
        assertThat(smmu.eventNames()).containsExactly("C_BAD_STE");
    }

    @Test
    void bitsOfAbsentFeaturesAreIgnored_R51() {
        long reserved = StreamTableEntry.EATS_MASK | StreamTableEntry.STRW_MASK | StreamTableEntry.S1PIE_MASK;
        Smmu smmu = Smmu.on("idr0.Hyp", 0)
                .ste(Smmu.SID, Smmu.stage1Word0(0), reserved)
                .cd(0, Smmu.cdWord0(1), Smmu.ROOT);
        smmu.map(Smmu.ROOT, 0x1000, DATA, Tables.RW);

        assertThat(smmu.read(0x1000)).isEqualTo(Dma.OK);
    }

    @ParameterizedTest
    @CsvSource({
        "7, false, 0, true",
        "5, false, 0, false",
        "6, false, 0, false",
        "7, true, 0, false",
        "7, false, 1, false"
    })
    void splitStageAtsNeedsBothStages_R13(long config, boolean s2s, int ns1ats, boolean legal) {
        Identity full = Profile.FULL.identity();
        long idr0 = Idr0.withNs1ats(Idr0.withAts(full.idr0(), 1), ns1ats);
        idr0 = Idr0.withStallModel(idr0, 0);
        Identity id = new Identity(idr0, full.idr1(), full.idr3(), full.idr5(), 0, 2);
        long word0 = StreamTableEntry.withConfig(Smmu.stage1Word0(0), config);
        long word1 = StreamTableEntry.withEats(0, StreamTableEntry.EATS_SPLIT_STAGE);
        long word2 = StreamTableEntry.withS2s(Smmu.stage2Word2(7), s2s ? 1 : 0);
        long[] ste = {word0, word1, word2, Smmu.ROOT2, 0, 0, 0, 0};
        assertThat(StreamConfig.decode(ste, id, false) instanceof StreamConfig.Translating)
                .isEqualTo(legal);
    }

    @Test
    void failedFetchesAndErrorsAreNotCached_R44() {
        Smmu smmu = Smmu.on();
        assertThat(access(smmu, Smmu.SID)).isEqualTo(Dma.ABORT);
        smmu.ste(Smmu.SID, BYPASS);
        // no CFGI in between
        assertThat(access(smmu, Smmu.SID)).isEqualTo(Dma.OK);
        assertThat(smmu.counter("ste.fetch")).isEqualTo(2);
    }

    @Test
    void cfgiSteDropsTheEntryAndItsContexts_R43() {
        Smmu smmu = Smmu.translating();
        smmu.map(Smmu.ROOT, 0x1000, 0x9200_0000L, Tables.RW);
        long other = smmu.table();
        assertThat(smmu.translate(Dma.NO_PASID, 0x1000, 0).address()).isEqualTo(0x9200_0000L);
        assertThat(smmu.read(0x1000)).isEqualTo(Dma.OK);
        smmu.map(other, 0x1000, 0x9300_0000L, Tables.RW);
        smmu.cd(0, Smmu.cdWord0(2), other);
        assertThat(smmu.translate(Dma.NO_PASID, 0x1000, 0).address()).isEqualTo(0x9200_0000L);

        long word0 = CmdCfgiSte.withOpcode(0, CmdCfgiSte.OPCODE_VALUE);
        smmu.command(CmdCfgiSte.withStreamID(word0, Smmu.SID + 1), 1);
        assertThat(smmu.translate(Dma.NO_PASID, 0x1000, 0).address()).isEqualTo(0x9200_0000L);
        smmu.command(CmdCfgiSte.withStreamID(word0, Smmu.SID), 1);
        assertThat(smmu.translate(Dma.NO_PASID, 0x1000, 0).address()).isEqualTo(0x9300_0000L);
    }

    @Test
    void range31DropsAllStreams_R43() {
        Smmu smmu = Smmu.on().ste(0, BYPASS).ste(0xff, BYPASS);
        access(smmu, 0);
        access(smmu, 0xff);
        smmu.ste(0, 1).ste(0xff, 1);
        assertThat(access(smmu, 0xff)).isEqualTo(Dma.OK);

        smmu.command(4, 31);

        assertThat(access(smmu, 0)).isEqualTo(Dma.ABORT);
        assertThat(access(smmu, 0xff)).isEqualTo(Dma.ABORT);
    }

    @Test
    void theErrorOfHighestPriorityWins_R48() {
        // one stream, ever fewer errors: StreamID, STE fetch, STE, SubstreamID, disabled, CD fetch, CD, translation
        Smmu smmu = Smmu.reset().twoLevelStreams(Smmu.STREAMS, 16, 8).enable();
        read(smmu, 9);
        smmu.write(Smmu.STREAMS, Smmu.HOLE | 9);
        read(smmu, 9);
        smmu.write(Smmu.STREAMS, LEVEL2 | 9);
        read(smmu, 9);
        long ste = Smmu.stage1Word0(2);
        smmu.write(LEVEL2 + 64 * Smmu.SID, ste & ~StreamTableEntry.S1CONTEXTPTR_MASK | Smmu.HOLE);
        read(smmu, 9);
        read(smmu, Dma.NO_PASID);
        read(smmu, 1);
        smmu.write(LEVEL2 + 64 * Smmu.SID, ste);
        read(smmu, 1);
        smmu.cd(1, Smmu.cdWord0(1), Smmu.ROOT);
        read(smmu, 1);

        assertThat(smmu.eventNames())
                .containsExactly(
                        "C_BAD_STREAMID",
                        "F_STE_FETCH",
                        "C_BAD_STE",
                        "C_BAD_SUBSTREAMID",
                        "F_STREAM_DISABLED",
                        "F_CD_FETCH",
                        "C_BAD_CD",
                        "F_TRANSLATION");
    }

    private static void read(Smmu smmu, int substream) {
        assertThat(smmu.read(substream, 0x1000, new byte[4], 0)).isEqualTo(Dma.ABORT);
    }
}
