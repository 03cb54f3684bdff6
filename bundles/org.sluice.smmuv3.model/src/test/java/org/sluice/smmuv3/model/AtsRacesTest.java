package org.sluice.smmuv3.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.LongConsumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.sluice.smmuv3.arch.CmdAtcInv;
import org.sluice.smmuv3.arch.CmdSync;
import org.sluice.smmuv3.arch.CmdTlbiNhVa;
import org.sluice.smmuv3.arch.CmdqBase;
import org.sluice.smmuv3.arch.CmdqProd;
import org.sluice.smmuv3.arch.Cr0;
import org.sluice.smmuv3.arch.Opcode;
import org.sluice.smmuv3.arch.StreamTableEntry;
import org.sluice.spi.board.AtsCompletion;
import org.sluice.spi.board.Dma;

/** CMD_SYNC against requests and translated transactions that are under way. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class AtsRacesTest {
    private static final long OLD = 0x9400_0000L;
    private static final long NEW = 0x9600_0000L;
    private static final long IA = 0x1000;

    private WatchedMemory watched;

    /** Holds the first read of an address until released. */
    private static final class Gate implements LongConsumer {
        final CountDownLatch reached = new CountDownLatch(1);
        final CountDownLatch open = new CountDownLatch(1);
        private final AtomicBoolean used = new AtomicBoolean();
        private final long address;

        Gate(long address) {
            this.address = address;
        }

        @Override
        public void accept(long read) {
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

    private AtsBench bench(Object... properties) {
        AtsBench bench = new AtsBench(memory -> watched = new WatchedMemory(memory), properties);
        bench.stage1(StreamTableEntry.EATS_FULL, 0, 0);
        bench.smmu.cd(0, Smmu.cdWord0(1), Smmu.ROOT);
        return bench;
    }

    private static <T> FutureTask<T> start(FutureTask<T> task) {
        new Thread(task, "party of a race").start();
        return task;
    }

    private static void assertWaits(FutureTask<?> task) {
        assertThatThrownBy(() -> task.get(50, TimeUnit.MILLISECONDS)).isInstanceOf(TimeoutException.class);
    }

    @Test
    void syncWaitsForARequestThatHasReadWhatWasInvalidated_R36() throws Exception {
        AtsBench bench = bench();
        long leaf = Tables.map(bench.smmu, Smmu.ROOT, 12, 48, IA, 3, OLD | Tables.RW | 3);
        Gate gate = new Gate(leaf);
        watched.onRead = gate::accept;
        FutureTask<AtsCompletion> request = start(new FutureTask<>(() -> bench.request(IA, 0)));
        gate.reached.await();
        bench.smmu.map(Smmu.ROOT, IA, NEW, Tables.RW);
        bench.smmu.command(CmdTlbiNhVa.withAsid(CmdTlbiNhVa.OPCODE_VALUE, 1), IA);
        FutureTask<Void> sync = start(new FutureTask<>(bench.smmu::sync, null));
        assertWaits(sync);
        gate.open.countDown();
        sync.get();
        // the old answer came before the SYNC completed, so the endpoint hears of the invalidation behind it
        assertThat(request.get().address()).isEqualTo(OLD);
        assertThat(bench.request(IA, 0).address()).isEqualTo(NEW);
    }

    @Test
    void syncOfAnInvalidationWaitsForTranslatedTransactions_R36() throws Exception {
        AtsBench bench = bench();
        Gate gate = new Gate(OLD);
        watched.onData = gate::accept;
        FutureTask<Integer> transaction = start(new FutureTask<>(() -> bench.translated(OLD, 0)));
        gate.reached.await();
        bench.invalidate(0, CmdAtcInv.SIZE_ALL);
        FutureTask<Void> sync = start(new FutureTask<>(bench.smmu::sync, null));
        assertWaits(sync);
        gate.open.countDown();
        sync.get();
        assertThat(transaction.get()).isEqualTo(Dma.OK);
    }

    @Test
    void syncOfTheSecureQueueWaitsForTheOtherWorldWhereItInvalidatedThere() throws Exception {
        AtsBench bench = bench("secure", true);
        Smmu smmu = bench.smmu;
        smmu.map(Smmu.ROOT, IA, OLD, Tables.RW);
        long commands = 0x8910_0000L;
        int bank = BankedRegisters.SECURE;
        smmu.registers.write64(bank + CmdqBase.ADDRESS, commands | 4);
        smmu.registers.write32(bank + Cr0.ADDRESS, (int) Cr0.CMDQEN_MASK);
        smmu.write(commands, Opcode.TLBI_NSNH_ALL, 0, CmdSync.OPCODE_VALUE, 0, CmdSync.OPCODE_VALUE, 0);
        Gate gate = new Gate(OLD);
        watched.onData = gate::accept;
        FutureTask<Integer> transaction = start(new FutureTask<>(() -> smmu.read(IA)));
        gate.reached.await();
        FutureTask<Void> sync = start(new FutureTask<>(() -> smmu.registers.write32(bank + CmdqProd.ADDRESS, 2), null));
        assertWaits(sync);
        gate.open.countDown();
        sync.get();
        assertThat(transaction.get()).isEqualTo(Dma.OK);
    }
}
