package org.sluice.board.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.sluice.spi.board.Dma;
import org.sluice.spi.memory.PhysicalMemory;

/** After the SYNC of an invalidation no transaction uses what it invalidated, whoever is in the middle of what. */
class DeviceTlbPropertyTest {
    private static final int ROUNDS = 4_000;
    private static final int PASIDS = 2;
    private static final int PAGES = 8;
    private static final long GOOD = 0x1111_1111_1111_1111L;
    private static final long POISON = 0x6666_6666_6666_6666L;

    private final AtomicBoolean stop = new AtomicBoolean();

    private static long iova(int page) {
        return 0x10_0000L + page * 4096L;
    }

    private static void fill(PhysicalMemory memory, long page, long word) {
        memory.write64(page, word);
        memory.write64(page + 8, word);
    }

    // reads the first word of every page, and writes the second
    private FutureTask<Long> device(Bench bench, int seed) {
        FutureTask<Long> task = new FutureTask<>(() -> {
            long count = 0;
            byte[] data = new byte[8];
            while (!stop.get()) {
                int pasid = 1 + (int) (count + seed) % PASIDS;
                long iova = iova((int) (count / PASIDS) % PAGES);
                int read = bench.dma.read(pasid, iova, data, 0, 8, 0);
                // a page that is being moved may be missing
                if (read == Dma.OK) {
                    assertThat(data[0])
                            .as("a read that returned after the page was given away")
                            .isNotEqualTo((byte) 0x66);
                }
                data[0] = (byte) 0x22;
                bench.dma.write(pasid, iova + 8, data, 0, 1, 0);
                count++;
            }
            return count;
        });
        new Thread(task, "device " + seed).start();
        return task;
    }

    // until the devices have used their TLBs too, however threads are scheduled
    private static boolean goesOn(Bench bench, int round, List<FutureTask<Long>> devices) {
        return devices.stream().noneMatch(FutureTask::isDone)
                && (round < ROUNDS || bench.counter("ats.transaction") <= bench.counter("ats.request"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"ats=64", "ats=2"})
    void noTranslatedTransactionUsesAnEntryAfterItsInvalidation(String tlb) throws Exception {
        try (Bench bench =
                new Bench("none", "endpoints", "dma0;sid=" + Bench.SID + ";pasids=" + Bench.PASID_BITS + ";" + tlb)) {
            bench.enableAts();
            bench.port.enableAts(12);
            PhysicalMemory memory = bench.board.memory();
            long[][] mapped = new long[PASIDS + 1][PAGES];
            for (int pasid = 1; pasid <= PASIDS; pasid++) {
                for (int page = 0; page < PAGES; page++) {
                    mapped[pasid][page] = bench.page(0);
                    fill(memory, mapped[pasid][page], GOOD);
                    bench.map(pasid, iova(page), mapped[pasid][page]);
                }
            }
            List<FutureTask<Long>> devices = new ArrayList<>(List.of(device(bench, 0), device(bench, 1)));
            long spare = bench.page(0);
            for (int round = 0; goesOn(bench, round, devices); round++) {
                int pasid = 1 + round % PASIDS;
                int page = round * 5 % PAGES;
                fill(memory, spare, GOOD);
                long given = mapped[pasid][page];
                mapped[pasid][page] = spare;
                bench.map(pasid, iova(page), spare);
                bench.batch(Bench.tlbi(pasid), 0, Bench.sync(), 0);
                bench.batch(Bench.atcInv(pasid), iova(page), Bench.sync(), 0);
                assertThat(bench.consumed()).isTrue();
                // the page is somebody else's now
                fill(memory, given, POISON);
                for (int look = 0; look < 20; look++) {
                    assertThat(memory.read64(given + 8))
                            .as("a write after the page was given away")
                            .isEqualTo(POISON);
                }
                spare = given;
            }
            stop.set(true);
            for (FutureTask<Long> device : devices) {
                assertThat(device.get()).isPositive();
            }
        }
    }
}
