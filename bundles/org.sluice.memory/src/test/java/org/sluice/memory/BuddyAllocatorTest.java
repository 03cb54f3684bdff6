package org.sluice.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.spi.memory.MemoryRegion;
import org.sluice.spi.memory.PageAllocator;
import org.sluice.spi.memory.PhysicalMemory;

class BuddyAllocatorTest {
    private static final long BASE = 0x4001_0000L; // neither page 0 nor aligned to anything large
    private static final long SIZE = 0x7f_0000;
    private static final MemoryRegion POOL = new MemoryRegion(BASE, SIZE);

    private final PhysicalMemory memory = new ResidentMemory(List.of(new MemoryRegion(0x4000_0000L, 0x100_0000)));
    private final PageAllocator allocator = new BuddyAllocator(memory, POOL);

    @ParameterizedTest
    @ValueSource(longs = {1, 64, 65, 512, 2048, 2049, 4096, 5000, 65536, 0x10_0000, 0x40_0000})
    void allocationIsInThePoolAlignedToItsSizeAndZeroed(long bytes) {
        byte[] dirt = new byte[(int) SIZE];
        Arrays.fill(dirt, (byte) 0x5a);
        memory.write(BASE, dirt, 0, dirt.length);
        long rounded = Math.max(64, Long.highestOneBit(2 * bytes - 1));

        long address = allocator.allocate(bytes, 1);

        assertThat(POOL.contains(address, rounded)).isTrue();
        assertThat(address % rounded).isZero();
        byte[] seen = new byte[(int) rounded];
        memory.read(address, seen, 0, seen.length);
        assertThat(seen).containsOnly(0);
        assertThat(allocator.allocatedBytes()).isEqualTo(rounded);
        assertThat(allocator.isAllocated(address, bytes)).isTrue();
        allocator.free(address, bytes);
        assertThat(allocator.allocatedBytes()).isZero();
        assertThat(allocator.isAllocated(address, bytes)).isFalse();
    }

    @ParameterizedTest
    @ValueSource(longs = {64, 256, 2048, 4096, 0x1_0000, 0x10_0000})
    void alignmentAboveTheSizeIsKept(long alignment) {
        List<Long> taken = new ArrayList<>();
        for (long bytes : new long[] {64, 128, 4096, 64}) {
            long address = allocator.allocate(bytes, alignment);
            assertThat(address % alignment).isZero();
            taken.add(address);
        }
        assertThat(taken).doesNotHaveDuplicates();
    }

    @Test
    void limitOfTheAddressIsInclusive() {
        long first = allocator.allocateBelow(4096, 1, BASE + 4095);
        assertThat(first).isEqualTo(BASE);
        assertErrno(Errno.ENOMEM, () -> allocator.allocateBelow(4096, 1, BASE + 4095));
        assertErrno(Errno.ENOMEM, () -> allocator.allocateBelow(64, 1, BASE - 1));
        long cells = allocator.allocateBelow(64, 1, BASE + 8191);
        assertThat(cells).isBetween(BASE + 4096, BASE + 8191);
    }

    @Test
    void doubleFreeWrongSizeAndForeignAddressesAreRefusedAndFreeNothing() {
        long page = allocator.allocate(8192, 1);
        long cell = allocator.allocate(128, 1);
        long held = allocator.allocatedBytes();
        assertErrno(Errno.EINVAL, () -> allocator.free(page, 4096));
        assertErrno(Errno.EINVAL, () -> allocator.free(page, 16384));
        assertErrno(Errno.EINVAL, () -> allocator.free(page + 4096, 4096));
        assertErrno(Errno.EINVAL, () -> allocator.free(page + 1, 8192));
        assertErrno(Errno.EINVAL, () -> allocator.free(cell, 64));
        assertErrno(Errno.EINVAL, () -> allocator.free(cell, 256));
        assertErrno(Errno.EINVAL, () -> allocator.free(cell + 64, 64));
        assertErrno(Errno.EINVAL, () -> allocator.free(cell & -4096, 4096));
        assertErrno(Errno.EINVAL, () -> allocator.free(BASE - 4096, 4096));
        assertErrno(Errno.EINVAL, () -> allocator.free(-4096, 4096));
        assertThat(allocator.allocatedBytes()).isEqualTo(held);
        allocator.free(page, 8192);
        assertThatThrownBy(() -> allocator.free(page, 8192))
                .hasMessageContaining(String.format("0x%x", page))
                .hasMessageContaining("0x2000");
        allocator.free(cell, 100);
        assertErrno(Errno.EINVAL, () -> allocator.free(cell, 128));
        assertThat(allocator.allocatedBytes()).isZero();
    }

    @Test
    void badSizesAndAlignmentsAreRefused() {
        assertErrno(Errno.EINVAL, () -> allocator.allocate(0, 1));
        assertErrno(Errno.EINVAL, () -> allocator.allocate(-1, 1));
        assertErrno(Errno.EINVAL, () -> allocator.allocate(64, 0));
        assertErrno(Errno.EINVAL, () -> allocator.allocate(64, 96));
        assertErrno(Errno.ENOMEM, () -> allocator.allocate(1L << 40, 1));
        assertErrno(Errno.EINVAL, () -> new BuddyAllocator(memory, new MemoryRegion(BASE, 0x100_0000)));
        assertErrno(Errno.EINVAL, () -> new BuddyAllocator(memory, new MemoryRegion(BASE + 64, 4096)));
    }

    @Test
    void exhaustionThrowsEnomemAndEverythingComesBack() {
        List<Long> pages = new ArrayList<>();
        for (int i = 0; i < SIZE / 4096; i++) {
            pages.add(allocator.allocate(4096, 1));
        }
        assertThat(pages).doesNotHaveDuplicates();
        assertErrno(Errno.ENOMEM, () -> allocator.allocate(64, 1));
        pages.forEach(page -> allocator.free(page, 4096));
        assertThat(allocator.allocatedBytes()).isZero();
        long whole = allocator.allocate(0x40_0000, 1);
        assertThat(whole % 0x40_0000).isZero();
    }

    record Step(boolean allocates, long bytes, long alignment, int victim) {
        @Override
        public String toString() {
            return allocates ? String.format("allocate(0x%x, 0x%x)", bytes, alignment) : "free(#" + victim + ")";
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {11, 12, 13, 14, 15, 16})
    void randomSequencesNeverOverlapAndGiveEverythingBack(long seed) {
        Random random = new Random(seed);
        List<Step> steps = new ArrayList<>();
        for (int i = 0; i < 4000; i++) {
            long bytes = 1L + random.nextInt(1 << 6 + random.nextInt(13));
            steps.add(new Step(
                    random.nextInt(100) < 55, bytes, 1L << random.nextInt(16), random.nextInt(Integer.MAX_VALUE)));
        }
        Sequence.check(seed, steps, BuddyAllocatorTest::replay);
    }

    private static void replay(List<Step> steps) {
        PhysicalMemory memory = new ResidentMemory(List.of(new MemoryRegion(0x4000_0000L, 0x100_0000)));
        PageAllocator allocator = new BuddyAllocator(memory, POOL);
        TreeMap<Long, Long> live = new TreeMap<>();
        List<Long> order = new ArrayList<>();
        long held = 0;
        for (Step step : steps) {
            if (step.allocates) {
                long size = Math.max(64, Long.highestOneBit(2 * step.bytes - 1));
                long address;
                try {
                    address = allocator.allocate(step.bytes, step.alignment);
                } catch (IommuException full) {
                    assertThat(full.errno()).isEqualTo(Errno.ENOMEM);
                    continue;
                }
                assertThat(address % Math.max(size, step.alignment)).isZero();
                assertThat(POOL.contains(address, size)).isTrue();
                Map.Entry<Long, Long> below = live.floorEntry(address + size - 1);
                assertThat(below == null || below.getKey() + below.getValue() <= address)
                        .as("0x%x+0x%x overlaps %s", address, size, below)
                        .isTrue();
                memory.write64(address, address);
                memory.write64(address + size - 8, address);
                live.put(address, size);
                order.add(address);
                held += size;
            } else if (!order.isEmpty()) {
                long address = order.remove(step.victim % order.size());
                long size = live.remove(address);
                assertThat(memory.read64(address)).isEqualTo(address);
                assertThat(memory.read64(address + size - 8)).isEqualTo(address);
                allocator.free(address, size);
                held -= size;
            }
            assertThat(allocator.allocatedBytes()).isEqualTo(held);
        }
        live.forEach(allocator::free);
        assertThat(allocator.allocatedBytes()).isZero();
        assertThat(allocator.allocate(0x40_0000, 1))
                .as("everything joined again")
                .isPositive();
    }

    @Test
    void threadsNeverGetTheSameMemory() throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(3);
        try {
            List<Future<?>> running = new ArrayList<>();
            for (int lane = 1; lane <= 3; lane++) {
                int mark = lane;
                running.add(threads.submit(() -> useAlone(mark)));
            }
            for (Future<?> future : running) {
                future.get();
            }
        } finally {
            threads.shutdownNow();
        }
        assertThat(allocator.allocatedBytes()).isZero();
    }

    private void useAlone(int mark) {
        Random random = new Random(mark);
        for (int i = 0; i < 20_000; i++) {
            long bytes = 64L << random.nextInt(10);
            long address = allocator.allocate(bytes, 1);
            assertThat(memory.read64(address)).isZero();
            memory.write64(address, mark);
            assertThat(memory.read64(address)).isEqualTo(mark);
            allocator.free(address, bytes);
        }
    }

    private static void assertErrno(Errno errno, Runnable action) {
        assertThatThrownBy(action::run)
                .isInstanceOfSatisfying(
                        IommuException.class, e -> assertThat(e.errno()).isEqualTo(errno));
    }
}
