package org.sluice.smmuv3.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLongArray;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.sluice.api.Counters;
import org.sluice.smmuv3.arch.CmdCfgiCd;
import org.sluice.smmuv3.arch.CmdTlbiNhVa;
import org.sluice.smmuv3.arch.ContextDescriptor;
import org.sluice.smmuv3.arch.Cr0;
import org.sluice.spi.board.Dma;
import org.sluice.spi.board.ExplainingModel;
import org.sluice.spi.board.IommuModel;
import org.sluice.spi.memory.PhysicalMemory;
import org.sluice.vmsa.arch.Stage1Leaf;

/** What a thread remembers of whole transactions: it is quicker, and nothing else is different. */
class MicroTlbTest {
    private static final long ROUNDS = Long.getLong("sluice.races.rounds", 4000);
    private static final long OLD = 0x9400_0000L;
    private static final long NEW = 0x9600_0000L;
    private static final long IOVA = 0x1000;

    private final AtomicInteger seen = new AtomicInteger();
    private Smmu smmu;

    @BeforeEach
    void watchMemory() {
        smmu = Smmu.reset(memory -> {
                    WatchedMemory watched = new WatchedMemory(memory, true);
                    watched.onRead = address -> {};
                    // what the micro TLB serves goes to the words of the window itself
                    watched.onData = address -> seen.incrementAndGet();
                    return watched;
                })
                .enable()
                .stage1(0, 0)
                .cd(0, Smmu.cdWord0(1), Smmu.ROOT);
        smmu.memory.write64(OLD, 1);
        smmu.memory.write64(NEW, 2);
        smmu.map(Smmu.ROOT, IOVA, OLD, Tables.RW);
    }

    private static void invalidate(Smmu smmu, long iova) {
        smmu.command(CmdTlbiNhVa.withAsid(CmdTlbiNhVa.withOpcode(0, CmdTlbiNhVa.OPCODE_VALUE), 1), iova);
    }

    private int store(long iova, long value) {
        return store(smmu, iova, value);
    }

    private static int store(Smmu smmu, long iova, long value) {
        byte[] data = new byte[8];
        for (int i = 0; i < 8; i++) {
            data[i] = (byte) (value >>> 8 * i);
        }
        return smmu.model.transact(Smmu.SID, Dma.NO_PASID, iova, IommuModel.WRITE, data, 0, 8);
    }

    /** Reads until the micro TLB serves it: one transaction fills the caches, the next one is noted, the third remembered. */
    private void remember() {
        assertThat(smmu.load(IOVA)).isEqualTo(1);
        assertThat(smmu.load(IOVA)).isEqualTo(1);
        assertThat(smmu.load(IOVA)).isEqualTo(1);
        int before = seen.get();
        assertThat(smmu.load(IOVA)).isEqualTo(1);
        assertThat(seen).hasValue(before);
    }

    @Test
    void remembersReadsAndWritesApart() {
        remember();
        for (int i = 0; i < 3; i++) {
            assertThat(store(IOVA, 5 + i)).isEqualTo(Dma.OK);
        }
        int before = seen.get();
        assertThat(store(IOVA, 9)).isEqualTo(Dma.OK);
        assertThat(smmu.load(IOVA)).isEqualTo(9);
        assertThat(seen).hasValue(before);
        assertThat(smmu.counter("transaction")).isEqualTo(9);
        assertThat(smmu.counter("tlb.hit")).isEqualTo(8);
        assertThat(smmu.counter("bytes.read")).isEqualTo(40);
        assertThat(smmu.counter("bytes.written")).isEqualTo(32);
    }

    @Test
    void anInvalidationForgetsBeforeItsSync() {
        remember();
        smmu.map(Smmu.ROOT, IOVA, NEW, Tables.RW);
        assertThat(smmu.load(IOVA)).isEqualTo(1);
        invalidate(smmu, IOVA);
        assertThat(smmu.load(IOVA)).isEqualTo(2);
    }

    @Test
    void anInvalidationOfConfigurationForgets() {
        remember();
        long root = smmu.table();
        smmu.map(root, IOVA, NEW, Tables.RW);
        smmu.cd(0, Smmu.cdWord0(2), root);
        assertThat(smmu.load(IOVA)).isEqualTo(1);
        smmu.command(CmdCfgiCd.withStreamID(CmdCfgiCd.withOpcode(0, CmdCfgiCd.OPCODE_VALUE), Smmu.SID), 1);
        assertThat(smmu.load(IOVA)).isEqualTo(2);
    }

    @Test
    void switchingOffForgets() {
        remember();
        smmu.registers.write32(Cr0.ADDRESS, 0);
        smmu.memory.write64(NEW, 3);
        assertThat(smmu.load(NEW)).isEqualTo(3);
        // not translated: there is no memory at this address
        assertThat(smmu.load(IOVA)).isEqualTo(-1);
    }

    @Test
    void whoListensHearsOfEveryTransaction() {
        remember();
        List<Long> heard = new ArrayList<>();
        ((ExplainingModel) smmu.model).listen(explanation -> heard.add(1L));
        smmu.load(IOVA);
        smmu.load(IOVA);
        assertThat(heard).hasSize(2);
        ((ExplainingModel) smmu.model).listen(null);
        remember();
        assertThat(heard).hasSize(2);
    }

    @Test
    void powerOffForgets() {
        remember();
        smmu.model.close();
        assertThat(smmu.read(IOVA)).isEqualTo(Dma.ABORT);
    }

    @Test
    void aCleanPageIsMadeDirtyByTheFirstWrite() {
        long cleanWritable = Tables.RW | Stage1Leaf.DBM_MASK | Stage1Leaf.AP_RDONLY_MASK | Stage1Leaf.TYPE_PAGE;
        long word0 = ContextDescriptor.withHd(ContextDescriptor.withHa(Smmu.cdWord0(1), 1), 1);
        smmu.cd(0, word0, Smmu.ROOT);
        long at = Tables.map(smmu, Smmu.ROOT, 12, 48, IOVA, 3, OLD | cleanWritable);
        remember();
        assertThat(smmu.memory.read64(at) & Stage1Leaf.AP_RDONLY_MASK).isNotZero();
        assertThat(store(IOVA, 4)).isEqualTo(Dma.OK);
        assertThat(smmu.memory.read64(at) & Stage1Leaf.AP_RDONLY_MASK).isZero();
        // clean again, and invalidated: what is remembered of writes must not hide the next
        for (int i = 0; i < 4; i++) {
            store(IOVA, 4);
        }
        smmu.memory.write64(at, OLD | cleanWritable);
        invalidate(smmu, IOVA);
        smmu.sync();
        assertThat(store(IOVA, 4)).isEqualTo(Dma.OK);
        assertThat(smmu.memory.read64(at) & Stage1Leaf.AP_RDONLY_MASK).isZero();
    }

    /** Without windows, so that nothing is ever remembered, and every transaction enters. */
    private static PhysicalMemory withoutWindows(PhysicalMemory memory) {
        WatchedMemory watched = new WatchedMemory(memory);
        watched.onRead = address -> {};
        return watched;
    }

    /** Reads, writes, remappings and invalidations at random: with a micro TLB and without, nothing differs. */
    @ParameterizedTest
    @CsvSource({"1, 4096, 1024", "2, 16, 1024", "3, 4096, 1", "4, 4, 1"})
    void outcomesDataAndCountersAreTheSameAsWithoutIt(long seed, String tlb, String configurations) {
        Smmu with = Smmu.on("tlb.entries", tlb, "config.entries", configurations, "statistics.streams", 1);
        Smmu without = Smmu.reset(
                        MicroTlbTest::withoutWindows,
                        "tlb.entries",
                        tlb,
                        "config.entries",
                        configurations,
                        "statistics.streams",
                        1)
                .enable();
        for (Smmu each : List.of(with, without)) {
            each.stage1(1, 2).cd(0, Smmu.cdWord0(1), Smmu.ROOT).cd(1, Smmu.cdWord0(2), Smmu.ROOT);
            each.ste(
                    Smmu.SID + 1,
                    each.memory.read64(Smmu.STREAMS + Smmu.SID * 64L),
                    each.memory.read64(Smmu.STREAMS + Smmu.SID * 64L + 8));
        }
        Random random = new Random(seed);
        for (int step = 0; step < 20_000; step++) {
            long page = random.nextInt(12) * 4096L;
            int kind = random.nextInt(100);
            if (kind < 3) {
                long attributes = Tables.RW | (random.nextBoolean() ? Stage1Leaf.AP_RDONLY_MASK : 0);
                long to = random.nextInt(4) == 0 ? Smmu.HOLE : OLD + random.nextInt(12) * 4096L;
                for (Smmu each : List.of(with, without)) {
                    each.map(Smmu.ROOT, page, to, attributes);
                    invalidate(each, page);
                    if (kind == 0) {
                        each.sync();
                    }
                }
                continue;
            }
            int length = 8 << random.nextInt(5);
            int misaligned = kind < 10 ? random.nextInt(8) : 0;
            long iova = page + random.nextInt(64) * 8 + misaligned;
            int stream = Smmu.SID + random.nextInt(2);
            int substream = random.nextInt(3) - 1;
            int flags = random.nextInt(4) | (random.nextBoolean() ? IommuModel.WRITE : 0);
            byte[] one = new byte[length + 4];
            random.nextBytes(one);
            byte[] other = one.clone();
            int bytes = length - (kind < 10 ? random.nextInt(8) : 0);
            int outcome = with.model.transact(stream, substream, iova, flags, one, 2, bytes);
            assertThat(without.model.transact(stream, substream, iova, flags, other, 2, bytes))
                    .isEqualTo(outcome);
            assertThat(one).isEqualTo(other);
        }
        assertThat(counters(with)).isEqualTo(counters(without));
        assertThat(with.counter("tlb.hit")).isPositive();
        byte[] one = new byte[12 * 4096];
        byte[] other = new byte[12 * 4096];
        with.memory.read(OLD, one, 0, one.length);
        without.memory.read(OLD, other, 0, other.length);
        assertThat(one).isEqualTo(other);
    }

    private static Map<String, Long> counters(Smmu smmu) {
        return new HashMap<>(((Counters) smmu.model).read());
    }

    /**
     * Devices write to pages that are remapped. After TLBI and SYNC the old page belongs to somebody else, who finds in it what
     * he left there, whatever the devices do meanwhile.
     */
    @Test
    @Timeout(value = 24, unit = TimeUnit.HOURS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
    void afterSyncNobodyWritesToTheOldPage() throws Exception {
        int pages = 4;
        Smmu racing = Smmu.translating();
        for (int page = 0; page < pages; page++) {
            racing.memory.write64(OLD + page * 4096L, 0);
            racing.map(Smmu.ROOT, page * 4096L, OLD + page * 4096L, Tables.RW);
        }
        AtomicBoolean stop = new AtomicBoolean();
        AtomicLongArray writes = new AtomicLongArray(2);
        ExecutorService devices = Executors.newFixedThreadPool(writes.length());
        List<Future<?>> running = new ArrayList<>();
        for (int device = 0; device < writes.length(); device++) {
            int mine = device;
            running.add(devices.submit(() -> {
                for (int i = 0; !stop.get(); i++) {
                    // some times each, so that most are remembered
                    assertThat(store(racing, i / 16 % pages * 4096L, 7)).isEqualTo(Dma.OK);
                    writes.incrementAndGet(mine);
                }
            }));
        }
        long owners = 0x0123_4567_89ab_cdefL;
        long[] left = new long[pages];
        try {
            for (long round = 0; round < ROUNDS; round++) {
                int page = (int) (round % pages);
                boolean toNew = round / pages % 2 == 0;
                long from = (toNew ? OLD : NEW) + page * 4096L;
                long to = (toNew ? NEW : OLD) + page * 4096L;
                if (left[page] != 0) {
                    assertThat(racing.memory.read64(to)).isEqualTo(left[page]);
                }
                racing.map(Smmu.ROOT, page * 4096L, to, Tables.RW);
                invalidate(racing, page * 4096L);
                racing.sync();
                left[page] = owners + round;
                racing.memory.write64(from, left[page]);
            }
            // the devices must have had their turn, however busy the machine is
            while ((writes.get(0) < 1000 || writes.get(1) < 1000)
                    && running.stream().noneMatch(Future::isDone)) {
                Thread.onSpinWait();
            }
        } finally {
            stop.set(true);
            devices.shutdown();
        }
        for (Future<?> device : running) {
            device.get();
        }
        assertThat(racing.counter("transaction")).isEqualTo(writes.get(0) + writes.get(1));
        assertThat(racing.counter("bytes.written")).isEqualTo(8 * (writes.get(0) + writes.get(1)));
        assertThat(racing.events()).isEmpty();
    }

    /** Whatever a thread counted stays when it has ended, and its successor begins anew. */
    @Test
    void countsOfEndedThreadsStay() throws Exception {
        for (int i = 0; i < 5; i++) {
            Thread thread = new Thread(() -> {
                for (int k = 0; k < 10; k++) {
                    smmu.load(IOVA);
                }
            });
            thread.start();
            thread.join();
        }
        smmu.load(IOVA);
        assertThat(smmu.counter("transaction")).isEqualTo(51);
        assertThat(smmu.counter("bytes.read")).isEqualTo(408);
    }
}
