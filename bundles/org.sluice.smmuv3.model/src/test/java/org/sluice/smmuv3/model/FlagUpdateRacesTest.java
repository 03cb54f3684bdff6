package org.sluice.smmuv3.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.sluice.smmuv3.arch.CmdTlbiNhVa;
import org.sluice.smmuv3.arch.ContextDescriptor;
import org.sluice.smmuv3.arch.StreamTableEntry;
import org.sluice.spi.board.Dma;
import org.sluice.spi.board.IommuModel;
import org.sluice.vmsa.arch.Stage1Leaf;
import org.sluice.vmsa.arch.Stage2Leaf;

/** Software that changes a descriptor while the device updates it. */
@Timeout(120)
class FlagUpdateRacesTest {
    private static final int ROUNDS = 20_000;
    private static final int MEETINGS = 100;
    private static final long PAGE = 0x9800_0000L;
    private static final long IA = 0x1000;
    private static final long CLEAN =
            Tables.RW | Stage1Leaf.DBM_MASK | Stage1Leaf.AP_RDONLY_MASK | Stage1Leaf.TYPE_PAGE;
    private static final long SOFTWARE_BIT = Stage1Leaf.SW_SYNC_MASK;

    private final AtomicBoolean stop = new AtomicBoolean();
    private WatchedMemory watched;
    private long at;

    private Smmu smmu(Object... properties) {
        long word0 = ContextDescriptor.withHd(ContextDescriptor.withHa(Smmu.cdWord0(1), 1), 1);
        Smmu smmu = Smmu.reset(memory -> watched = new WatchedMemory(memory), properties)
                .enable()
                .stage1(0, 0)
                .cd(0, word0, Smmu.ROOT);
        watched.onRead = address -> {};
        at = Tables.map(smmu, Smmu.ROOT, 12, 48, IA, 3, PAGE | CLEAN);
        return smmu;
    }

    private FutureTask<Long> device(Smmu smmu) {
        FutureTask<Long> task = new FutureTask<>(() -> {
            long sequence = 0;
            while (!stop.get()) {
                sequence++;
                byte[] data = ByteBuffer.allocate(8)
                        .order(ByteOrder.LITTLE_ENDIAN)
                        .putLong(sequence)
                        .array();
                int outcome = smmu.model.transact(Smmu.SID, Dma.NO_PASID, IA, IommuModel.WRITE, data, 0, 8);
                assertThat(outcome).isEqualTo(Dma.OK);
            }
            return sequence;
        });
        new Thread(task, "device").start();
        return task;
    }

    /** Until both have met often enough: a scheduler may let one of them run its rounds before the other starts. */
    private static boolean goesOn(int round, int dirty, FutureTask<Long> device) {
        if (round < ROUNDS) {
            return true;
        }
        Thread.yield();
        return dirty < MEETINGS && !device.isDone();
    }

    /** Software writes the leaf just after the device has read it. */
    private void between(long address, long descriptor) {
        AtomicBoolean once = new AtomicBoolean();
        watched.onRead = read -> {
            if (read == address && once.compareAndSet(false, true)) {
                watched.write64(address, descriptor);
            }
        };
    }

    @Test
    void aChangeBetweenReadAndUpdateIsKept() {
        Smmu smmu = smmu();
        between(at, PAGE | CLEAN | SOFTWARE_BIT);
        assertThat(smmu.write(IA)).isEqualTo(Dma.OK);
        assertThat(smmu.memory.read64(at)).isEqualTo((PAGE | CLEAN | SOFTWARE_BIT) & ~Stage1Leaf.AP_RDONLY_MASK);

        smmu.stage2(
                StreamTableEntry.CONFIG_S2_TRANSLATE,
                StreamTableEntry.withS2hd(StreamTableEntry.withS2ha(Smmu.stage2Word2(7), 1), 1));
        smmu.command(4, 31);
        long clean = Tables.S2_RW & ~Stage2Leaf.S2AP_W_MASK | Stage2Leaf.DBM_MASK | Stage2Leaf.TYPE_PAGE;
        long leaf = smmu.map2(IA, PAGE, clean);
        between(leaf, PAGE | clean | Stage2Leaf.SW_SYNC_MASK);
        assertThat(smmu.write(IA)).isEqualTo(Dma.OK);
        assertThat(smmu.memory.read64(leaf)).isEqualTo(PAGE | clean | Stage2Leaf.SW_SYNC_MASK | Stage2Leaf.S2AP_W_MASK);
    }

    @Test
    void aPageThatIsTakenAwayBetweenReadAndUpdateStaysAway() {
        Smmu smmu = smmu();
        between(at, 0);
        assertThat(smmu.write(IA)).isEqualTo(Dma.ABORT);
        assertThat(smmu.memory.read64(at)).isZero();
        assertThat(smmu.eventNames()).containsExactly("F_TRANSLATION");
    }

    @Test
    void noUpdateOfSoftwareIsLost() throws ExecutionException, InterruptedException {
        Smmu smmu = smmu("tlb.entries", "none");
        Thread software = Thread.currentThread();
        // every second time the device has the descriptor in its hand for a while; on one processor it then loses the
        // race
        AtomicInteger reads = new AtomicInteger();
        watched.onRead = address -> {
            if (address == at && Thread.currentThread() != software && (reads.getAndIncrement() & 1) == 0) {
                Thread.yield();
            }
        };
        FutureTask<Long> device = device(smmu);
        int dirty = 0;
        for (int round = 0; goesOn(round, dirty, device); round++) {
            long before = smmu.memory.read64(at);
            // the last update of software is still there, and the device has changed nothing but its own two bits
            assertThat((before & SOFTWARE_BIT) != 0).isEqualTo((round & 1) != 0);
            long own = Stage1Leaf.AF_MASK | Stage1Leaf.AP_RDONLY_MASK | SOFTWARE_BIT;
            assertThat(before & ~own).isEqualTo((PAGE | CLEAN) & ~own);
            long wanted;
            do {
                before = smmu.memory.read64(at);
                wanted = (before ^ SOFTWARE_BIT) & ~Stage1Leaf.AF_MASK | Stage1Leaf.AP_RDONLY_MASK;
            } while (!smmu.memory.compareAndSet64(at, before, wanted));
            dirty += Stage1Leaf.apRdonly(before) == 0 ? 1 : 0;
        }
        stop.set(true);
        assertThat(device.get()).isPositive();
        assertThat(smmu.events()).isEmpty();
    }

    @Test
    void afterACleaningIsInvalidatedNoWriteGoesWithoutMakingThePageDirty()
            throws ExecutionException, InterruptedException {
        Smmu smmu = smmu();
        FutureTask<Long> device = device(smmu);
        long known = -1;
        int dirty = 0;
        for (int round = 0; goesOn(round, dirty, device); round++) {
            long now = smmu.memory.read64(PAGE);
            long before;
            do {
                before = smmu.memory.read64(at);
            } while (!smmu.memory.compareAndSet64(at, before, before | Stage1Leaf.AP_RDONLY_MASK));
            boolean wasDirty = Stage1Leaf.apRdonly(before) == 0;
            if (round > 0) {
                assertThat(now == known || wasDirty)
                        .as("data changed, the page is clean")
                        .isTrue();
            }
            dirty += wasDirty ? 1 : 0;
            smmu.command(CmdTlbiNhVa.withAsid(CmdTlbiNhVa.OPCODE_VALUE, 1), IA);
            smmu.sync();
            known = smmu.memory.read64(PAGE);
        }
        stop.set(true);
        assertThat(device.get()).isPositive();
    }
}
