package org.sluice.smmuv2.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.sluice.smmuv2.arch.FaultStatus;
import org.sluice.smmuv2.arch.Resume;
import org.sluice.smmuv2.arch.SystemControl;
import org.sluice.smmuv2.arch.TlbSync;
import org.sluice.spi.board.Dma;

/** SCTLR.CFCFG, HUPCF and RESUME: what a fault does to its own transaction and to others of the bank. */
@Timeout(60)
class StallTest {
    private static final long IOVA = 0x1234_5000L;
    private static final long PAGE = 0x8123_4000L;
    private static final int BANK = 5;

    private final Smmu smmu = new Smmu().enable();
    private final long root = smmu.table();
    private final ExecutorService devices = Executors.newCachedThreadPool();

    private StallTest() {
        smmu.stream(0, Smmu.SID, BANK).stage1(BANK, 6, root);
        smmu.map(root, IOVA + 0x1000, PAGE + 0x1000 | Smmu.RW);
        smmu.memory.write32(PAGE, 0x55);
        smmu.memory.write32(PAGE + 0x1000, 0x66);
    }

    @AfterEach
    void powerOff() throws InterruptedException {
        smmu.model.close();
        devices.shutdown();
        assertThat(devices.awaitTermination(30, TimeUnit.SECONDS))
                .as("nobody waits any more")
                .isTrue();
    }

    private <T> CompletableFuture<T> device(Supplier<T> access) {
        return CompletableFuture.supplyAsync(access, devices);
    }

    private static void await(BooleanSupplier condition) {
        while (!condition.getAsBoolean()) {
            Thread.onSpinWait();
        }
    }

    private boolean isStalled() {
        return (smmu.faultStatus(BANK) & FaultStatus.SS_MASK) != 0;
    }

    @Test
    void aStalledTransactionTranslatesAgainWhenItIsRetried() {
        smmu.control(BANK, SystemControl.CFCFG_MASK);
        CompletableFuture<Long> word = device(() -> smmu.word(Smmu.SID, IOVA));
        await(this::isStalled);
        assertThat(word).isNotDone();
        // the synchronisation does not wait for it
        smmu.write(BANK, TlbSync.OFFSET, 0);
        smmu.map(root, IOVA, PAGE | Smmu.RW);
        smmu.clearFault(BANK);
        assertThat(isStalled()).as("FSR does not end a stall").isTrue();
        smmu.write(BANK, Resume.OFFSET, Resume.TNR_RETRY);
        assertThat(word.join()).isEqualTo(0x55);
        assertThat(smmu.faultStatus(BANK)).isZero();
    }

    @Test
    void aStalledTransactionAbortsWhenItIsTerminated() {
        smmu.control(BANK, SystemControl.CFCFG_MASK);
        CompletableFuture<Integer> answer = device(() -> smmu.read(Smmu.SID, IOVA, new byte[4]));
        await(this::isStalled);
        smmu.write(BANK, Resume.OFFSET, Resume.TNR_TERMINATE);
        assertThat(answer.join()).isEqualTo(Dma.ABORT);
    }

    @Test
    void onlyTheFirstOfManyIsTerminatedAndTheOthersFaultInTheirTurn() {
        smmu.control(BANK, SystemControl.CFCFG_MASK);
        List<CompletableFuture<Integer>> answers = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            long iova = IOVA + 0x10_0000L * (i + 1);
            answers.add(device(() -> smmu.read(Smmu.SID, iova, new byte[4])));
        }
        for (int ended = 1; ended <= answers.size(); ended++) {
            await(this::isStalled);
            smmu.clearFault(BANK);
            smmu.write(BANK, Resume.OFFSET, Resume.TNR_TERMINATE);
            int expected = ended;
            await(() -> answers.stream().filter(CompletableFuture::isDone).count() == expected);
        }
        assertThat(answers).allSatisfy(answer -> assertThat(answer.join()).isEqualTo(Dma.ABORT));
    }

    @Test
    void withoutHupcfOthersWaitForTheFaultToBeCleared() {
        smmu.control(BANK, SystemControl.CFCFG_MASK);
        CompletableFuture<Integer> faulting = device(() -> smmu.read(Smmu.SID, IOVA, new byte[4]));
        await(this::isStalled);
        CompletableFuture<Long> good = device(() -> smmu.word(Smmu.SID, IOVA + 0x1000));
        smmu.write(BANK, Resume.OFFSET, Resume.TNR_TERMINATE);
        assertThat(faulting.join()).isEqualTo(Dma.ABORT);
        assertThat(good).as("FSR still says TF").isNotDone();
        smmu.clearFault(BANK);
        assertThat(good.join()).isEqualTo(0x66);
    }

    @Test
    void withHupcfOthersFlowPastTheFault() {
        smmu.control(BANK, SystemControl.CFCFG_MASK | SystemControl.HUPCF_MASK);
        CompletableFuture<Integer> faulting = device(() -> smmu.read(Smmu.SID, IOVA, new byte[4]));
        await(this::isStalled);
        assertThat(smmu.word(Smmu.SID, IOVA + 0x1000)).isEqualTo(0x66);
        assertThat(faulting).isNotDone();
        smmu.write(BANK, Resume.OFFSET, Resume.TNR_TERMINATE);
        assertThat(faulting.join()).isEqualTo(Dma.ABORT);
    }

    @Test
    void withoutStallsAFaultThatIsNotClearedTerminatesOthersUnlessHupcf() {
        assertThat(smmu.word(Smmu.SID, IOVA)).isEqualTo(-1);
        assertThat(smmu.word(Smmu.SID, IOVA + 0x1000)).isEqualTo(-1);
        smmu.control(BANK, SystemControl.HUPCF_MASK);
        assertThat(smmu.word(Smmu.SID, IOVA + 0x1000)).isEqualTo(0x66);
        assertThat(smmu.word(Smmu.SID, IOVA + 0x2000)).isEqualTo(-1);
        assertThat(smmu.faultStatus(BANK)).isEqualTo(FaultStatus.TF_MASK | FaultStatus.MULTI_MASK);
    }

    @Test
    void withoutCfreTheFaultIsHiddenFromTheDevice() {
        smmu.write(BANK, SystemControl.OFFSET, SystemControl.M_MASK);
        byte[] data = {1, 2, 3, 4};
        assertThat(smmu.read(Smmu.SID, IOVA, data)).isEqualTo(Dma.RAZ_WI);
        assertThat(data).containsOnly(0);
        assertThat(smmu.interrupts).as("without CFIE").isEmpty();
    }

    @Test
    void aResumeWithoutAStallChangesNothing() {
        smmu.write(BANK, Resume.OFFSET, Resume.TNR_RETRY);
        assertThat(smmu.word(Smmu.SID, IOVA + 0x1000)).isEqualTo(0x66);
    }
}
