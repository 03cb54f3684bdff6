package org.sluice.smmuv3.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.sluice.smmuv3.arch.CmdTlbiNhVa;
import org.sluice.smmuv3.arch.ContextDescriptor;
import org.sluice.spi.board.Dma;
import org.sluice.spi.board.IommuModel;
import org.sluice.vmsa.arch.Stage1Leaf;

/** Software that changes a descriptor while the device updates it. */
@Timeout(120)
class FlagUpdateRacesTest {
    private static final long PAGE = 0x9800_0000L;
    private static final long IA = 0x1000;
    private static final long CLEAN =
            Tables.RW | Stage1Leaf.DBM_MASK | Stage1Leaf.AP_RDONLY_MASK | Stage1Leaf.TYPE_PAGE;
    private static final long SOFTWARE_BIT = Stage1Leaf.SW_SYNC_MASK;

    private final AtomicBoolean stop = new AtomicBoolean();
    private long at;

    private Smmu smmu(Object... properties) {
        long word0 = ContextDescriptor.withHd(ContextDescriptor.withHa(Smmu.cdWord0(1), 1), 1);
        Smmu smmu = Smmu.on(properties).stage1(0, 0).cd(0, word0, Smmu.ROOT);
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

    @Test
    void noUpdateOfSoftwareIsLost() throws ExecutionException, InterruptedException {
        Smmu smmu = smmu("tlb.entries", "none");
        FutureTask<Long> device = device(smmu);
        int dirty = 0;
        for (int round = 0; round < 100_000; round++) {
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
        assertThat(dirty).isPositive();
        assertThat(smmu.events()).isEmpty();
    }

    @Test
    void afterACleaningIsInvalidatedNoWriteGoesWithoutMakingThePageDirty()
            throws ExecutionException, InterruptedException {
        Smmu smmu = smmu();
        FutureTask<Long> device = device(smmu);
        long known = -1;
        int unchanged = 0;
        int dirty = 0;
        for (int round = 0; round < 20_000; round++) {
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
            unchanged += wasDirty ? 0 : 1;
            dirty += wasDirty ? 1 : 0;
            smmu.command(CmdTlbiNhVa.withAsid(CmdTlbiNhVa.OPCODE_VALUE, 1), IA);
            smmu.sync();
            known = smmu.memory.read64(PAGE);
        }
        stop.set(true);
        assertThat(device.get()).isPositive();
        assertThat(dirty).isPositive();
        assertThat(unchanged + dirty).isEqualTo(20_000);
    }
}
