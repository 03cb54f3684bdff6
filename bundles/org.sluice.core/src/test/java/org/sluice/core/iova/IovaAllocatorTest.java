package org.sluice.core.iova;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.sluice.core.gate.SwapGate;

@Timeout(300)
class IovaAllocatorTest {
    private static final long PAGE = 4096;
    private static final long ALL = -1L;
    private static final long PATIENCE = 60_000_000_000L;

    private final SwapGate gate = new SwapGate();
    private final AtomicInteger depotGrew = new AtomicInteger();

    private IovaAllocator allocator(long last) {
        return new IovaAllocator(gate, 0, last, PAGE, depotGrew::incrementAndGet);
    }

    private long allocate(IovaAllocator iovas, long pages, long limit) {
        long[] pin = gate.enter();
        try {
            return iovas.allocate(pin, pages * PAGE, limit);
        } finally {
            gate.leave(pin);
        }
    }

    private void free(IovaAllocator iovas, long iova, long pages) {
        long[] pin = gate.enter();
        try {
            iovas.free(pin, iova, pages * PAGE);
        } finally {
            gate.leave(pin);
        }
    }

    private static long roundedUp(long pages) {
        return Long.bitCount(pages) == 1 ? pages : Long.highestOneBit(pages) << 1;
    }

    @Test
    void allocatesFromTheTopAlignedToTheSizeRoundedUp() {
        IovaAllocator iovas = allocator(0xffff_ffffL);
        assertThat(allocate(iovas, 1, ALL)).isEqualTo(0xffff_f000L);
        assertThat(allocate(iovas, 3, ALL)).isEqualTo(0xffff_8000L);
        assertThat(allocate(iovas, 1, ALL)).isEqualTo(0xffff_e000L);
        assertThat(allocate(iovas, 33, ALL)).isEqualTo(0xfffc_0000L);
        assertThat(allocate(iovas, 33, ALL)).isEqualTo(0xfff8_0000L);
    }

    @Test
    void neverHandsOutFrameZero() {
        IovaAllocator iovas = allocator(3 * PAGE - 1);
        assertThat(allocate(iovas, 1, ALL)).isEqualTo(2 * PAGE);
        assertThat(allocate(iovas, 1, ALL)).isEqualTo(PAGE);
        assertThat(allocate(iovas, 1, ALL)).isZero();
    }

    @Test
    void obeysTheLimitOfEachCallThroughTheCachesToo() {
        IovaAllocator iovas = allocator((1L << 48) - 1);
        long high = allocate(iovas, 1, ALL);
        assertThat(high).isEqualTo((1L << 48) - PAGE);
        long low = allocate(iovas, 1, 0xffff_ffffL);
        assertThat(low).isEqualTo(0xffff_f000L);
        free(iovas, low, 1);
        free(iovas, high, 1); // lies on top of the magazine, above the limit
        assertThat(allocate(iovas, 1, 0xffff_ffffL)).isEqualTo(low);
        assertThat(allocate(iovas, 1, ALL)).isEqualTo(high);
    }

    @Test
    void servesTheUpperHalf() {
        IovaAllocator iovas = new IovaAllocator(gate, 0xffff_0000_0000_0000L, -1L, PAGE, () -> {});
        assertThat(allocate(iovas, 1, ALL)).isEqualTo(-PAGE);
        assertThat(allocate(iovas, 512, ALL)).isEqualTo(-2L << 21);
    }

    @Test
    void servesALargerGranule() {
        IovaAllocator iovas = new IovaAllocator(gate, 0, 0xffff_ffffL, 0x10000, () -> {});
        long[] pin = gate.enter();
        assertThat(iovas.allocate(pin, 0x30000, ALL)).isEqualTo(0xfffc_0000L);
        gate.leave(pin);
    }

    @Test
    void leavesOutReservedRanges() {
        IovaAllocator iovas = allocator(0xf_ffffL);
        assertThat(iovas.reserve(0x8_0000, 0x8_0fff, PATIENCE)).isTrue();
        assertThat(iovas.reserve(0xf_0000, 0xffff_ffffL, PATIENCE)).isTrue();
        assertThat(iovas.reserve(0x8_0800, 0x8_1000, PATIENCE)).isTrue(); // overlaps, and covers a second page in part
        assertThat(iovas.reservedBytes()).isEqualTo(18 * PAGE);
        List<Long> got = new ArrayList<>();
        for (long iova = allocate(iovas, 1, ALL); iova != 0; iova = allocate(iovas, 1, ALL)) {
            got.add(iova);
        }
        assertThat(got)
                .hasSize(256 - 1 - 18)
                .doesNotContain(0x8_0000L, 0x8_1000L)
                .allMatch(iova -> iova < 0xf_0000);
    }

    /** iommufd's self-test: reserve from byte 6 on nearly everything; what is left is smaller than the size rounded up. */
    @Test
    void fivePagesDoNotFitIntoSeven() {
        IovaAllocator iovas = allocator(-1L);
        assertThat(iovas.reserve(6, 6 + 0xffff_ffff_ffff_8001L - 1, PATIENCE)).isTrue();
        assertThat(allocate(iovas, 5, ALL)).isZero();
        assertThat(allocate(iovas, 4, ALL)).isEqualTo(-0x4000L);
    }

    @Test
    void aRangeThatIsInUseIsNotReserved() {
        IovaAllocator iovas = allocator(0xf_ffffL);
        long used = allocate(iovas, 1, ALL);
        long cached = allocate(iovas, 1, ALL);
        free(iovas, cached, 1);
        assertThat(iovas.reserve(used - 0x4000, used, PATIENCE)).isFalse();
        assertThat(iovas.reservedBytes()).isZero();
        assertThat(iovas.reserve(cached, cached + PAGE - 1, PATIENCE)).isTrue();
        assertThat(allocate(iovas, 1, ALL)).isEqualTo(cached - PAGE);
    }

    @Test
    void aFailedSizeIsRememberedBelow4GUntilSomethingIsFreedThere() {
        IovaAllocator iovas = allocator((1L << 40) - 1);
        long below = 0xffff_ffffL;
        long pages = 1 << 19; // 2 GiB: one fits beside frame 0
        long first = allocate(iovas, pages, below);
        assertThat(first).isEqualTo(0x8000_0000L);
        assertThat(allocate(iovas, pages, below)).isZero();
        assertThat(allocate(iovas, pages, ALL)).isGreaterThan(below);
        assertThat(allocate(iovas, 64, below)).isNotZero();
        free(iovas, first, pages);
        assertThat(allocate(iovas, pages, below)).isEqualTo(first);
    }

    @Test
    void flushingBringsWhatEndedThreadsKeep() throws InterruptedException {
        IovaAllocator iovas = allocator(0xff_ffffL);
        for (int i = 0; i < 20; i++) {
            Thread thread = new Thread(() -> {
                List<Long> mine = new ArrayList<>();
                for (int k = 0; k < 200; k++) {
                    mine.add(allocate(iovas, 1, ALL));
                }
                mine.forEach(iova -> free(iovas, iova, 1));
            });
            thread.start();
            thread.join();
        }
        assertThat(iovas.takenBytes()).isPositive();
        assertThat(iovas.flushCaches(PATIENCE)).isTrue();
        assertThat(iovas.takenBytes()).isZero();
        assertThat(iovas.freeRanges()).isEqualTo(1);
        assertThat(allocate(iovas, 2048, ALL)).isNotZero();
    }

    @Test
    void fullMagazinesBeyondTheProcessorsAreTrimmed() {
        IovaAllocator iovas = allocator(0xffff_ffffL);
        int magazines = Runtime.getRuntime().availableProcessors() + 5;
        List<Long> all = new ArrayList<>();
        for (int i = 0; i < (magazines + 2) * Magazine.CAPACITY; i++) {
            all.add(allocate(iovas, 1, ALL));
        }
        all.forEach(iova -> free(iovas, iova, 1));
        long cached = iovas.takenBytes();
        assertThat(depotGrew).hasPositiveValue();
        int rounds = 1;
        while (iovas.trim()) {
            rounds++;
        }
        assertThat(rounds).isBetween(4, 6);
        assertThat(cached - iovas.takenBytes()).isEqualTo(rounds * Magazine.CAPACITY * PAGE);
    }

    @Test
    void freeingWhatIsFreeIsRefused() {
        IovaAllocator iovas = allocator(0xffff_ffffL);
        long iova = allocate(iovas, 64, ALL);
        free(iovas, iova, 64);
        assertThatThrownBy(() -> free(iovas, iova, 64))
                .hasMessageStartingWith("EINVAL")
                .hasMessageContaining("0x40000");
        assertThatThrownBy(() -> free(iovas, 1L << 40, 64)).hasMessageContaining("is not handed out");
        assertThat(iovas.takenBytes()).isZero();
    }

    @Test
    void anOperationThatDoesNotLeaveKeepsItsCache() throws InterruptedException {
        IovaAllocator iovas = allocator(0xffff_ffffL);
        free(iovas, allocate(iovas, 1, ALL), 1);
        CountDownLatch inside = new CountDownLatch(1);
        CountDownLatch leave = new CountDownLatch(1);
        Thread slow = new Thread(() -> {
            long[] pin = gate.enter();
            iovas.free(pin, iovas.allocate(pin, PAGE, ALL), PAGE);
            inside.countDown();
            try {
                leave.await();
            } catch (InterruptedException ignored) {
                Thread.currentThread().interrupt();
            }
            gate.leave(pin);
        });
        slow.start();
        inside.await();
        assertThat(iovas.flushCaches(1_000_000)).isFalse();
        assertThat(iovas.takenBytes()).isEqualTo(2 * PAGE);
        leave.countDown();
        slow.join();
        assertThat(iovas.flushCaches(PATIENCE)).isTrue();
        assertThat(iovas.takenBytes()).isZero();
    }

    @Test
    void insideAnotherOperationTheFreeRangesServe() {
        IovaAllocator iovas = allocator(0xffff_ffffL);
        long[] outer = gate.enter();
        long iova = allocate(iovas, 1, ALL);
        assertThat(iova).isEqualTo(0xffff_f000L);
        free(iovas, iova, 1);
        gate.leave(outer);
        assertThat(iovas.takenBytes()).isZero();
    }

    /** A plain interval map as the oracle: overlap, alignment, limit, reserved ranges, and whether a failure was one. */
    @Test
    void agreesWithAnIntervalMapUnderRandomUse() {
        for (int seed = 1; seed <= 15; seed++) {
            Random random = new Random(seed);
            long last = 2000 * PAGE - 1;
            IovaAllocator iovas = allocator(last);
            TreeMap<Long, Long> taken = new TreeMap<>(Map.of(0L, PAGE));
            long[] reserved = {300 * PAGE, 310 * PAGE, 1024 * PAGE, 1025 * PAGE};
            for (int i = 0; i < reserved.length; i += 2) {
                iovas.reserve(reserved[i], reserved[i + 1] - 1, PATIENCE);
                taken.put(reserved[i], reserved[i + 1]);
            }
            Map<Long, Long> live = new HashMap<>();
            for (int step = 0; step < 4000; step++) {
                if (random.nextInt(100) < 55) {
                    long pages = random.nextInt(4) == 0 ? 1 + random.nextInt(150) : 1 + random.nextInt(32);
                    long limit = random.nextInt(3) == 0 ? random.nextInt(2200) * PAGE + PAGE - 1 : ALL;
                    long iova = allocate(iovas, pages, limit);
                    if (iova == 0) {
                        iovas.flushCaches(PATIENCE);
                        iova = allocate(iovas, pages, limit);
                    }
                    long held = pages < 32 ? roundedUp(pages) : pages;
                    if (iova == 0) {
                        assertThat(fits(taken, held, Math.min(last, limit & Long.MAX_VALUE)))
                                .as("seed %d step %d", seed, step)
                                .isFalse();
                        continue;
                    }
                    long end = iova + held * PAGE;
                    assertThat(iova % (roundedUp(pages) * PAGE)).isZero();
                    assertThat(Long.compareUnsigned(end - 1, Math.min(last, limit & Long.MAX_VALUE)))
                            .isNotPositive();
                    assertThat(overlaps(taken, iova, end))
                            .as("seed %d step %d", seed, step)
                            .isFalse();
                    taken.put(iova, end);
                    live.put(iova, pages);
                } else if (!live.isEmpty()) {
                    long iova = new ArrayList<>(live.keySet()).get(random.nextInt(live.size()));
                    free(iovas, iova, live.remove(iova));
                    taken.remove(iova);
                }
            }
            live.forEach((iova, pages) -> free(iovas, iova, pages));
            assertThat(iovas.flushCaches(PATIENCE)).isTrue();
            assertThat(iovas.takenBytes()).isZero();
            assertThat(iovas.freeRanges()).isEqualTo(3);
        }
    }

    private static boolean overlaps(TreeMap<Long, Long> taken, long start, long end) {
        Map.Entry<Long, Long> below = taken.lowerEntry(end);
        return below != null && below.getValue() > start;
    }

    private static boolean fits(TreeMap<Long, Long> taken, long pages, long last) {
        long step = roundedUp(pages) * PAGE;
        for (long at = step; at + pages * PAGE - 1 <= last; at += step) {
            if (!overlaps(taken, at, at + pages * PAGE)) {
                return true;
            }
        }
        return false;
    }
}
