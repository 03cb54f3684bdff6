package org.sluice.smmuv3.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.sluice.api.IommuException;
import org.sluice.smmuv3.arch.CmdAtcInv;
import org.sluice.smmuv3.arch.CmdSync;
import org.sluice.smmuv3.arch.CmdqCons;
import org.sluice.smmuv3.arch.ContextDescriptor;
import org.sluice.smmuv3.arch.Cr0;
import org.sluice.smmuv3.arch.Cr2;
import org.sluice.smmuv3.arch.EventId;
import org.sluice.smmuv3.arch.EvtFBadAtsTreq;
import org.sluice.smmuv3.arch.EvtFTranslForbidden;
import org.sluice.smmuv3.arch.EvtFTranslation;
import org.sluice.smmuv3.arch.Gerror;
import org.sluice.smmuv3.arch.Gerrorn;
import org.sluice.smmuv3.arch.Idr0;
import org.sluice.smmuv3.arch.StreamTableEntry;
import org.sluice.spi.board.AtsCompletion;
import org.sluice.spi.board.AtsCompletion.Status;
import org.sluice.spi.board.Dma;
import org.sluice.spi.board.IommuModel;
import org.sluice.vmsa.arch.Stage1Leaf;
import org.sluice.vmsa.arch.Stage2Leaf;

/** ATS: translation requests, translated transactions and invalidations of device TLBs (IHI 0070 sections 3.9.1, 4.5). */
class AtsRulesTest {
    private static final long PAGE = 0x9800_0000L;
    private static final long IPA = 0x9a00_0000L;
    private static final long IA = 0x1000;
    private static final long FULL = StreamTableEntry.EATS_FULL;
    private static final long SPLIT = StreamTableEntry.EATS_SPLIT_STAGE;
    private static final int WRITE = IommuModel.WRITE;

    private final AtsBench bench = new AtsBench();
    private final Smmu smmu = bench.smmu;

    private AtsBench full() {
        bench.stage1(FULL, 0, 0);
        smmu.cd(0, Smmu.cdWord0(1), Smmu.ROOT);
        return bench;
    }

    private static AtsCompletion granted(long address, long bytes, boolean write) {
        return new AtsCompletion(Status.SUCCESS, address, bytes, true, write, false, false, false, false);
    }

    @Test
    void aRequestIsAnsweredWithPageSizeAndPermissions() {
        full();
        smmu.map(Smmu.ROOT, IA, PAGE, Tables.RW);
        smmu.map(Smmu.ROOT, 0x2000, PAGE, Tables.RW | Stage1Leaf.AP_RDONLY_MASK);
        Tables.map(smmu, Smmu.ROOT, 12, 48, 0x20_0000, 2, PAGE | Tables.RW | Stage1Leaf.TYPE_BLOCK);
        assertThat(bench.request(IA + 0x123, WRITE)).isEqualTo(granted(PAGE, 4096, true));
        assertThat(bench.request(IA, WRITE).large()).isFalse();
        // what is wanted beyond what is permitted is not granted, and no fault
        assertThat(bench.request(0x2000, WRITE)).isEqualTo(granted(PAGE, 4096, false));
        assertThat(bench.request(0x21_2345, 0)).isEqualTo(granted(PAGE, 0x20_0000, true));
        assertThat(bench.request(0x21_2345, 0).large()).isTrue();
        assertThat(smmu.events()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({
        // AP, UXN, PXN; Exe and Priv of the request; R, W, Exe
        "3, 0, 0, false, false, true, false, false",
        "1, 1, 1, true, false, true, true, false",
        "3, 0, 0, true, false, true, false, true",
        "0, 0, 0, true, false, false, false, false",
        "0, 0, 0, true, true, true, true, true",
        "1, 0, 0, true, true, true, true, false",
    })
    void permissionsAreThoseOfThePrivilegeThatAsks(
            long ap, long uxn, long pxn, boolean exe, boolean priv, boolean read, boolean write, boolean execute) {
        bench.stage1(FULL, 2, 0);
        smmu.cd(1, Smmu.cdWord0(1), Smmu.ROOT);
        long leaf = Stage1Leaf.AF_MASK
                | ap << Stage1Leaf.AP_UNPRIV_LSB
                | uxn << Stage1Leaf.UXN_LSB
                | pxn << Stage1Leaf.PXN_LSB;
        smmu.map(Smmu.ROOT, IA, PAGE, leaf);
        int flags = WRITE | (exe ? Dma.EXECUTE : 0) | (priv ? Dma.PRIVILEGED : 0);
        AtsCompletion completion = bench.request(1, IA, flags);
        assertThat(completion.status()).isEqualTo(Status.SUCCESS);
        assertThat(completion.read()).isEqualTo(read);
        assertThat(completion.write()).isEqualTo(write);
        assertThat(completion.execute()).isEqualTo(execute);
        assertThat(completion.privileged()).isEqualTo(priv);
        // also for a page of every ASID
        assertThat(completion.global()).isFalse();
        assertThat(completion.untranslatedOnly()).isFalse();
    }

    @Test
    void withoutAPasidARequestIsUnprivilegedAndOfData() {
        full();
        smmu.map(Smmu.ROOT, IA, PAGE, Tables.RW & ~Stage1Leaf.AP_UNPRIV_MASK);
        assertThat(bench.request(IA, Dma.PRIVILEGED | Dma.EXECUTE)).isEqualTo(AtsCompletion.noAccess(false));
    }

    @Test
    void whatWouldFaultIsATranslationWithoutPermissionsAndNoEvent_R50() {
        full();
        smmu.map(Smmu.ROOT, 0x3000, PAGE, Tables.RW & ~Stage1Leaf.AF_MASK);
        smmu.map(Smmu.ROOT, 0x4000, 1L << 47, Tables.RW);
        smmu.cd(0, ContextDescriptor.withIps(Smmu.cdWord0(1), 0), Smmu.ROOT);
        for (long address : new long[] {IA, 0x3000, 0x4000, 1L << 50}) {
            assertThat(bench.request(address, WRITE)).isEqualTo(AtsCompletion.noAccess(false));
        }
        assertThat(smmu.events()).isEmpty();
        assertThat(bench.request(IA, 0).bytes()).isEqualTo(4096);
    }

    @ParameterizedTest
    @CsvSource({"true", "false"})
    void aConfigurationErrorIsACompleterAbortAndRecordedIfAsked_R50(boolean recorded) {
        bench.control(Cr2.RECINVSID_MASK | (recorded ? Cr2.REC_CFG_ATS_MASK : 0));
        String[] expected = {
            "C_BAD_STE",
            "C_BAD_CD",
            "F_STREAM_DISABLED",
            "C_BAD_SUBSTREAMID",
            "F_CD_FETCH",
            "F_WALK_EABT",
            "C_BAD_STREAMID"
        };
        smmu.ste(Smmu.SID, 0);
        assertThat(bench.request(IA, 0)).isEqualTo(AtsCompletion.refused(Status.COMPLETER_ABORT));
        bench.stage1(FULL, 0, 0);
        assertThat(bench.request(IA, 0).status()).isEqualTo(Status.COMPLETER_ABORT);
        bench.stage1(FULL, 2, StreamTableEntry.S1DSS_TERMINATE);
        smmu.command(4, 31);
        assertThat(bench.request(IA, 0).status()).isEqualTo(Status.COMPLETER_ABORT);
        assertThat(bench.request(7, IA, 0).status()).isEqualTo(Status.COMPLETER_ABORT);
        long word0 = StreamTableEntry.withS1ContextPtr(Smmu.stage1Word0(0), Smmu.HOLE);
        smmu.ste(Smmu.SID, word0, StreamTableEntry.withEats(0, FULL));
        smmu.command(4, 31);
        assertThat(bench.request(IA, 0).status()).isEqualTo(Status.COMPLETER_ABORT);
        full();
        smmu.command(4, 31);
        smmu.cd(0, Smmu.cdWord0(1), Smmu.HOLE);
        assertThat(bench.request(IA, 0).status()).isEqualTo(Status.COMPLETER_ABORT);
        assertThat(bench.ats.requestTranslation(0x4242, Dma.NO_PASID, IA, 0).status())
                .isEqualTo(Status.COMPLETER_ABORT);
        assertThat(smmu.eventNames()).isEqualTo(recorded ? List.of(expected) : List.of());
    }

    @Test
    void aRequestWhereAtsIsOffIsUnsupportedAndRecorded_R50() {
        smmu.stage1(2, 0);
        AtsCompletion unsupported = AtsCompletion.refused(Status.UNSUPPORTED_REQUEST);
        assertThat(bench.request(3, IA + 0x234, WRITE | Dma.PRIVILEGED)).isEqualTo(unsupported);
        long[] event = smmu.events().get(0);
        long word0 = EvtFBadAtsTreq.withStreamID(EvtFBadAtsTreq.withSsv(EventId.F_BAD_ATS_TREQ, 1), Smmu.SID);
        long word1 = EvtFBadAtsTreq.withSpan(EvtFBadAtsTreq.P_MASK | EvtFBadAtsTreq.W_MASK | EvtFBadAtsTreq.R_MASK, 1);
        assertThat(event).containsExactly(EvtFBadAtsTreq.withSubstreamID(word0, 3), word1, IA, 0);
        // a bypass has no ATS whatever EATS says, a reserved EATS is off
        smmu.ste(Smmu.SID, 9, StreamTableEntry.withEats(0, FULL));
        smmu.command(4, 31);
        assertThat(bench.request(IA, 0)).isEqualTo(unsupported);
        bench.stage1(3, 0, 0);
        smmu.command(4, 31);
        assertThat(bench.request(IA, 0)).isEqualTo(unsupported);
        assertThat(smmu.eventNames()).containsExactly("F_BAD_ATS_TREQ", "F_BAD_ATS_TREQ");
        // an aborting stream is unsupported without a word
        smmu.ste(Smmu.SID, 1);
        smmu.command(4, 31);
        assertThat(bench.request(IA, 0)).isEqualTo(unsupported);
        assertThat(smmu.events()).isEmpty();
    }

    @Test
    void noSubstreamIdOfADeviceStandsForTheStreamItself() {
        int odd = Integer.MIN_VALUE;
        smmu.ste(Smmu.SID, 1);
        assertThat(smmu.read(odd, IA, new byte[4], 0)).isEqualTo(Dma.ABORT);
        assertThat(bench.request(odd, IA, 0)).isEqualTo(AtsCompletion.refused(Status.UNSUPPORTED_REQUEST));
        full();
        smmu.command(4, 31);
        assertThat(bench.translated(PAGE, 0)).isEqualTo(Dma.OK);
        assertThat(smmu.read(odd, IA, new byte[4], 0)).isEqualTo(Dma.ABORT);
        assertThat(smmu.eventNames()).containsExactly("C_BAD_SUBSTREAMID");
    }

    @Test
    void whileOffRequestsAreUnsupportedAndTranslatedTrafficForbidden_R46() {
        full().enable(AtsBench.ON & ~Cr0.SMMUEN_MASK);
        assertThat(bench.request(IA, 0)).isEqualTo(AtsCompletion.refused(Status.UNSUPPORTED_REQUEST));
        assertThat(bench.translated(PAGE, 0)).isEqualTo(Dma.ABORT);
        assertThat(smmu.eventNames()).containsExactly("F_BAD_ATS_TREQ", "F_TRANSL_FORBIDDEN");
        bench.invalidate(0, CmdAtcInv.SIZE_ALL);
        bench.respond(0, 1, 2);
        assertThat(smmu.commandsConsumed()).isTrue();
        assertThat(bench.invalidations).isEmpty();
        assertThat(bench.answers).isEmpty();
        // nothing was cached meanwhile
        bench.enable(AtsBench.ON);
        smmu.ste(Smmu.SID, 1);
        assertThat(bench.request(IA, 0).status()).isEqualTo(Status.UNSUPPORTED_REQUEST);
        assertThat(smmu.events()).isEmpty();
    }

    @Test
    void translatedTrafficPassesWhereTheStreamHasAts_R13() {
        full();
        assertThat(bench.translated(PAGE, WRITE)).isEqualTo(Dma.OK);
        assertThat(bench.translated(1L << 48, 0)).isEqualTo(Dma.ABORT);
        assertThat(smmu.events()).isEmpty();
        smmu.stage1(0, 0);
        smmu.command(4, 31);
        assertThat(bench.translated(PAGE + 4, WRITE)).isEqualTo(Dma.ABORT);
        long[] event = smmu.events().get(0);
        assertThat(event).containsExactly((long) Smmu.SID << 32 | EventId.F_TRANSL_FORBIDDEN, 0, PAGE + 4, 0);
        assertThat(bench.translated(PAGE, 0)).isEqualTo(Dma.ABORT);
        assertThat(EvtFTranslForbidden.rnW(smmu.events().get(0)[1])).isEqualTo(1);
        smmu.ste(Smmu.SID, 9, StreamTableEntry.withEats(0, FULL));
        smmu.command(4, 31);
        assertThat(bench.translated(PAGE, 0)).isEqualTo(Dma.ABORT);
        smmu.ste(Smmu.SID, 1);
        smmu.command(4, 31);
        assertThat(bench.translated(PAGE, 0)).isEqualTo(Dma.ABORT);
        assertThat(smmu.eventNames()).containsExactly("F_TRANSL_FORBIDDEN");
    }

    @Test
    void withoutAtschkTranslatedTrafficIsNotLookedAt_R13() {
        smmu.ste(Smmu.SID, 0);
        bench.enable(AtsBench.ON & ~Cr0.ATSCHK_MASK);
        assertThat(bench.translated(PAGE, 0)).isEqualTo(Dma.OK);
        assertThat(smmu.counter("ste.fetch")).isZero();
    }

    @ParameterizedTest
    @CsvSource({"true", "false"})
    void configurationErrorsOfTranslatedTrafficAreRecordedIfAsked(boolean recorded) {
        // RECINVSID has no say here
        bench.control(recorded ? Cr2.REC_CFG_ATS_MASK : 0);
        smmu.ste(Smmu.SID, 0);
        assertThat(bench.translated(PAGE, 0)).isEqualTo(Dma.ABORT);
        assertThat(bench.ats.transactTranslated(0x4242, PAGE, 0, new byte[4], 0, 4))
                .isEqualTo(Dma.ABORT);
        assertThat(smmu.eventNames()).isEqualTo(recorded ? List.of("C_BAD_STE", "C_BAD_STREAMID") : List.of());
    }

    private void nested(long eats) {
        bench.nested(eats);
        smmu.identity2(2);
        smmu.cd(0, Smmu.cdWord0(1), Smmu.ROOT);
        smmu.map(Smmu.ROOT, IA, IPA - 0x4000_0000L, Tables.RW);
        smmu.map2(IPA - 0x4000_0000L, PAGE, Tables.S2_RW & ~Stage2Leaf.S2AP_W_MASK);
    }

    @Test
    void fullAtsOfBothStagesAnswersWithThePhysicalAddress() {
        nested(FULL);
        assertThat(bench.request(IA, WRITE)).isEqualTo(granted(PAGE, 4096, false));
        assertThat(bench.translated(PAGE, WRITE)).isEqualTo(Dma.OK);
    }

    @Test
    void splitStageAtsAnswersWithTheIpaAndStage2StillTranslates_R13() {
        nested(SPLIT);
        long ipa = IPA - 0x4000_0000L;
        assertThat(bench.request(IA, WRITE)).isEqualTo(granted(ipa, 4096, false));
        smmu.memory.write32(PAGE + 8, 77);
        byte[] data = new byte[4];
        assertThat(bench.ats.transactTranslated(Smmu.SID, ipa + 8, 0, data, 0, 4))
                .isEqualTo(Dma.OK);
        assertThat(data[0]).isEqualTo((byte) 77);
        assertThat(bench.translated(ipa, WRITE)).isEqualTo(Dma.ABORT);
        long[] event = smmu.events().get(0);
        assertThat(EvtFTranslation.eventID(event[0])).isEqualTo(EventId.F_PERMISSION);
        assertThat(EvtFTranslation.s2(event[1])).isEqualTo(1);
        assertThat(event[2]).isEqualTo(ipa);
        assertThat(event[3]).isEqualTo(ipa);
        // no IPA: an address size fault of stage 1
        assertThat(bench.translated(1L << 48, 0)).isEqualTo(Dma.ABORT);
        assertThat(smmu.eventNames()).containsExactly("F_ADDR_SIZE");
    }

    @Test
    void splitStageActsAsOffWithoutAtschk_R13() {
        bench.enable(AtsBench.ON & ~Cr0.ATSCHK_MASK);
        nested(SPLIT);
        assertThat(bench.request(IA, 0).status()).isEqualTo(Status.UNSUPPORTED_REQUEST);
        assertThat(smmu.eventNames()).containsExactly("F_BAD_ATS_TREQ");
    }

    @Test
    void splitStageIsIllegalUnlessNestedAndNotWithNs1ats_R13() {
        bench.stage1(SPLIT, 0, 0);
        assertThat(bench.translated(PAGE, 0)).isEqualTo(Dma.ABORT);
        assertThat(smmu.eventNames()).containsExactly("C_BAD_STE");
        AtsBench only = new AtsBench("idr0.NS1ATS", 1);
        only.nested(SPLIT);
        only.smmu.read(IA);
        assertThat(only.smmu.eventNames()).containsExactly("C_BAD_STE");
        // ATSCHK has no say in that
        AtsBench unchecked = new AtsBench();
        unchecked.enable(AtsBench.ON & ~Cr0.ATSCHK_MASK);
        unchecked.stage1(SPLIT, 0, 0);
        unchecked.smmu.read(IA);
        assertThat(unchecked.smmu.eventNames()).containsExactly("C_BAD_STE");
    }

    @Test
    void aStreamThatSkipsStage1IsAnsweredOneToOne() {
        bench.stage1(FULL, 2, StreamTableEntry.S1DSS_BYPASS);
        AtsCompletion completion = bench.request(PAGE, 0);
        assertThat(completion.address() + (PAGE & completion.bytes() - 1)).isEqualTo(PAGE);
        assertThat(completion.read() && completion.write()).isTrue();
        assertThat(bench.request(1L << 48, 0)).isEqualTo(AtsCompletion.noAccess(false));
    }

    @Test
    void aRequestIsTheAccessThatCountsForTheFlags() {
        bench.stage1(FULL, 0, 0);
        long cd = ContextDescriptor.withHd(ContextDescriptor.withHa(Smmu.cdWord0(1), 1), 1);
        smmu.cd(0, cd, Smmu.ROOT);
        long clean = Tables.RW & ~Stage1Leaf.AF_MASK | Stage1Leaf.DBM_MASK | Stage1Leaf.AP_RDONLY_MASK;
        long at = Tables.map(smmu, Smmu.ROOT, 12, 48, IA, 3, PAGE | clean | 3);
        assertThat(bench.request(IA, 0)).isEqualTo(granted(PAGE, 4096, false));
        assertThat(Stage1Leaf.af(smmu.memory.read64(at))).isEqualTo(1);
        assertThat(Stage1Leaf.apRdonly(smmu.memory.read64(at))).isEqualTo(1);
        assertThat(bench.request(IA, WRITE)).isEqualTo(granted(PAGE, 4096, true));
        assertThat(Stage1Leaf.apRdonly(smmu.memory.read64(at))).isZero();
        // dirty already
        assertThat(bench.request(IA, 0)).isEqualTo(granted(PAGE, 4096, true));
    }

    @Test
    void aReadOnlyStage1LeavesAWritableCleanStage2Clean() {
        bench.nested(FULL);
        long word2 = StreamTableEntry.withS2hd(StreamTableEntry.withS2ha(Smmu.stage2Word2(7), 1), 1);
        long word0 = StreamTableEntry.withConfig(Smmu.stage1Word0(0), StreamTableEntry.CONFIG_NESTED);
        smmu.ste(Smmu.SID, word0, StreamTableEntry.withEats(0, FULL), word2, Smmu.ROOT2);
        smmu.identity2(2);
        smmu.cd(0, Smmu.cdWord0(1), Smmu.ROOT);
        long ipa = IPA - 0x4000_0000L;
        smmu.map(Smmu.ROOT, IA, ipa, Tables.RW | Stage1Leaf.AP_RDONLY_MASK);
        long at = smmu.map2(ipa, PAGE, Tables.S2_RW & ~Stage2Leaf.S2AP_W_MASK | Stage2Leaf.DBM_MASK);
        assertThat(bench.request(IA, WRITE)).isEqualTo(granted(PAGE, 4096, false));
        assertThat(Stage2Leaf.s2apW(smmu.memory.read64(at))).isZero();
    }

    @Test
    void anInvalidationReachesItsEndpointWithItsSpan() {
        bench.invalidate(0, 0x1234_5000L | 3);
        bench.invalidate(
                CmdAtcInv.withSubstreamID(CmdAtcInv.SSV_MASK, 5) | CmdAtcInv.G_MASK, 0x1000 | CmdAtcInv.SIZE_ALL);
        // G means nothing without a SubstreamID
        bench.invalidate(CmdAtcInv.G_MASK, 0x1000);
        smmu.command(CmdAtcInv.withStreamID(CmdAtcInv.OPCODE_VALUE, Smmu.SID + 1), 0);
        smmu.sync();
        assertThat(smmu.commandsConsumed()).isTrue();
        assertThat(bench.invalidations)
                .containsExactly(
                        new AtsBench.Invalidation(Dma.NO_PASID, false, 0x1234_0000L, 15),
                        new AtsBench.Invalidation(5, true, 0, 64),
                        new AtsBench.Invalidation(Dma.NO_PASID, false, 0x1000, 12));
        bench.invalidate(0, 53);
        assertThat(smmu.commandError()).isEqualTo(CmdqCons.ERR_ILL);
    }

    @Test
    void aTimeOutIsReportedByTheSyncWhichCompletesWhenRepeated_R37() {
        bench.answering = false;
        bench.invalidate(0, 0);
        assertThat(smmu.commandsConsumed()).isTrue();
        assertThat(smmu.commandError()).isZero();
        smmu.command(CmdSync.OPCODE_VALUE, 0);
        assertThat(smmu.commandError()).isEqualTo(CmdqCons.ERR_ATC_INV_SYNC);
        int consumer = smmu.registers.read32(CmdqCons.ADDRESS);
        assertThat(CmdqCons.rd(consumer)).isEqualTo(1);
        assertThat(smmu.counter("command.CMD_SYNC")).isZero();
        smmu.registers.write32(Gerrorn.ADDRESS, (int) Gerror.CMDQ_MASK);
        assertThat(smmu.commandsConsumed()).isTrue();
        assertThat(smmu.counter("command.CMD_SYNC")).isEqualTo(1);
        bench.answering = true;
        bench.invalidate(0, 0);
        smmu.sync();
        assertThat(smmu.commandError()).isZero();
    }

    @Test
    void commandsOfAbsentFeaturesAreIllegal_R35() {
        Smmu without = Smmu.on("idr0.ATS", 0);
        assertThat(without.model.ats()).isEmpty();
        without.command(CmdAtcInv.OPCODE_VALUE, 0);
        assertThat(without.commandError()).isEqualTo(CmdqCons.ERR_ILL);
        bench.invalidate(CmdAtcInv.SSEC_MASK, 0);
        assertThat(smmu.commandError()).isEqualTo(CmdqCons.ERR_ILL);
        assertThat(Idr0.ats(smmu.registers.read32(Idr0.ADDRESS))).isEqualTo(1);
    }

    @Test
    void recCfgAtsIsWritableOnlyWhereItIsAnnounced() {
        AtsBench without = new AtsBench("idr0.ATSRECERR", 0);
        assertThat(Cr2.recCfgAts(without.smmu.registers.read32(Cr2.ADDRESS))).isZero();
        assertThat(Cr2.recCfgAts(smmu.registers.read32(Cr2.ADDRESS))).isEqualTo(1);
    }

    @Test
    void aStreamHasOneEndpointWithADeviceTlb() {
        assertThatThrownBy(() -> bench.ats.connect(Smmu.SID, bench))
                .isInstanceOf(IommuException.class)
                .hasMessageContaining("EBUSY")
                .hasMessageContaining("0x42");
    }
}
