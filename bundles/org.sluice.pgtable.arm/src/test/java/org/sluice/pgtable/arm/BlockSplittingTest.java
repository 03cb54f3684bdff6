package org.sluice.pgtable.arm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.api.IotlbGather;
import org.sluice.api.Prot;
import org.sluice.pgtable.testkit.TestHost;
import org.sluice.pgtable.testkit.WindowlessMemory;
import org.sluice.spi.memory.PhysicalMemory;
import org.sluice.spi.pgtable.BlockSplitting;
import org.sluice.spi.pgtable.PageTable;
import org.sluice.spi.pgtable.PageTableConfig;
import org.sluice.spi.pgtable.Quirk;

/** Blocks that become tables while they are used. */
class BlockSplittingTest {
    private static final long K4 = 4096;
    private static final long M2 = 2 << 20;
    private static final long G1 = 1 << 30;
    private static final int RW = Prot.READ | Prot.WRITE;

    private final TestHost host = new TestHost();

    static List<PageTableConfig> longDescriptors() {
        return Configs.each().stream()
                .filter(config -> !Configs.isShort(config))
                .toList();
    }

    @ParameterizedTest
    @MethodSource("longDescriptors")
    void leavesMapWhatTheBlockMappedDownToPages(PageTableConfig config) {
        PageTable table = Formats.create(config, host);
        long sizes = table.config().pageSizes();
        long page = Long.lowestOneBit(sizes);
        long block = Long.highestOneBit(sizes);
        long first = table.firstIova();
        int prot = RW | Prot.CACHE | Prot.NOEXEC;
        table.mapPages(first, 4 * block & (1L << config.outputBits()) - 1, block, 1, prot);
        long target = table.iovaToPhys(first);
        long inside = first + block / 2 + page;

        for (long size = block; size != page; size = Long.highestOneBit(sizes & size - 1)) {
            assertThat(((BlockSplitting) table).split(inside, true)).isEqualTo(Long.highestOneBit(sizes & size - 1));
            long[] next = {first};
            table.walk(first, table.lastIova(), (iova, paddr, bytes, descriptor, granted) -> {
                assertThat(iova).isEqualTo(next[0]);
                assertThat(paddr - target).isEqualTo(iova - first);
                assertThat(granted).isEqualTo(prot);
                next[0] += bytes;
                return true;
            });
            assertThat(next[0]).isEqualTo(first + block);
        }
        assertThat(((BlockSplitting) table).split(inside, true)).isZero();
        assertThat(Formats.adopt(config, table.walkerConfig().root(), host).survey())
                .isEqualTo(table.survey());

        IotlbGather gather = new IotlbGather();
        assertThat(table.unmapPages(inside, page, 1, gather)).isEqualTo(page);
        assertThat(table.iovaToPhys(inside)).isZero();
        assertThat(table.iovaToPhys(inside + page)).isEqualTo(target + block / 2 + 2 * page);
        assertThat(table.unmapPages(first, block, 1, gather)).isEqualTo(block);
        host.sync(gather);
        table.free();
        assertThat(host.allocatedBytes()).isZero();
    }

    @Test
    void hardwareThatNeedsABreakIsEopnotsuppAndNothingChanges() {
        PageTable table = Formats.create(Configs.of(Configs.SIZES_4K), host);
        table.mapPages(0, G1, M2, 1, RW);
        long before = host.allocatedBytes();
        assertRefused(Errno.EOPNOTSUPP, () -> split(table, 0, false));
        assertThat(table.survey().leavesBySize()).containsOnlyKeys(M2);
        assertThat(host.allocatedBytes()).isEqualTo(before);
    }

    @Test
    void holesPagesAndForeignAddressesAreNotSplit() {
        PageTable table = Formats.create(Configs.of(Configs.SIZES_4K), host);
        table.mapPages(0, 0, K4, 1, RW);
        for (long iova : new long[] {0, K4, M2, 1L << 39, 1L << 48, -1}) {
            assertThat(split(table, iova, true)).as("0x%x", iova).isZero();
        }
    }

    @Test
    void leavesThatAreNotOfferedAreEopnotsupp() {
        PageTable table = Formats.create(Configs.of(K4 | G1), host);
        table.mapPages(0, 0, G1, 1, RW);
        assertRefused(Errno.EOPNOTSUPP, () -> split(table, 0, true));
        assertThat(table.survey().leavesBySize()).containsOnlyKeys(G1);
    }

    @Test
    void enomemLeavesTheBlock() {
        PageTable table = Formats.create(Configs.of(Configs.SIZES_4K), host);
        table.mapPages(0, G1, M2, 1, RW);
        host.failAfter(0);
        assertRefused(Errno.ENOMEM, () -> split(table, 0, true));
        assertThat(table.iovaToPhys(5)).isEqualTo(G1 + 5);
    }

    @Test
    void dirtyMarkThatHardwareMakesMeanwhileIsInEveryNewLeaf() {
        PageTable table = Formats.create(Configs.of(Configs.SIZES_4K, 30, 32, Quirk.ARM_HD), host);
        table.mapPages(0, 0, M2, 1, RW);
        PhysicalMemory memory = host.memory();
        long root = table.walkerConfig().root();
        long dirty = memory.read64(root);
        memory.write64(root, dirty | 1 << 7);
        long before = host.allocatedBytes();
        host.interruptAllocation(() -> memory.write64(root, dirty));

        assertThat(split(table, 0, true)).isEqualTo(K4);

        assertThat(host.allocatedBytes()).as("one table").isEqualTo(before + K4);
        table.walk(0, M2, (iova, paddr, size, descriptor, prot) -> {
            assertThat(descriptor & 1 << 7).isZero();
            return true;
        });
    }

    @ParameterizedTest
    @ValueSource(ints = {0, Quirk.ARM_CONTIGUOUS})
    void everyAddressTranslatesAtEveryMoment(int quirks) throws Exception {
        PageTable table = Formats.create(Configs.of(Configs.SIZES_4K).withQuirks(quirks), host);
        int blocks = 2;
        table.mapPages(0, G1, G1, blocks, RW);
        AtomicBoolean done = new AtomicBoolean();
        ExecutorService threads = Executors.newFixedThreadPool(2);
        try {
            List<Future<Long>> readers = new ArrayList<>();
            for (int seed = 0; seed < 2; seed++) {
                Random random = new Random(seed);
                readers.add(threads.submit(() -> {
                    long reads = 0;
                    while (!done.get() || reads == 0) {
                        long iova = (random.nextLong() & Long.MAX_VALUE) % (blocks * G1);
                        assertThat(table.iovaToPhys(iova)).isEqualTo(iova + G1);
                        assertThat(walkAsADevice(table, iova)).isEqualTo(iova + G1);
                        reads++;
                    }
                    return reads;
                }));
            }
            for (long iova = 0; iova < blocks * G1; iova += 16 * K4) {
                while (split(table, iova, true) != 0) {
                    // down to the smallest
                }
            }
            done.set(true);
            for (Future<Long> reader : readers) {
                assertThat(reader.get()).isPositive();
            }
        } finally {
            done.set(true);
            threads.shutdownNow();
        }
        assertThat(table.survey().leavesBySize()).containsOnlyKeys(K4);
    }

    /** Reads the tables in memory as hardware does, and knows nothing of the object. */
    private long walkAsADevice(PageTable table, long iova) {
        long at = table.walkerConfig().root();
        for (int shift = 39; ; shift -= 9) {
            long descriptor = host.memory().read64Acquire(at + 8 * (iova >>> shift & 511));
            long address = descriptor & 0xffff_ffff_f000L;
            if ((descriptor & 1) == 0) {
                return 0;
            }
            if (shift == 12 || (descriptor & 3) == 1) {
                return address | iova & (1L << shift) - 1;
            }
            at = address;
        }
    }

    @Test
    void addressTranslatesWhenItsBlockIsSplitBetweenTwoReads() {
        WindowlessMemory memory = new WindowlessMemory();
        TestHost far = new TestHost(memory, TestHost.POOL);
        PageTable table = Formats.create(Configs.of(Configs.SIZES_4K, 30, 32, 0), far);
        table.mapPages(0, G1, M2, 1, RW);
        memory.interruptRead(table.walkerConfig().root(), 0, () -> split(table, 0, true));
        assertThat(table.iovaToPhys(5 * K4 + 7)).isEqualTo(G1 + 5 * K4 + 7);
        assertThat(table.survey().leaves()).isEqualTo(512);
    }

    private static long split(PageTable table, long iova, boolean withoutBreak) {
        return ((BlockSplitting) table).split(iova, withoutBreak);
    }

    private static void assertRefused(Errno errno, Runnable action) {
        assertThatThrownBy(action::run)
                .isInstanceOfSatisfying(
                        IommuException.class, e -> assertThat(e.errno()).isEqualTo(errno));
    }
}
