package org.sluice.smmuv3.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.sluice.smmuv3.arch.CmdCfgiCd;
import org.sluice.smmuv3.arch.CmdTlbiNhVa;
import org.sluice.smmuv3.arch.CmdqProd;
import org.sluice.smmuv3.arch.Cr0;
import org.sluice.smmuv3.arch.Cr0Ack;
import org.sluice.spi.board.Dma;
import org.sluice.spi.board.ExplainingModel;
import org.sluice.spi.board.Translation;

/** Invalidation against transactions that are under way. */
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class RacesTest {
    /** Rounds of the property that matters most; {@code -Dsluice.races.rounds=5000000} for millions. */
    private static final long ROUNDS = Long.getLong("sluice.races.rounds", 4000);

    /** The common pool has one thread on two processors, and a party of a race that waits would keep the other from starting. */
    private static final Executor OWN_THREAD = task -> new Thread(task, "party of a race").start();

    private static final long OLD = 0x9400_0000L;
    private static final long NEW = 0x9600_0000L;
    private static final long IOVA = 0x1000;

    private WatchedMemory watched;

    private Smmu watchedSmmu() {
        return watchedSmmu(false);
    }

    private Smmu watchedSmmu(boolean windows) {
        Smmu smmu = Smmu.reset(memory -> watched = new WatchedMemory(memory, windows))
                .enable()
                .stage1(0, 0)
                .cd(0, Smmu.cdWord0(1), Smmu.ROOT);
        watched.onRead = address -> {};
        return smmu;
    }

    /** Holds the first read of an address until released. */
    private static final class Gate {
        final CountDownLatch reached = new CountDownLatch(1);
        private final CountDownLatch open = new CountDownLatch(1);
        private final AtomicBoolean used = new AtomicBoolean();
        private final long address;

        Gate(long address) {
            this.address = address;
        }

        void pass(long read) {
            if (read == address && used.compareAndSet(false, true)) {
                reached.countDown();
                try {
                    open.await();
                } catch (InterruptedException e) {
                    throw new IllegalStateException(e);
                }
            }
        }
    }

    private static void nhVa(Smmu smmu) {
        smmu.command(CmdTlbiNhVa.withAsid(CmdTlbiNhVa.withOpcode(0, CmdTlbiNhVa.OPCODE_VALUE), 1), IOVA);
    }

    @Test
    void aWalkThatBeganBeforeAnInvalidationDoesNotFillAfterIt() throws Exception {
        Smmu smmu = watchedSmmu();
        long leaf = Tables.map(smmu, Smmu.ROOT, 12, 48, IOVA, 3, OLD | Tables.RW | 3);
        Gate gate = new Gate(leaf);
        watched.onRead = gate::pass;
        CompletableFuture<Integer> transaction = CompletableFuture.supplyAsync(() -> smmu.read(IOVA), OWN_THREAD);
        // the walk has the old descriptor in its hand
        gate.reached.await();
        smmu.map(Smmu.ROOT, IOVA, NEW, Tables.RW);
        nhVa(smmu);
        gate.open.countDown();
        assertThat(transaction.get()).isEqualTo(Dma.OK);

        assertThat(smmu.translate(Dma.NO_PASID, IOVA, 0).address()).isEqualTo(NEW);
    }

    @Test
    void aWalkWithoutAnInvalidationDoesFill() throws Exception {
        Smmu smmu = watchedSmmu();
        long leaf = Tables.map(smmu, Smmu.ROOT, 12, 48, IOVA, 3, OLD | Tables.RW | 3);
        Gate gate = new Gate(leaf);
        watched.onRead = gate::pass;
        CompletableFuture<Integer> transaction = CompletableFuture.supplyAsync(() -> smmu.read(IOVA), OWN_THREAD);
        gate.reached.await();
        smmu.map(Smmu.ROOT, IOVA, NEW, Tables.RW);
        gate.open.countDown();
        assertThat(transaction.get()).isEqualTo(Dma.OK);

        // the control of the test above: without a TLBI the stale entry is there
        assertThat(smmu.translate(Dma.NO_PASID, IOVA, 0).address()).isEqualTo(OLD);
    }

    @Test
    void aContextFetchedBeforeItsInvalidationIsNotCachedAfterIt() throws Exception {
        Smmu smmu = watchedSmmu();
        long root = smmu.table();
        smmu.map(Smmu.ROOT, IOVA, OLD, Tables.RW);
        smmu.map(root, IOVA, NEW, Tables.RW);
        // the last word of the CD: the others were read
        Gate gate = new Gate(Smmu.CONTEXTS + 56);
        watched.onRead = gate::pass;
        CompletableFuture<Integer> transaction = CompletableFuture.supplyAsync(() -> smmu.read(IOVA), OWN_THREAD);
        gate.reached.await();
        smmu.cd(0, Smmu.cdWord0(1), root);
        long cfgi = CmdCfgiCd.withOpcode(0, CmdCfgiCd.OPCODE_VALUE);
        smmu.command(CmdCfgiCd.withStreamID(cfgi, Smmu.SID), 1);
        gate.open.countDown();
        assertThat(transaction.get()).isEqualTo(Dma.OK);

        // neither the old context nor the leaf that it led to
        assertThat(smmu.translate(Dma.NO_PASID, IOVA, 0).address()).isEqualTo(NEW);
    }

    @Test
    void syncWaitsForTheDataAccessOfAnInvalidatedTranslation_R36() throws Exception {
        Smmu smmu = watchedSmmu();
        smmu.map(Smmu.ROOT, IOVA, OLD, Tables.RW);
        Gate gate = new Gate(OLD);
        watched.onData = gate::pass;
        CompletableFuture<Integer> transaction = CompletableFuture.supplyAsync(() -> smmu.read(IOVA), OWN_THREAD);
        gate.reached.await();
        nhVa(smmu);
        assertThat(smmu.commandsConsumed()).isTrue();
        CompletableFuture<Void> sync = CompletableFuture.runAsync(smmu::sync, OWN_THREAD);
        // transactions go on while it waits; it has no way to complete yet
        for (int i = 0; i < 1000; i++) {
            smmu.read(0x7000);
            assertThat(sync.isDone()).isFalse();
        }
        assertThat(smmu.counter("command.CMD_SYNC")).isZero();
        gate.open.countDown();
        sync.get();
        assertThat(smmu.commandsConsumed()).isTrue();
        assertThat(transaction.get()).isEqualTo(Dma.OK);
    }

    /** A read that hits, of plain memory, which a whole invalidation overtakes between its look-up and its bytes. */
    private Smmu overtaken(byte[] data, long descriptor) {
        Smmu smmu = watchedSmmu(true);
        smmu.map(Smmu.ROOT, IOVA, OLD, Tables.RW);
        smmu.memory.write64(OLD, 1);
        smmu.memory.write64(NEW, 2);
        assertThat(smmu.load(IOVA)).isEqualTo(1);
        AtomicBoolean overtaking = new AtomicBoolean();
        watched.onData = address -> {
            if (address == OLD && overtaking.compareAndSet(false, true)) {
                Tables.map(smmu, Smmu.ROOT, 12, 48, IOVA, 3, descriptor);
                // it does not wait for this read, which would be a deadlock here
                CompletableFuture.runAsync(
                                () -> {
                                    nhVa(smmu);
                                    smmu.sync();
                                },
                                OWN_THREAD)
                        .join();
                assertThat(smmu.commandsConsumed()).isTrue();
                smmu.memory.write64(OLD, 0xdead_beefL);
            }
        };
        assertThat(smmu.read(Dma.NO_PASID, IOVA, data, 0)).isEqualTo(descriptor == 0 ? Dma.ABORT : Dma.OK);
        assertThat(overtaking).isTrue();
        return smmu;
    }

    @Test
    void aReadThatASyncOvertakesIsMadeAgainByTheNewTranslation_R36() {
        byte[] data = new byte[8];
        Smmu smmu = overtaken(data, NEW | Tables.RW | 3);
        assertThat(data).containsExactly(2, 0, 0, 0, 0, 0, 0, 0);
        assertThat(smmu.counter("transaction")).isEqualTo(2);
        assertThat(smmu.counter("bytes.read")).isEqualTo(16);
    }

    @Test
    void aReadThatASyncOvertakesAndThatAbortsThenLeavesNothingOfThePage_R36() {
        byte[] data = new byte[8];
        overtaken(data, 0);
        assertThat(data).containsOnly(0);
    }

    @Test
    void switchingOffIsAcknowledgedWhenNoTransactionTranslatesAnyMore_R45() throws Exception {
        Smmu smmu = watchedSmmu();
        smmu.map(Smmu.ROOT, IOVA, OLD, Tables.RW);
        Gate gate = new Gate(OLD);
        watched.onData = gate::pass;
        CompletableFuture<Integer> transaction = CompletableFuture.supplyAsync(() -> smmu.read(IOVA), OWN_THREAD);
        gate.reached.await();
        CompletableFuture<Void> off =
                CompletableFuture.runAsync(() -> smmu.registers.write32(Cr0.ADDRESS, 0), OWN_THREAD);
        while (smmu.translate(Dma.NO_PASID, OLD, 0).outcome() != Translation.Outcome.BYPASSED) {
            Thread.onSpinWait();
        }
        for (int i = 0; i < 1000; i++) {
            assertThat(smmu.read(OLD + 64)).isEqualTo(Dma.OK);
            assertThat(smmu.registers.read32(Cr0Ack.ADDRESS)).isNotZero();
        }
        gate.open.countDown();
        off.get();
        assertThat(smmu.registers.read32(Cr0Ack.ADDRESS)).isZero();
        assertThat(transaction.get()).isEqualTo(Dma.OK);
    }

    @Test
    void aBellThatIsRungWhileASyncWaitsIsNotLost() throws Exception {
        Smmu smmu = watchedSmmu();
        smmu.map(Smmu.ROOT, IOVA, OLD, Tables.RW);
        Gate gate = new Gate(OLD);
        watched.onData = gate::pass;
        CompletableFuture<Integer> transaction = CompletableFuture.supplyAsync(() -> smmu.read(IOVA), OWN_THREAD);
        gate.reached.await();
        nhVa(smmu);
        CompletableFuture<Void> sync = CompletableFuture.runAsync(smmu::sync, OWN_THREAD);
        while (smmu.registers.read32(CmdqProd.ADDRESS) != 2) {
            Thread.onSpinWait();
        }
        // this thread does not wait; the one that runs commands does the work
        smmu.sync();
        assertThat(smmu.commandsConsumed()).isFalse();
        gate.open.countDown();
        sync.get();
        assertThat(smmu.commandsConsumed()).isTrue();
        assertThat(smmu.counter("command.CMD_SYNC")).isEqualTo(2);
        assertThat(transaction.get()).isEqualTo(Dma.OK);
    }

    @Test
    void aTransactionWhoseInterruptRingsTheBellDoesNotWaitForItself() {
        Smmu smmu = Smmu.translating();
        smmu.onInterrupt = () -> {
            nhVa(smmu);
            smmu.sync();
        };
        assertThat(smmu.read(0x7000)).isEqualTo(Dma.ABORT);
        assertThat(smmu.interrupts).containsExactly("eventq");
        assertThat(smmu.commandsConsumed()).isTrue();
    }

    /**
     * Pages are remapped while devices read them. After TLBI and SYNC the old page is poisoned, as if it were given to
     * somebody else: no read may ever see the poison.
     */
    @ParameterizedTest
    @CsvSource({"4096, 1024, false", "4, 1, false", "64, none, true"})
    @Timeout(value = 24, unit = TimeUnit.HOURS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
    void afterSyncNobodyReachesTheOldPage(String tlb, String configurations, boolean explained) throws Exception {
        Smmu smmu = Smmu.translating("tlb.entries", tlb, "config.entries", configurations);
        if (explained) {
            ((ExplainingModel) smmu.model).listen(explanation -> {});
        }
        int pages = 8;
        long rounds = ROUNDS;
        long poison = 0xdead_beefL;
        for (int page = 0; page < pages; page++) {
            smmu.memory.write64(OLD + page * 4096L, page + 1);
            smmu.map(Smmu.ROOT, page * 4096L, OLD + page * 4096L, Tables.RW);
        }
        AtomicBoolean stop = new AtomicBoolean();
        AtomicLong reads = new AtomicLong();
        AtomicLong wrong = new AtomicLong();
        ExecutorService devices = Executors.newFixedThreadPool(3);
        List<Future<?>> running = new ArrayList<>();
        for (int device = 0; device < 3; device++) {
            running.add(devices.submit(() -> {
                for (int page = 0; !stop.get(); page = (page + 1) % pages) {
                    if (smmu.load(page * 4096L) != page + 1) {
                        wrong.incrementAndGet();
                    }
                    reads.incrementAndGet();
                }
            }));
        }
        for (long round = 0; round < rounds; round++) {
            int page = (int) (round % pages);
            boolean toNew = round / pages % 2 == 0;
            long from = (toNew ? OLD : NEW) + page * 4096L;
            long to = (toNew ? NEW : OLD) + page * 4096L;
            smmu.memory.write64(to, page + 1);
            smmu.map(Smmu.ROOT, page * 4096L, to, Tables.RW);
            smmu.command(CmdTlbiNhVa.withAsid(CmdTlbiNhVa.withOpcode(0, CmdTlbiNhVa.OPCODE_VALUE), 1), page * 4096L);
            smmu.sync();
            smmu.memory.write64(from, poison);
        }
        // the devices must have had their turn, however busy the machine is
        while (reads.get() < 1000) {
            Thread.onSpinWait();
        }
        stop.set(true);
        for (Future<?> device : running) {
            device.get();
        }
        devices.shutdown();
        assertThat(devices.awaitTermination(30, TimeUnit.SECONDS)).isTrue();
        assertThat(wrong.get()).isZero();
        assertThat(smmu.counter("command.CMD_SYNC")).isEqualTo(rounds);
        assertThat(smmu.counter("transaction")).isEqualTo(reads.get());
        assertThat(smmu.counter("tlb.hit") + smmu.counter("tlb.miss")).isEqualTo(reads.get());
        // four entries for eight pages need not hit
        assertThat(smmu.counter("tlb.hit")).isGreaterThanOrEqualTo(tlb.equals("4") ? 0 : 1);
        assertThat(smmu.events()).isEmpty();
    }

    @Test
    void concurrentFaultsAreAllRecordedOnce() throws Exception {
        Smmu smmu = Smmu.translating();
        int threads = 4;
        int each = 50;
        ExecutorService devices = Executors.newFixedThreadPool(threads);
        List<Future<?>> running = new ArrayList<>();
        for (int device = 0; device < threads; device++) {
            long base = 0x10_0000L * (device + 1);
            running.add(devices.submit(() -> {
                for (int i = 0; i < each; i++) {
                    smmu.read(base + i * 4096L);
                }
            }));
        }
        for (Future<?> device : running) {
            device.get();
        }
        devices.shutdown();
        assertThat(smmu.events().stream().map(event -> event[2]).distinct()).hasSize(threads * each);
        assertThat(smmu.counter("event.F_TRANSLATION")).isEqualTo(threads * each);
    }
}
