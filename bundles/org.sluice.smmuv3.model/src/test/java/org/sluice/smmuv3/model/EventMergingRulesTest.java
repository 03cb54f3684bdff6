package org.sluice.smmuv3.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.sluice.smmuv3.arch.CmdStallTerm;
import org.sluice.smmuv3.arch.ContextDescriptor;
import org.sluice.smmuv3.arch.EventqCons;
import org.sluice.smmuv3.arch.EventqProd;
import org.sluice.smmuv3.arch.StreamTableEntry;
import org.sluice.spi.board.Dma;

/** Events that are told by a record that is in the queue already (IHI 0070 section 7.3.1). */
@Timeout(60)
class EventMergingRulesTest {
    private static final long IA = 0x1000;

    private static Smmu merging(Object... properties) {
        Smmu smmu = Smmu.on(properties).cd(0, Smmu.cdWord0(1), Smmu.ROOT);
        return smmu.ste(Smmu.SID, Smmu.stage1Word0(0), StreamTableEntry.withMev(0, 1));
    }

    private static long unread(Smmu smmu) {
        return smmu.registers.read32(EventqProd.ADDRESS) - smmu.registers.read32(EventqCons.ADDRESS);
    }

    @Test
    void identicalFaultsOfAPageAreOneRecord() {
        Smmu smmu = merging();
        for (int i = 0; i < 10; i++) {
            smmu.read(IA + 8 * i);
        }
        assertThat(unread(smmu)).isEqualTo(1);
        // the record tells the first
        assertThat(smmu.events().get(0)[2]).isEqualTo(IA);
        assertThat(smmu.counter("event.merged")).isEqualTo(9);
        assertThat(smmu.counter("event.F_TRANSLATION")).isEqualTo(1);
        assertThat(smmu.counter("event.lost")).isZero();
    }

    @Test
    void whatDiffersInAnyOtherFieldIsNotMerged() {
        Smmu smmu = merging();
        smmu.read(IA);
        smmu.write(IA);
        smmu.read(IA + 0x1000);
        smmu.read(Dma.NO_PASID, IA, new byte[4], Dma.PRIVILEGED);
        assertThat(unread(smmu)).isEqualTo(4);
        // in between there were others
        smmu.read(IA + 4);
        assertThat(unread(smmu)).isEqualTo(4);
    }

    @Test
    void withoutMevEachFaultHasItsRecord() {
        Smmu smmu = Smmu.translating();
        smmu.read(IA);
        smmu.read(IA);
        assertThat(smmu.events()).hasSize(2);
    }

    @Test
    void withoutTheOptionEachFaultHasItsRecord() {
        Smmu smmu = merging("events.merge", false);
        smmu.read(IA);
        smmu.read(IA);
        assertThat(smmu.events()).hasSize(2);
    }

    @Test
    void nothingMergesIntoWhatSoftwareHasTaken() {
        Smmu smmu = merging();
        smmu.read(IA);
        assertThat(smmu.events()).hasSize(1);
        smmu.read(IA);
        assertThat(smmu.events()).hasSize(1);
        assertThat(smmu.counter("event.merged")).isZero();
    }

    @Test
    void errorsOfTheContextMergeButNotThoseOfTheSte() {
        Smmu smmu = merging();
        smmu.cd(0, 0);
        smmu.read(IA);
        smmu.read(IA + 0x5000);
        assertThat(smmu.eventNames()).containsExactly("C_BAD_CD");
        // without a valid STE there is no MEV; this model writes each
        smmu.ste(Smmu.SID, 0, StreamTableEntry.withMev(0, 1));
        smmu.command(4, 31);
        smmu.read(IA);
        smmu.read(IA);
        assertThat(smmu.eventNames()).containsExactly("C_BAD_STE", "C_BAD_STE");
    }

    @Test
    void aMergedEventIsNoOverflowOfAFullQueue() {
        Smmu smmu = merging();
        for (int page = 0; page < 1 << Smmu.QUEUE_BITS; page++) {
            smmu.read(IA + page * 0x1000L);
        }
        long last = IA + ((1 << Smmu.QUEUE_BITS) - 1) * 0x1000L;
        smmu.read(last);
        assertThat(smmu.counter("event.lost")).isZero();
        smmu.read(last + 0x1000);
        assertThat(smmu.counter("event.lost")).isEqualTo(1);
    }

    @Test
    void recordsOfStalledTransactionsNeverMerge() throws ExecutionException, InterruptedException {
        Smmu smmu = merging("idr0.STALL_MODEL", 0);
        smmu.cd(0, ContextDescriptor.withS(Smmu.cdWord0(1), 1), Smmu.ROOT);
        List<FutureTask<Integer>> stalled = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            FutureTask<Integer> read = new FutureTask<>(() -> smmu.read(IA));
            new Thread(read).start();
            stalled.add(read);
        }
        while (unread(smmu) < 3) {
            Thread.sleep(1);
        }
        assertThat(smmu.events()).hasSize(3);
        smmu.command(CmdStallTerm.withStreamID(CmdStallTerm.OPCODE_VALUE, Smmu.SID), 0);
        for (FutureTask<Integer> read : stalled) {
            assertThat(read.get()).isEqualTo(Dma.ABORT);
        }
        assertThat(smmu.counter("event.merged")).isZero();
    }
}
