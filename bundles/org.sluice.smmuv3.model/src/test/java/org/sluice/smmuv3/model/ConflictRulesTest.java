package org.sluice.smmuv3.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.sluice.api.IommuException;
import org.sluice.smmuv3.arch.CmdCfgiSte;
import org.sluice.smmuv3.arch.CmdTlbiNhVa;
import org.sluice.smmuv3.arch.ContextDescriptor;
import org.sluice.smmuv3.arch.Cr2;
import org.sluice.smmuv3.arch.EventId;
import org.sluice.smmuv3.arch.EvtFTlbConflict;
import org.sluice.smmuv3.arch.StreamTableEntry;
import org.sluice.spi.board.AtsCompletion;
import org.sluice.spi.board.Dma;
import org.sluice.spi.board.IommuModel;
import org.sluice.vmsa.arch.Stage1Leaf;

/** F_TLB_CONFLICT and F_CFG_CONFLICT, where the model is asked to report them (IHI 0070 section 3.20). */
class ConflictRulesTest {
    private static final Object[] REPORTED = {"tlb.conflicts", "reported", "idr3.BBML", 0};
    private static final Object[] SPANS = {"config.conflicts", "reported"};
    private static final long BLOCK = 0x40_0000L;
    private static final long PAGE = 0x9800_0000L;
    private static final long DATA = 0x9600_0000L;
    private static final int STREAM = 0x40;

    // a page of it is cached, then software puts a block in the place of its table, and that is cached too
    private static void overlap(Smmu smmu) {
        smmu.map(Smmu.ROOT, BLOCK, PAGE, Tables.RW);
        assertThat(smmu.read(BLOCK)).isEqualTo(Dma.OK);
        Tables.map(smmu, Smmu.ROOT, 12, 48, BLOCK, 2, DATA | Tables.RW | Stage1Leaf.TYPE_BLOCK);
        assertThat(smmu.read(BLOCK + 0x1000)).isEqualTo(Dma.OK);
    }

    @Test
    void anAddressInTwoLeavesOfOneSpaceIsAConflictUntilBothAreInvalidated() {
        Smmu smmu = Smmu.translating(REPORTED);
        overlap(smmu);
        assertThat(smmu.read(BLOCK + 0x234)).isEqualTo(Dma.ABORT);
        assertThat(smmu.translate(Dma.NO_PASID, BLOCK, 0).reason()).isEqualTo("F_TLB_CONFLICT");
        // no CLASS, and no IPA
        assertThat(smmu.events())
                .containsExactly(new long[] {0x42_0000_0020L, EvtFTlbConflict.RNW_MASK, BLOCK + 0x234, 0});
        assertThat(smmu.read(BLOCK + 0x1000)).isEqualTo(Dma.OK);

        smmu.command(CmdTlbiNhVa.withAsid(CmdTlbiNhVa.OPCODE_VALUE, 1), BLOCK);
        smmu.sync();
        assertThat(smmu.read(BLOCK)).isEqualTo(Dma.OK);
        assertThat(smmu.translate(Dma.NO_PASID, BLOCK, 0).address()).isEqualTo(DATA);
        assertThat(smmu.events()).isEmpty();
    }

    @Test
    void aConflictTellsOfTheAccessAndObeysNeitherArNorS() {
        Smmu smmu = Smmu.on("tlb.conflicts", "reported", "idr3.BBML", 0, "idr0.STALL_MODEL", 0);
        long stalling = ContextDescriptor.withR(ContextDescriptor.withA(Smmu.cdWord0(1), 0), 0);
        smmu.stage1(0, 0).cd(0, ContextDescriptor.withS(stalling, 1), Smmu.ROOT);
        overlap(smmu);
        int flags = IommuModel.WRITE | Dma.PRIVILEGED | Dma.EXECUTE;
        assertThat(smmu.model.transact(Smmu.SID, Dma.NO_PASID, BLOCK, flags, new byte[4], 0, 4))
                .isEqualTo(Dma.ABORT);
        assertThat(smmu.read(Dma.NO_PASID, BLOCK, new byte[4], Dma.EXECUTE)).isEqualTo(Dma.ABORT);
        assertThat(smmu.events())
                .containsExactly(
                        new long[] {0x42_0000_0020L, EvtFTlbConflict.PNU_MASK, BLOCK, 0},
                        new long[] {0x42_0000_0020L, EvtFTlbConflict.RNW_MASK | EvtFTlbConflict.IND_MASK, BLOCK, 0});
    }

    @Test
    void aGlobalLeafConflictsWithOneThatIsNot() {
        Smmu smmu = Smmu.translating(REPORTED);
        smmu.stage1(1, 2).cd(1, Smmu.cdWord0(2), Smmu.ROOT);
        smmu.map(Smmu.ROOT, BLOCK, PAGE, Tables.RW);
        assertThat(smmu.read(BLOCK)).isEqualTo(Dma.OK);
        smmu.map(Smmu.ROOT, BLOCK, PAGE, Tables.RW & ~Stage1Leaf.NG_MASK);
        // of another ASID, which is not concerned
        assertThat(smmu.read(1, BLOCK, new byte[4], 0)).isEqualTo(Dma.OK);
        assertThat(smmu.read(1, BLOCK, new byte[4], 0)).isEqualTo(Dma.OK);
        assertThat(smmu.read(BLOCK)).isEqualTo(Dma.ABORT);
        assertThat(smmu.eventNames()).containsExactly("F_TLB_CONFLICT");
    }

    @Test
    void aConflictOfStage2NamesTheIpa() {
        Smmu smmu = Smmu.on(REPORTED).stage2(StreamTableEntry.CONFIG_S2_TRANSLATE, 7);
        smmu.map2(BLOCK, PAGE, Tables.S2_RW);
        assertThat(smmu.read(BLOCK)).isEqualTo(Dma.OK);
        Tables.descend(smmu, Smmu.ROOT2, 12, 1, BLOCK, 2, DATA | Tables.S2_RW | 1);
        assertThat(smmu.read(BLOCK + 0x1000)).isEqualTo(Dma.OK);
        assertThat(smmu.read(BLOCK + 0x234)).isEqualTo(Dma.ABORT);
        assertThat(smmu.events()).containsExactly(new long[] {
            0x42_0000_0020L, EvtFTlbConflict.RNW_MASK | EvtFTlbConflict.S2_MASK, BLOCK + 0x234, BLOCK
        });
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aTranslationRequestThatMeetsAConflictIsACompleterAbort_R50(boolean recorded) {
        AtsBench bench = new AtsBench(REPORTED);
        bench.control(recorded ? Cr2.REC_CFG_ATS_MASK : 0);
        bench.stage1(StreamTableEntry.EATS_FULL, 0, 0);
        bench.smmu.cd(0, Smmu.cdWord0(1), Smmu.ROOT);
        overlap(bench.smmu);
        assertThat(bench.request(BLOCK, 0).status()).isEqualTo(AtsCompletion.Status.COMPLETER_ABORT);
        assertThat(bench.smmu.events()).hasSize(recorded ? 1 : 0);
    }

    @ParameterizedTest
    @CsvSource({"0, ignored", "2, ignored"})
    void unlessAskedForALookUpTakesOneOfThem(int bbml, String conflicts) {
        Smmu smmu = Smmu.translating("idr3.BBML", bbml, "tlb.conflicts", conflicts);
        overlap(smmu);
        assertThat(smmu.read(BLOCK)).isEqualTo(Dma.OK);
        assertThat(smmu.translate(Dma.NO_PASID, BLOCK, 0).address()).isIn(PAGE, DATA);
        assertThat(smmu.events()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({"1, reported", "2, reported", "0, maybe"})
    void leavesThatMayChangeTheirSizeNeverConflict(int bbml, String conflicts) {
        assertThatThrownBy(() -> Smmu.reset("idr3.BBML", bbml, "tlb.conflicts", conflicts))
                .isInstanceOf(IommuException.class)
                .hasMessageContaining("tlb.conflicts");
    }

    private static int access(Smmu smmu, int stream) {
        return smmu.model.transact(stream, Dma.NO_PASID, DATA, 0, new byte[4], 0, 4);
    }

    private static long joined(int log2streams) {
        return StreamTableEntry.withCont(0, log2streams);
    }

    private static void invalidate(Smmu smmu, int stream) {
        smmu.command(CmdCfgiSte.OPCODE_VALUE | (long) stream << 32, 1);
        smmu.sync();
    }

    @Test
    void aStreamInTheSpanOfAnotherEntryIsAConflictUntilThatIsInvalidated() {
        Smmu smmu = Smmu.on(SPANS);
        smmu.ste(STREAM + 1, 9, StreamTableEntry.withMev(0, 1)).ste(STREAM, 9, joined(1));
        // cached alone, and then together with what serves it too
        assertThat(access(smmu, STREAM + 1)).isEqualTo(Dma.OK);
        assertThat(access(smmu, STREAM)).isEqualTo(Dma.OK);
        assertThat(access(smmu, STREAM + 1)).isEqualTo(Dma.ABORT);
        assertThat(smmu.events()).containsExactly(new long[] {0x41_0000_0021L, 0, 0, 0});
        assertThat(access(smmu, STREAM)).isEqualTo(Dma.OK);

        invalidate(smmu, STREAM + 1);
        assertThat(access(smmu, STREAM + 1)).isEqualTo(Dma.ABORT);
        assertThat(smmu.model.transact(STREAM + 1, 3, DATA, 0, new byte[4], 0, 4))
                .isEqualTo(Dma.ABORT);
        assertThat(smmu.events())
                .containsExactly(new long[] {0x41_0000_0021L, 0, 0, 0}, new long[] {0x41_0000_3821L, 0, 0, 0});

        smmu.ste(STREAM, 9);
        invalidate(smmu, STREAM);
        assertThat(access(smmu, STREAM + 1)).isEqualTo(Dma.OK);
        assertThat(access(smmu, STREAM)).isEqualTo(Dma.OK);
        assertThat(smmu.events()).isEmpty();
    }

    @Test
    void twoEntriesThatServeEachOtherConflictAtOnce() {
        Smmu smmu = Smmu.on(SPANS);
        smmu.ste(STREAM, 9, joined(2)).ste(STREAM + 3, 1, joined(2)).ste(STREAM + 4, 1);
        assertThat(access(smmu, STREAM)).isEqualTo(Dma.OK);
        assertThat(access(smmu, STREAM + 3)).isEqualTo(Dma.ABORT);
        assertThat(smmu.translateOf(STREAM + 3, DATA).reason()).isEqualTo("F_CFG_CONFLICT");
        assertThat(smmu.eventNames()).containsExactly("F_CFG_CONFLICT");
        // outside
        assertThat(access(smmu, STREAM + 4)).isEqualTo(Dma.ABORT);
        assertThat(smmu.events()).isEmpty();
    }

    @Test
    void entriesThatDifferInTheSpanAndInSoftwaresBitsAreTheSame() {
        Smmu smmu = Smmu.on(SPANS);
        smmu.ste(STREAM, 9, joined(1)).ste(STREAM + 1, 9, StreamTableEntry.withSwReserved(0, 5));
        assertThat(access(smmu, STREAM)).isEqualTo(Dma.OK);
        assertThat(access(smmu, STREAM + 1)).isEqualTo(Dma.OK);
        assertThat(smmu.events()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({"config.conflicts, ignored", "config.entries, none"})
    void unlessAskedForTheEntryOfTheStreamItselfCounts(String property, String value) {
        Smmu smmu = Smmu.on(property, value);
        smmu.ste(STREAM, 9, joined(1)).ste(STREAM + 1, 1);
        assertThat(access(smmu, STREAM)).isEqualTo(Dma.OK);
        assertThat(access(smmu, STREAM + 1)).isEqualTo(Dma.ABORT);
        assertThat(smmu.events()).isEmpty();
    }

    @Test
    void theEldestEntriesAreForgotten() {
        Smmu smmu = Smmu.on("config.conflicts", "reported", "config.entries", 2);
        smmu.ste(STREAM, 9, joined(1)).ste(STREAM + 1, 1).ste(1, 9).ste(2, 9);
        assertThat(access(smmu, STREAM)).isEqualTo(Dma.OK);
        access(smmu, 1);
        access(smmu, 2);
        assertThat(access(smmu, STREAM + 1)).isEqualTo(Dma.ABORT);
        assertThat(smmu.eventNames()).doesNotContain(EventId.name(EventId.F_CFG_CONFLICT));
    }
}
