package org.sluice.memory;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.sluice.spi.memory.MemoryRegion;
import org.sluice.spi.memory.PhysicalMemory;

/** Neighbours inside one 64-bit word never lose a write to each other. */
class ResidentMemoryConcurrencyTest {
    private static final long BASE = 0x1000_0000L;
    private static final int ROUNDS = 200_000;

    private final PhysicalMemory memory = new ResidentMemory(List.of(new MemoryRegion(BASE, 1 << 20)));

    @Test
    void byteWritersOfOneWordNeverLoseAWrite() throws Exception {
        inParallel(4, lane -> {
            long at = BASE + lane;
            for (int i = 0; i < ROUNDS; i++) {
                byte value = (byte) (i * 31 + lane);
                memory.write8(at, value);
                assertThat(memory.read8(at)).isEqualTo(value);
            }
            return null;
        });
    }

    @Test
    void halfWordWritersAndByteRunsNeverLoseAWrite() throws Exception {
        inParallel(3, lane -> {
            byte[] run = new byte[2];
            for (int i = 1; i < ROUNDS; i++) {
                if (lane == 0) {
                    memory.write32(BASE, i);
                    assertThat(memory.read32(BASE)).isEqualTo(i);
                } else {
                    long at = BASE + 2 + 2 * lane;
                    run[0] = (byte) i;
                    run[1] = (byte) (i >>> 8);
                    memory.write(at, run, 0, 2);
                    byte[] seen = new byte[2];
                    memory.read(at, seen, 0, 2);
                    assertThat(seen).isEqualTo(run);
                }
            }
            return null;
        });
    }

    @Test
    void compareAndSetOf32BitsCountsExactlyBesideItsNeighbour() throws Exception {
        inParallel(4, lane -> {
            long at = BASE + 4 * (lane & 1);
            for (int i = 0; i < ROUNDS; i++) {
                int old;
                do {
                    old = memory.read32(at);
                } while (!memory.compareAndSet32(at, old, old + 1));
            }
            return null;
        });
        assertThat(memory.read32(BASE)).isEqualTo(2 * ROUNDS);
        assertThat(memory.read32(BASE + 4)).isEqualTo(2 * ROUNDS);
    }

    @Test
    void firstWritersOfOneWindowAgreeOnItsStorage() throws Exception {
        for (int round = 0; round < 50; round++) {
            PhysicalMemory fresh = new ResidentMemory(List.of(new MemoryRegion(0, 1 << 20)));
            List<long[]> windows = inParallel(3, lane -> {
                fresh.write64(8 * lane, lane + 1);
                return fresh.window(0);
            });
            assertThat(windows).allMatch(window -> window == windows.get(0));
            assertThat(windows.get(0)).startsWith(1, 2, 3);
        }
    }

    @Test
    void releaseAndAcquireCarryEarlierWrites() throws Exception {
        inParallel(2, lane -> {
            for (long i = 1; i <= ROUNDS; i++) {
                if (lane == 0) {
                    memory.write64(BASE + 4096, i);
                    memory.write64Release(BASE + 8192, i);
                } else {
                    long published = memory.read64Acquire(BASE + 8192);
                    assertThat(memory.read64(BASE + 4096)).isGreaterThanOrEqualTo(published);
                }
            }
            return null;
        });
    }

    private interface Lane<T> {
        T run(int lane) throws Exception;
    }

    private static <T> List<T> inParallel(int lanes, Lane<T> body) throws Exception {
        ExecutorService pool = Executors.newFixedThreadPool(lanes);
        try {
            CyclicBarrier start = new CyclicBarrier(lanes);
            List<Callable<T>> tasks = IntStream.range(0, lanes)
                    .mapToObj(lane -> (Callable<T>) () -> {
                        start.await();
                        return body.run(lane);
                    })
                    .toList();
            List<T> results = new ArrayList<>();
            for (Future<T> result : pool.invokeAll(tasks)) {
                results.add(result.get());
            }
            return results;
        } finally {
            pool.shutdownNow();
        }
    }
}
