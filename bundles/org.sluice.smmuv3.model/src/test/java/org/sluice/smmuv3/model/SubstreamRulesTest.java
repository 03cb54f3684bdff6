package org.sluice.smmuv3.model;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.sluice.smmuv3.arch.CmdCfgiCd;
import org.sluice.smmuv3.arch.CmdCfgiCdAll;
import org.sluice.smmuv3.arch.EvtFCdFetch;
import org.sluice.smmuv3.arch.L1ContextDescriptor;
import org.sluice.smmuv3.arch.StreamTableEntry;
import org.sluice.spi.board.Dma;
import org.sluice.spi.board.Translation;

class SubstreamRulesTest {
    private static final long IOVA = 0x1000;
    private static final long PAGES = 0x9800_0000L;

    /** Each CD has an own root that maps the same IOVA to an own page. */
    private static Smmu withContexts(int count, int substreamBits, long s1dss, Object... properties) {
        Smmu smmu = Smmu.on(properties).stage1(substreamBits, s1dss);
        for (int i = 0; i < count; i++) {
            smmu.cd(i, Smmu.cdWord0(i + 1), root(smmu, i));
        }
        return smmu;
    }

    private static long root(Smmu smmu, int context) {
        long root = smmu.table();
        smmu.map(root, IOVA, PAGES + context * 0x1000L, Tables.RW);
        return root;
    }

    private static long reached(Smmu smmu, int substream) {
        Translation translation = smmu.translate(substream, IOVA, 0);
        return translation.outcome() == Translation.Outcome.TRANSLATED ? (translation.address() - PAGES) >>> 12 : -1;
    }

    private static String error(Smmu smmu, int substream) {
        assertThat(smmu.read(substream, IOVA, new byte[4], 0)).isEqualTo(Dma.ABORT);
        return smmu.eventNames().toString();
    }

    @Test
    void s1cdmaxBeyondSsidsizeIsIllegal_R7() {
        Smmu smmu = withContexts(1, 11, 2, "idr1.SSIDSIZE", 10);
        assertThat(error(smmu, Dma.NO_PASID)).isEqualTo("[C_BAD_STE]");
    }

    @Test
    void s1cdmaxIsIgnoredWithoutSubstreams_R7() {
        Smmu smmu = withContexts(1, 11, 0, "idr1.SSIDSIZE", 0);
        assertThat(reached(smmu, Dma.NO_PASID)).isZero();
        assertThat(error(smmu, 1)).isEqualTo("[C_BAD_SUBSTREAMID]");
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 3})
    void s1dssMeansNothingWithoutSubstreams_R8(int s1dss) {
        assertThat(reached(withContexts(1, 0, s1dss), Dma.NO_PASID)).isZero();
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 3})
    void s1dssZeroAndThreeDisableUntaggedTraffic_R8(int s1dss) {
        Smmu smmu = withContexts(4, 2, s1dss);
        assertThat(error(smmu, Dma.NO_PASID)).isEqualTo("[F_STREAM_DISABLED]");
        assertThat(reached(smmu, 0)).isZero();
        assertThat(reached(smmu, 3)).isEqualTo(3);
    }

    @Test
    void s1dssOneBypassesUntaggedTrafficWithoutACdFetch_R8() {
        Smmu smmu = withContexts(4, 2, 1);
        assertThat(smmu.read(PAGES)).isEqualTo(Dma.OK);
        assertThat(smmu.translate(Dma.NO_PASID, PAGES, 0).outcome()).isEqualTo(Translation.Outcome.BYPASSED);
        assertThat(smmu.counter("cd.fetch")).isZero();
        assertThat(reached(smmu, 0)).isZero();
        assertThat(reached(smmu, 2)).isEqualTo(2);
    }

    @Test
    void s1dssTwoUsesContext0AndRejectsSubstream0_R8() {
        Smmu smmu = withContexts(4, 2, 2);
        assertThat(reached(smmu, Dma.NO_PASID)).isZero();
        assertThat(error(smmu, 0)).isEqualTo("[F_STREAM_DISABLED]");
        assertThat(reached(smmu, 3)).isEqualTo(3);
    }

    @ParameterizedTest
    @CsvSource({"2,4", "2,1048575", "10,1024", "0,0", "0,1"})
    void substreamOutOfRangeIsBad_R9(int substreamBits, int substream) {
        Smmu smmu = withContexts(1, substreamBits, 2);
        assertThat(error(smmu, substream)).isEqualTo("[C_BAD_SUBSTREAMID]");
    }

    @Test
    void anyIntegerAsSubstreamIsAnEventAndNoException_R9() {
        Smmu smmu = withContexts(1, 2, 2);
        assertThat(error(smmu, Integer.MIN_VALUE)).isEqualTo("[C_BAD_SUBSTREAMID]");
        assertThat(error(smmu, -2)).isEqualTo("[C_BAD_SUBSTREAMID]");
    }

    @Test
    void substreamWithoutStage1IsBad_R9() {
        Smmu smmu = Smmu.on().ste(Smmu.SID, 9);
        assertThat(error(smmu, 3)).isEqualTo("[C_BAD_SUBSTREAMID]");
    }

    private static Smmu twoLevel(long format, int substreamBits, long s1dss) {
        Smmu smmu = Smmu.on();
        long word0 = StreamTableEntry.withS1Fmt(Smmu.stage1Word0(substreamBits), format);
        return smmu.ste(Smmu.SID, word0, StreamTableEntry.withS1dss(0, s1dss));
    }

    @ParameterizedTest
    @CsvSource({"1,6", "2,10"})
    void twoLevelTablesIndexWithSixOrTenBits_R10(int format, int leafBits) {
        Smmu smmu = twoLevel(format, 14, 2);
        long leaf = 0x9000_0000L;
        int substream = (5 << leafBits) + 7;
        smmu.write(Smmu.CONTEXTS + 5 * 8, leaf | L1ContextDescriptor.V_MASK);
        smmu.write(leaf + 7 * 64, Smmu.cdWord0(1), root(smmu, 7));

        assertThat(reached(smmu, substream)).isEqualTo(7);
        assertThat(error(smmu, substream + 1)).isEqualTo("[C_BAD_CD]");
    }

    @Test
    void invalidFirstLevelContextIsABadSubstream_R9() {
        Smmu smmu = twoLevel(1, 14, 2);
        assertThat(error(smmu, 64)).isEqualTo("[C_BAD_SUBSTREAMID]");
        // untagged with S1DSS=2 goes the same way
        assertThat(error(smmu, Dma.NO_PASID)).isEqualTo("[C_BAD_SUBSTREAMID]");
    }

    @Test
    void firstLevelPointerOutOfRangeIsABadSubstream_R9() {
        Smmu smmu = twoLevel(1, 14, 2);
        smmu.write(Smmu.CONTEXTS + 8, 1L << 50 | 1);
        assertThat(error(smmu, 64)).isEqualTo("[C_BAD_SUBSTREAMID]");
    }

    @Test
    void leafPointerIsMaskedToTheLeaf_R10() {
        Smmu smmu = twoLevel(2, 14, 2);
        smmu.write(Smmu.CONTEXTS, 0x9000_f000L | 1);
        smmu.write(0x9000_0000L + 64, Smmu.cdWord0(1), root(smmu, 1));
        assertThat(reached(smmu, 1)).isEqualTo(1);
    }

    @ParameterizedTest
    @CsvSource({"0,[C_BAD_CD]", "1,[C_BAD_STE]", "2,[C_BAD_STE]", "3,[C_BAD_CD]"})
    void twoLevelTablesNeedCd2lAndFormat3IsLinear(int format, String event) {
        Smmu smmu = Smmu.on("idr0.CD2L", 0);
        smmu.ste(Smmu.SID, StreamTableEntry.withS1Fmt(Smmu.stage1Word0(4), format), 2);
        assertThat(error(smmu, 1)).isEqualTo(event);
        assertThat(reached(twoLevelOrLinear(3), 1)).isEqualTo(1);
    }

    private static Smmu twoLevelOrLinear(long format) {
        Smmu smmu = twoLevel(format, 14, 2);
        return smmu.cd(1, Smmu.cdWord0(1), root(smmu, 1));
    }

    @ParameterizedTest
    @CsvSource({"0,0x0", "63,0xfc0", "64,0x1000", "127,0x1fc0"})
    void noContextLiesBeyondTheAlignedTable_R10(int substream, long offset) {
        // of 8 KiB: bit 12 of the pointer is reserved, and says where number 0 is
        Smmu smmu = Smmu.on().stage1(7, 2);
        long table = Smmu.CONTEXTS & -0x2000L;
        long address = table + (Smmu.CONTEXTS - table + offset) % 0x2000;
        smmu.write(address, Smmu.cdWord0(1), root(smmu, 5));
        assertThat(reached(smmu, substream == 0 ? Dma.NO_PASID : substream)).isEqualTo(5);
    }

    @Test
    void abortedFetchOfAContextIsFCdFetchWithItsAddress() {
        Smmu smmu = twoLevel(1, 14, 2);
        smmu.write(Smmu.CONTEXTS + 8, Smmu.HOLE | 1);
        assertThat(smmu.read(65, IOVA, new byte[4], 0)).isEqualTo(Dma.ABORT);
        long[] event = smmu.events().get(0);
        assertThat(event[0]).isEqualTo(0x42_0004_1809L);
        assertThat(EvtFCdFetch.fetchAddr(event[3])).isEqualTo(Smmu.HOLE + 64);
    }

    @Test
    void privatePasidsReachOnlyTheirOwnPages() {
        Smmu smmu = withContexts(16, 4, 1);
        for (int i = 0; i < 16; i++) {
            smmu.memory.write64(PAGES + i * 0x1000L, 1000 + i);
        }
        for (int round = 0; round < 2; round++) {
            for (int i = 0; i < 16; i++) {
                assertThat(smmu.load(i, IOVA)).isEqualTo(1000 + i);
            }
        }
        assertThat(smmu.counter("tlb.hit")).isEqualTo(16);
        assertThat(smmu.counter("tlb.miss")).isEqualTo(16);
    }

    private static void replace(Smmu smmu, int context) {
        smmu.cd(context, Smmu.cdWord0(100 + context), root(smmu, 100 + context));
    }

    @Test
    void cfgiCdDropsOneContextAndUntaggedTrafficOfContext0() {
        Smmu smmu = withContexts(4, 2, 2);
        for (int substream = 1; substream < 4; substream++) {
            smmu.load(substream, IOVA);
        }
        smmu.load(IOVA);
        for (int context = 0; context < 4; context++) {
            replace(smmu, context);
        }
        long cfgi = CmdCfgiCd.withStreamID(CmdCfgiCd.withOpcode(0, CmdCfgiCd.OPCODE_VALUE), Smmu.SID);
        smmu.command(CmdCfgiCd.withSubstreamID(cfgi, 2), 1);

        assertThat(reached(smmu, Dma.NO_PASID)).isZero();
        assertThat(reached(smmu, 1)).isEqualTo(1);
        assertThat(reached(smmu, 2)).isEqualTo(102);
        assertThat(reached(smmu, 3)).isEqualTo(3);

        smmu.command(cfgi, 1);
        assertThat(reached(smmu, Dma.NO_PASID)).isEqualTo(100);
    }

    @Test
    void cfgiCdAllDropsEveryContextOfItsStream() {
        Smmu smmu = withContexts(4, 2, 2);
        smmu.load(1, IOVA);
        smmu.load(3, IOVA);
        replace(smmu, 1);
        replace(smmu, 3);
        long cfgi = CmdCfgiCdAll.withOpcode(0, CmdCfgiCdAll.OPCODE_VALUE);
        smmu.command(CmdCfgiCdAll.withStreamID(cfgi, 1), 0);
        assertThat(reached(smmu, 1)).isEqualTo(1);

        smmu.command(CmdCfgiCdAll.withStreamID(cfgi, Smmu.SID), 0);
        assertThat(reached(smmu, 1)).isEqualTo(101);
        assertThat(reached(smmu, 3)).isEqualTo(103);
    }
}
