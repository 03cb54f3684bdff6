package org.sluice.smmuv3.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.sluice.smmuv3.arch.CmdPriResp;
import org.sluice.smmuv3.arch.CmdqCons;
import org.sluice.smmuv3.arch.Cr0;
import org.sluice.smmuv3.arch.Cr2;
import org.sluice.smmuv3.arch.EventId;
import org.sluice.smmuv3.arch.EvtEPageRequest;
import org.sluice.smmuv3.arch.Gerror;
import org.sluice.smmuv3.arch.Gerrorn;
import org.sluice.smmuv3.arch.IrqCtrl;
import org.sluice.smmuv3.arch.PageRequest;
import org.sluice.smmuv3.arch.PriqBase;
import org.sluice.smmuv3.arch.PriqIrqCfg0;
import org.sluice.smmuv3.arch.PriqIrqCfg1;
import org.sluice.smmuv3.arch.PriqIrqCfg2;
import org.sluice.smmuv3.arch.StreamTableEntry;
import org.sluice.spi.board.AtsEndpoint.Response;
import org.sluice.spi.board.AtsPageRequest;
import org.sluice.spi.board.Dma;
import org.sluice.spi.board.IommuModel;

/** PRI: page requests, their queue and their answers (IHI 0070 chapter 8, section 4.5.2). */
class PageRequestRulesTest {
    private static final int ENTRIES = 1 << AtsBench.PRIQ_BITS;

    private final AtsBench bench = new AtsBench();
    private final Smmu smmu = bench.smmu;

    private static AtsPageRequest request(int substreamId, boolean last, int group) {
        return new AtsPageRequest(substreamId, 0x1000, true, false, false, false, last, group);
    }

    private void send(AtsPageRequest request) {
        bench.ats.requestPage(Smmu.SID, request);
    }

    private static AtsBench.Answer answer(int substreamId, int group, Response response) {
        return new AtsBench.Answer(substreamId, group, response);
    }

    private void fill(AtsBench full) {
        for (int i = 0; i < ENTRIES; i++) {
            full.ats.requestPage(Smmu.SID, request(Dma.NO_PASID, false, i));
        }
    }

    @Test
    void aRequestIsRecordedInItsFields() {
        send(new AtsPageRequest(0x5_4321, 0x1234_5678_9abcL, true, true, true, true, true, 0x1ff));
        send(new AtsPageRequest(Dma.NO_PASID, 0x1000, false, true, false, false, false, 3));
        List<long[]> records = bench.pageRequests();
        long word0 = PageRequest.PRIV_MASK
                | PageRequest.X_MASK
                | PageRequest.R_MASK
                | PageRequest.W_MASK
                | PageRequest.LAST_MASK
                | PageRequest.SSV_MASK;
        assertThat(records.get(0)).containsExactly(word0 | 0x5_4321L << 32 | Smmu.SID, 0x1234_5678_9000L | 0x1ff);
        assertThat(records.get(1)).containsExactly(PageRequest.W_MASK | Smmu.SID, 0x1000 | 3);
        assertThat(bench.answers).isEmpty();
        assertThat(smmu.counter("priq.recorded")).isEqualTo(2);
    }

    @Test
    void theInterruptComesWhenTheQueueIsNoLongerEmpty() {
        send(request(Dma.NO_PASID, false, 0));
        send(request(Dma.NO_PASID, true, 0));
        assertThat(smmu.interrupts).containsExactly("priq");
        bench.pageRequests();
        send(request(Dma.NO_PASID, false, 0));
        assertThat(smmu.interrupts).containsExactly("priq", "priq");
    }

    @Test
    void withLoTheInterruptComesWithTheLastOfAGroup() {
        smmu.registers.write32(IrqCtrl.ADDRESS, 0);
        smmu.registers.write32(PriqIrqCfg2.ADDRESS, (int) PriqIrqCfg2.LO_MASK);
        smmu.registers.write32(IrqCtrl.ADDRESS, (int) IrqCtrl.PRIQ_MASK);
        send(request(Dma.NO_PASID, false, 0));
        assertThat(smmu.interrupts).isEmpty();
        send(request(Dma.NO_PASID, true, 0));
        fill(bench);
        assertThat(smmu.interrupts).containsExactly("priq");
        // also for one that finds no room, but for none that is refused
        send(request(Dma.NO_PASID, true, 0));
        assertThat(smmu.interrupts).containsExactly("priq", "priq");
        bench.enable(AtsBench.ON & ~Cr0.PRIQEN_MASK);
        send(request(Dma.NO_PASID, true, 0));
        assertThat(smmu.interrupts).containsExactly("priq", "priq");
    }

    @ParameterizedTest
    @CsvSource({"0x98000000, 0", "0x100000000, 1"})
    void theInterruptMayBeAnMsi(long address, int failed) {
        smmu.registers.write32(IrqCtrl.ADDRESS, 0);
        smmu.registers.write64(PriqIrqCfg0.ADDRESS, address);
        smmu.registers.write32(PriqIrqCfg1.ADDRESS, 0x77);
        smmu.registers.write32(IrqCtrl.ADDRESS, (int) IrqCtrl.PRIQ_MASK);
        send(request(Dma.NO_PASID, true, 0));
        assertThat(smmu.interrupts).isEmpty();
        assertThat(Gerror.msiPriq(smmu.registers.read32(Gerror.ADDRESS))).isEqualTo(failed);
        assertThat(failed == 0 ? smmu.memory.read32(address) : 0x77).isEqualTo(0x77);
    }

    @Test
    void anOverflowTogglesOnceAndTakesNothingUntilItIsAcknowledged() {
        fill(bench);
        assertThat(bench.overflowing()).isFalse();
        send(request(Dma.NO_PASID, false, 9));
        send(request(Dma.NO_PASID, true, 9));
        assertThat(bench.overflowing()).isTrue();
        // what is not the last of its group is lost, the last is answered so that the device asks again
        assertThat(bench.answers).containsExactly(answer(Dma.NO_PASID, 9, Response.SUCCESS));
        assertThat(bench.pageRequests()).hasSize(ENTRIES);
        // there is room, but unlike the event queue this one waits for the acknowledgement
        send(request(Dma.NO_PASID, true, 10));
        assertThat(bench.pageRequests()).isEmpty();
        assertThat(bench.answers).hasSize(2);
        bench.acknowledgeOverflow();
        send(request(Dma.NO_PASID, true, 11));
        assertThat(bench.pageRequests()).hasSize(1);
        assertThat(bench.overflowing()).isFalse();
        assertThat(smmu.registers.read32(Gerror.ADDRESS)).isZero();
        assertThat(smmu.counter("priq.discarded")).isEqualTo(3);
    }

    @ParameterizedTest
    @CsvSource({
        // PPS, PPAR; the PASID of an answer to a request of PASID 5
        "0, 0, -1",
        "0, 1, 5",
        "1, 0, 5",
    })
    void anAutomaticAnswerHasItsPasidAsPparSays(int pps, long ppar, int expected) {
        AtsBench other = new AtsBench("idr3.PPS", pps);
        other.smmu.ste(Smmu.SID, Smmu.stage1Word0(0), StreamTableEntry.withPpar(0, ppar));
        fill(other);
        other.ats.requestPage(Smmu.SID, request(5, true, 9));
        assertThat(other.answers).containsExactly(answer(expected, 9, Response.SUCCESS));
    }

    @ParameterizedTest
    @CsvSource({"true", "false"})
    void whereTheSteCannotBeReadTheAnswerIsFailure(boolean recorded) {
        bench.control(recorded ? Cr2.REC_CFG_ATS_MASK : 0);
        fill(bench);
        send(request(5, true, 9));
        assertThat(bench.answers).containsExactly(answer(Dma.NO_PASID, 9, Response.FAILURE));
        assertThat(smmu.eventNames()).isEqualTo(recorded ? List.of("C_BAD_STE") : List.of());
    }

    @Test
    void whileTheQueueIsOffEveryRequestFails_R46() {
        bench.enable(AtsBench.ON & ~Cr0.PRIQEN_MASK);
        send(request(5, false, 1));
        bench.enable(AtsBench.ON & ~Cr0.SMMUEN_MASK);
        send(request(5, true, 2));
        assertThat(bench.answers)
                .containsExactly(answer(Dma.NO_PASID, 1, Response.FAILURE), answer(Dma.NO_PASID, 2, Response.FAILURE));
        bench.enable(AtsBench.ON);
        assertThat(bench.pageRequests()).isEmpty();
        assertThat(bench.overflowing()).isFalse();
    }

    @Test
    void aStopMarkerIsRecordedAndNeverAnswered() {
        send(AtsPageRequest.stop(5));
        long[] marker = bench.pageRequests().get(0);
        assertThat(marker[0]).isEqualTo(PageRequest.LAST_MASK | PageRequest.SSV_MASK | 5L << 32 | Smmu.SID);
        fill(bench);
        send(AtsPageRequest.stop(5));
        bench.enable(AtsBench.ON & ~Cr0.PRIQEN_MASK);
        send(AtsPageRequest.stop(5));
        assertThat(bench.answers).isEmpty();
        // the same without a PASID is a request
        send(new AtsPageRequest(Dma.NO_PASID, 0, false, false, false, false, true, 4));
        assertThat(bench.answers).containsExactly(answer(Dma.NO_PASID, 4, Response.FAILURE));
    }

    @Test
    void anAbortedWriteIsAGlobalErrorAndRequestsFailUntilItIsAcknowledged() {
        bench.enable(AtsBench.ON & ~Cr0.PRIQEN_MASK);
        smmu.registers.write64(PriqBase.ADDRESS, Smmu.HOLE | AtsBench.PRIQ_BITS);
        bench.enable(AtsBench.ON);
        send(request(5, true, 1));
        assertThat(smmu.registers.read32(Gerror.ADDRESS)).isEqualTo((int) Gerror.PRIQ_ABT_MASK);
        bench.enable(AtsBench.ON & ~Cr0.PRIQEN_MASK);
        smmu.registers.write64(PriqBase.ADDRESS, AtsBench.PAGE_REQUESTS | AtsBench.PRIQ_BITS);
        bench.enable(AtsBench.ON);
        send(request(5, true, 2));
        assertThat(bench.answers)
                .containsExactly(answer(Dma.NO_PASID, 1, Response.FAILURE), answer(Dma.NO_PASID, 2, Response.FAILURE));
        smmu.registers.write32(Gerrorn.ADDRESS, (int) Gerror.PRIQ_ABT_MASK);
        send(request(5, true, 3));
        assertThat(bench.pageRequests()).hasSize(1);
    }

    @ParameterizedTest
    @CsvSource({"0, FAILURE", "1, INVALID_REQUEST", "2, SUCCESS"})
    void softwareAnswersAGroup(long response, Response expected) {
        bench.respond(0, 0x1ff, response);
        bench.respond(CmdPriResp.withSubstreamID(CmdPriResp.SSV_MASK, 5), 7, response);
        assertThat(smmu.commandsConsumed()).isTrue();
        assertThat(bench.answers).containsExactly(answer(Dma.NO_PASID, 0x1ff, expected), answer(5, 7, expected));
    }

    @Test
    void aReservedResponseIsIllegal_R35() {
        bench.respond(0, 1, 3);
        assertThat(smmu.commandError()).isEqualTo(CmdqCons.ERR_ILL);
        assertThat(bench.answers).isEmpty();
    }

    @Test
    void anAnswerWithoutPriOrForSecureStreamsIsIllegal_R35() {
        Smmu without = Smmu.on("idr0.PRI", 0);
        without.command(CmdPriResp.OPCODE_VALUE, CmdPriResp.withResp(0, CmdPriResp.RESP_SUCCESS));
        assertThat(without.commandError()).isEqualTo(CmdqCons.ERR_ILL);
        bench.respond(CmdPriResp.SSEC_MASK, 1, 2);
        assertThat(smmu.commandError()).isEqualTo(CmdqCons.ERR_ILL);
    }

    @Test
    void anAnnouncementIsAnEvent() {
        bench.ats.announceAccess(Smmu.SID, 5, 0x1234_5678L, 9, IommuModel.WRITE);
        bench.ats.announceAccess(Smmu.SID, Dma.NO_PASID, 0x1000, 1000, Dma.PRIVILEGED | Dma.EXECUTE);
        List<long[]> events = smmu.events();
        long word0 = EvtEPageRequest.withSsv(EvtEPageRequest.withStreamID(EventId.E_PAGE_REQUEST, Smmu.SID), 1);
        assertThat(events.get(0))
                .containsExactly(
                        EvtEPageRequest.withSubstreamID(word0, 5),
                        EvtEPageRequest.withSpan(EvtEPageRequest.UR_MASK | EvtEPageRequest.UW_MASK, 9),
                        0x1234_5000L,
                        0);
        assertThat(events.get(1)[1])
                .isEqualTo(EvtEPageRequest.withSpan(EvtEPageRequest.PR_MASK | EvtEPageRequest.PX_MASK, 255));
    }
}
