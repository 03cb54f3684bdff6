package org.sluice.smmuv3.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.sluice.smmuv3.arch.CmdResume;
import org.sluice.smmuv3.arch.CmdStallTerm;
import org.sluice.smmuv3.arch.ContextDescriptor;
import org.sluice.smmuv3.arch.Cr0;
import org.sluice.smmuv3.arch.EvtFTranslation;
import org.sluice.smmuv3.arch.StreamTableEntry;
import org.sluice.spi.board.Dma;

/** Transactions that wait for software. */
@Timeout(60)
class StallRulesTest {
    private static final long PAGE = 0x9800_0000L;
    private static final long IA = 0x1000;
    private static final long STALLING = ContextDescriptor.withS(Smmu.cdWord0(1), 1);

    private static Smmu stalling(Object... more) {
        List<Object> properties = new ArrayList<>(List.of("idr0.STALL_MODEL", 0));
        properties.addAll(List.of(more));
        return Smmu.on(properties.toArray()).stage1(0, 0).cd(0, STALLING, Smmu.ROOT);
    }

    private static FutureTask<Integer> read(Smmu smmu, byte[] data) {
        FutureTask<Integer> outcome = new FutureTask<>(() -> smmu.read(Dma.NO_PASID, IA, data, 0));
        new Thread(outcome).start();
        return outcome;
    }

    private static FutureTask<Integer> read(Smmu smmu) {
        return read(smmu, new byte[4]);
    }

    private static long[] event(Smmu smmu) throws InterruptedException {
        while (true) {
            List<long[]> events = smmu.events();
            if (!events.isEmpty()) {
                assertThat(events).hasSize(1);
                return events.get(0);
            }
            Thread.sleep(1);
        }
    }

    private static void resume(Smmu smmu, int sid, long tag, long response) {
        long word0 = CmdResume.withResp(CmdResume.withStreamID(CmdResume.OPCODE_VALUE, sid), response);
        smmu.command(word0, CmdResume.withStag(0, tag));
        assertThat(smmu.commandError()).isZero();
    }

    private static long tag(long[] event) {
        assertThat(EvtFTranslation.stall(event[1])).isEqualTo(1);
        return EvtFTranslation.stag(event[1]);
    }

    @Test
    void aRetryTranslatesAfreshAndSyncDoesNotWait_R49() throws InterruptedException, ExecutionException {
        Smmu smmu = stalling();
        FutureTask<Integer> outcome = read(smmu);
        long tag = tag(event(smmu));
        smmu.command(0x30, 0);
        smmu.sync();
        assertThat(smmu.commandsConsumed()).isTrue();
        assertThat(outcome.isDone()).isFalse();
        // not yet: it faults again
        resume(smmu, Smmu.SID, tag, CmdResume.RESP_RETRY);
        tag = tag(event(smmu));
        smmu.map(Smmu.ROOT, IA, PAGE, Tables.RW);
        resume(smmu, Smmu.SID, tag, CmdResume.RESP_RETRY);
        assertThat(outcome.get()).isEqualTo(Dma.OK);
    }

    @ParameterizedTest
    @CsvSource({"0, 0, 2", "0, 2, 1", "1, 0, 1"})
    void aStallEndsAsSoftwareSays(int termModel, long response, int expected)
            throws InterruptedException, ExecutionException {
        Smmu smmu = stalling("idr0.TERM_MODEL", termModel);
        byte[] data = {1, 2, 3, 4};
        FutureTask<Integer> outcome = read(smmu, data);
        resume(smmu, Smmu.SID, tag(event(smmu)), response);
        assertThat(outcome.get()).isEqualTo(expected);
        assertThat(data).isEqualTo(expected == Dma.RAZ_WI ? new byte[4] : new byte[] {1, 2, 3, 4});
    }

    @Test
    void aResumeOfAnUnknownTagOrStreamDoesNothing_R49() throws InterruptedException, ExecutionException {
        Smmu smmu = stalling();
        resume(smmu, Smmu.SID, 0xffff, CmdResume.RESP_ABORT);
        FutureTask<Integer> outcome = read(smmu);
        long tag = tag(event(smmu));
        resume(smmu, Smmu.SID + 1, tag, CmdResume.RESP_ABORT);
        resume(smmu, Smmu.SID, tag + 1, CmdResume.RESP_ABORT);
        resume(smmu, Smmu.SID, tag, CmdResume.RESP_TERMINATE);
        assertThat(outcome.get()).isEqualTo(Dma.RAZ_WI);
        resume(smmu, Smmu.SID, tag, CmdResume.RESP_ABORT);
    }

    @Test
    void stallTermEndsAllOfAStream() throws InterruptedException, ExecutionException {
        Smmu smmu = stalling();
        FutureTask<Integer> first = read(smmu);
        event(smmu);
        FutureTask<Integer> second = read(smmu);
        long tag = tag(event(smmu));
        smmu.command(CmdStallTerm.withStreamID(CmdStallTerm.OPCODE_VALUE, Smmu.SID + 1), 0);
        resume(smmu, Smmu.SID, tag, CmdResume.RESP_TERMINATE);
        assertThat(second.get()).isEqualTo(Dma.RAZ_WI);
        smmu.command(CmdStallTerm.withStreamID(CmdStallTerm.OPCODE_VALUE, Smmu.SID), 0);
        assertThat(first.get()).isEqualTo(Dma.ABORT);
    }

    @Test
    void aStallIsRecordedWithoutR_R23() throws InterruptedException, ExecutionException {
        Smmu smmu = stalling();
        smmu.cd(0, ContextDescriptor.withR(STALLING, 0), Smmu.ROOT);
        FutureTask<Integer> outcome = read(smmu);
        resume(smmu, Smmu.SID, tag(event(smmu)), CmdResume.RESP_ABORT);
        assertThat(outcome.get()).isEqualTo(Dma.ABORT);
    }

    @Test
    void anAbortOfAWalkDoesNotStall_R23() {
        Smmu smmu = stalling().cd(0, STALLING, Smmu.HOLE);
        assertThat(smmu.read(IA)).isEqualTo(Dma.ABORT);
        assertThat(smmu.eventNames()).containsExactly("F_WALK_EABT");
    }

    private static void settle(FutureTask<Integer> outcome) throws InterruptedException {
        // long enough for a record that must not come
        Thread.sleep(30);
        assertThat(outcome.isDone()).isFalse();
    }

    @Test
    void theRecordOfAStallWaitsForItsQueueToBeEnabled_R32() throws InterruptedException, ExecutionException {
        Smmu smmu = stalling();
        smmu.registers.write32(Cr0.ADDRESS, (int) (Cr0.CMDQEN_MASK | Cr0.SMMUEN_MASK));
        FutureTask<Integer> outcome = read(smmu);
        settle(outcome);
        assertThat(smmu.events()).isEmpty();
        smmu.registers.write32(Cr0.ADDRESS, (int) (Cr0.CMDQEN_MASK | Cr0.SMMUEN_MASK | Cr0.EVENTQEN_MASK));
        resume(smmu, Smmu.SID, tag(event(smmu)), CmdResume.RESP_ABORT);
        assertThat(outcome.get()).isEqualTo(Dma.ABORT);
        assertThat(smmu.counter("event.lost")).isZero();
    }

    @Test
    void theRecordOfAStallWaitsForRoomAndIsNoOverflow_R32() throws InterruptedException, ExecutionException {
        Smmu smmu = stalling();
        for (int i = 0; i < 1 << Smmu.QUEUE_BITS; i++) {
            smmu.model.transact(0x1000, Dma.NO_PASID, IA, 0, new byte[4], 0, 4);
        }
        FutureTask<Integer> outcome = read(smmu);
        settle(outcome);
        assertThat(smmu.events()).hasSize(1 << Smmu.QUEUE_BITS);
        assertThat(smmu.counter("event.lost")).isZero();
        resume(smmu, Smmu.SID, tag(event(smmu)), CmdResume.RESP_ABORT);
        assertThat(outcome.get()).isEqualTo(Dma.ABORT);
    }

    @Test
    void moreThanCanStallWaitForATag() throws InterruptedException, ExecutionException {
        Smmu smmu = stalling("idr5.STALL_MAX", 1);
        FutureTask<Integer> first = read(smmu);
        long tag = tag(event(smmu));
        FutureTask<Integer> second = read(smmu);
        settle(second);
        assertThat(smmu.events()).isEmpty();
        smmu.command(0x30, 0);
        smmu.sync();
        resume(smmu, Smmu.SID, tag, CmdResume.RESP_ABORT);
        assertThat(first.get()).isEqualTo(Dma.ABORT);
        resume(smmu, Smmu.SID, tag(event(smmu)), CmdResume.RESP_TERMINATE);
        assertThat(second.get()).isEqualTo(Dma.RAZ_WI);
    }

    @Test
    void aFaultOfStage2StallsByS2s_R27() throws InterruptedException, ExecutionException {
        Smmu smmu = Smmu.on("idr0.STALL_MODEL", 0);
        long word2 = StreamTableEntry.withS2r(StreamTableEntry.withS2s(Smmu.stage2Word2(7), 1), 0);
        smmu.stage2(StreamTableEntry.CONFIG_NESTED, word2).cd(0, Smmu.cdWord0(1), Smmu.ROOT);
        FutureTask<Integer> outcome = read(smmu);
        long[] event = event(smmu);
        assertThat(EvtFTranslation.s2(event[1])).isEqualTo(1);
        assertThat(EvtFTranslation.clazz(event[1])).isEqualTo(EvtFTranslation.CLASS_CD);
        smmu.identity2(2);
        smmu.map(Smmu.ROOT, IA, PAGE & ~0xffff_ffffL | 0x8f00_0000L, Tables.RW);
        resume(smmu, Smmu.SID, tag(event), CmdResume.RESP_RETRY);
        assertThat(outcome.get()).isEqualTo(Dma.OK);
    }

    @Test
    void powerOffAbortsWhatWaits() throws InterruptedException, ExecutionException {
        Smmu smmu = stalling();
        FutureTask<Integer> outcome = read(smmu);
        event(smmu);
        smmu.model.close();
        assertThat(outcome.get()).isEqualTo(Dma.ABORT);
        assertThat(smmu.read(IA)).isEqualTo(Dma.ABORT);
    }

    @Test
    void stallsThatTheStreamForbidsAreIllegal_R12() {
        Smmu smmu = stalling();
        smmu.ste(Smmu.SID, Smmu.stage1Word0(0), StreamTableEntry.withS1stalld(0, 1));
        smmu.read(IA);
        assertThat(smmu.eventNames()).containsExactly("C_BAD_CD");
    }

    @Test
    void whereStallsAreForcedNothingMayForbidThem_R12() {
        Smmu smmu = Smmu.on("idr0.STALL_MODEL", 2, "config.entries", "none").stage1(0, 0);
        smmu.cd(0, Smmu.cdWord0(1), Smmu.ROOT);
        smmu.read(IA);
        smmu.ste(Smmu.SID, Smmu.stage1Word0(0), StreamTableEntry.withS1stalld(0, 1));
        smmu.read(IA);
        smmu.stage2(StreamTableEntry.CONFIG_S2_TRANSLATE, 7);
        smmu.read(IA);
        assertThat(smmu.eventNames()).containsExactly("C_BAD_CD", "C_BAD_STE", "C_BAD_STE");
        smmu.stage1(0, 0).cd(0, STALLING, Smmu.ROOT);
        smmu.map(Smmu.ROOT, IA, PAGE, Tables.RW);
        assertThat(smmu.read(IA)).isEqualTo(Dma.OK);
    }

    @Test
    void resumeAndStallTermOfTheSecureWorldAreIllegal_R35() {
        for (long opcode : new long[] {CmdResume.OPCODE_VALUE, CmdStallTerm.OPCODE_VALUE}) {
            Smmu smmu = stalling();
            smmu.command(CmdResume.withSSec(opcode, 1), 0);
            assertThat(smmu.commandError()).isEqualTo(1);
        }
    }
}
