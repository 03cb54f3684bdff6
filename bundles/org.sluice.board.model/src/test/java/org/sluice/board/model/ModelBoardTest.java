package org.sluice.board.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.sluice.api.IommuException;
import org.sluice.spi.board.Dma;
import org.sluice.spi.board.Endpoint;
import org.sluice.spi.bus.InterruptLines;

class ModelBoardTest {
    private static final long IOVA = 0x12_3000;

    @Test
    void endpointsAreWhatTheConfigurationSays() {
        try (Bench bench = new Bench(
                "none", "endpoints", new String[] {"gpu;sid=0x20,0x21;pasids=10;compatible=qcom,adreno;group=3"})) {
            Endpoint gpu = bench.board.endpoints().get(0);
            assertThat(gpu)
                    .isEqualTo(new Endpoint("gpu", "qcom,adreno", "smmu0", List.of(0x20, 0x21), 10, 3, gpu.dma()));
            assertThat(bench.board.name()).isEqualTo("bench");
            assertThat(bench.board.iommus().get(0).compatible()).isEqualTo("arm,smmu-v3");
        }
    }

    @Test
    void aTransferIsSplitIntoPages() {
        try (Bench bench = new Bench("none")) {
            long first = bench.allocate(4096);
            long second = bench.allocate(4096);
            bench.map(1, IOVA, second);
            bench.map(1, IOVA + 4096, first);
            byte[] data = new byte[5000];
            for (int i = 0; i < data.length; i++) {
                data[i] = (byte) (i * 7);
            }
            assertThat(bench.dma.write(1, IOVA + 1000, data, 0, 5000, 0)).isEqualTo(Dma.OK);
            assertThat(bench.counter("transaction")).isEqualTo(2);
            assertThat(bench.counter("bytes.written")).isEqualTo(5000);
            assertThat(bench.board.memory().read8(first)).isEqualTo(data[3096]);
            byte[] back = new byte[5010];
            assertThat(bench.dma.read(1, IOVA + 1000, back, 10, 5000, 0)).isEqualTo(Dma.OK);
            assertThat(back).startsWith(new byte[10]).endsWith(data);
        }
    }

    @Test
    void aFarAtomicReachesTheIommuAsOne() {
        try (Bench bench = new Bench("none")) {
            bench.map(1, IOVA, bench.page(5));
            byte[] data = new byte[8];
            assertThat(bench.dma.read(1, IOVA, data, 0, 8, 0)).isEqualTo(Dma.OK);
            assertThat(bench.dma.read(1, IOVA, data, 0, 8, Dma.ATOMIC)).isEqualTo(Dma.ABORT);
            assertThat(bench.dma.write(1, IOVA, data, 0, 8, Dma.ATOMIC)).isEqualTo(Dma.ABORT);
            assertThat(bench.counter("event.F_UUT")).isEqualTo(2);
        }
    }

    @Test
    void afterTheFirstTransactionThatFailsNoneFollows() {
        try (Bench bench = new Bench("none")) {
            bench.map(1, IOVA, bench.page(5));
            bench.map(1, IOVA + 2 * 4096, bench.page(6));
            byte[] data = new byte[3 * 4096];
            assertThat(bench.dma.read(1, IOVA, data, 0, data.length, 0)).isEqualTo(Dma.ABORT);
            assertThat(data[0]).isEqualTo((byte) 5);
            assertThat(data[2 * 4096]).isZero();
            assertThat(bench.counter("transaction")).isEqualTo(2);
            assertThat(bench.counter("event.F_TRANSLATION")).isEqualTo(1);
        }
    }

    @Test
    void aPasidThatTheEndpointCannotSendIsRejected() {
        try (Bench bench = new Bench("none")) {
            for (int pasid : new int[] {16, -2, Integer.MIN_VALUE}) {
                assertThatThrownBy(() -> bench.load(pasid, IOVA))
                        .isInstanceOf(IommuException.class)
                        .hasMessageContaining("EOVERFLOW")
                        .hasMessageContaining("dma0")
                        .hasMessageContaining("4 bits");
            }
        }
        try (Bench bench = new Bench("none", "endpoints", "plain;sid=1")) {
            assertThatThrownBy(() -> bench.load(0, IOVA)).hasMessageContaining("plain");
        }
    }

    @Test
    void aTransactionThatHitsDoesNotAllocate() {
        try (Bench bench = new Bench("none")) {
            for (int pasid = 0; pasid < 4; pasid++) {
                bench.map(pasid, IOVA, bench.allocate(4096));
                bench.map(pasid, IOVA + 4096, bench.allocate(4096));
            }
            ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
            byte[] data = new byte[8192];
            // the first rounds compile and fill; of many, one has to be clean
            long least = Long.MAX_VALUE;
            for (int round = 0; round < 20 && least != 0; round++) {
                long before = threads.getCurrentThreadAllocatedBytes();
                for (int i = 0; i < 2000; i++) {
                    int pasid = i % 3 + 1;
                    bench.dma.write(pasid, IOVA + i % 64, data, 0, 4096, 0);
                    bench.dma.read(pasid, IOVA + i % 64, data, 0, 4096, 0);
                }
                least = Math.min(least, threads.getCurrentThreadAllocatedBytes() - before);
            }
            assertThat(least).isZero();
        }
    }

    @Test
    void everySubscriberHearsTheEventQueue() {
        try (Bench bench = new Bench("none")) {
            List<String> heard = new ArrayList<>();
            InterruptLines lines = bench.board.iommus().get(0).interrupts();
            lines.subscribe("eventq", () -> heard.add("first"));
            lines.subscribe("gerror", () -> heard.add("gerror"));
            InterruptLines.Subscription second = lines.subscribe("eventq", () -> heard.add("second"));
            bench.load(1, IOVA);
            assertThat(heard).containsExactly("first", "second");
            second.close();
            bench.registers.write32(0x100ac, 1);
            bench.load(1, IOVA);
            assertThat(heard).containsExactly("first", "second", "first");
        }
    }

    @Test
    void aSubscribersDefectReachesNeitherTheDeviceNorTheOthers() {
        try (Bench bench = new Bench("none")) {
            List<Object> heard = new ArrayList<>();
            Thread.currentThread().setUncaughtExceptionHandler((thread, error) -> heard.add(error.getMessage()));
            InterruptLines lines = bench.board.iommus().get(0).interrupts();
            lines.subscribe("eventq", () -> {
                throw new IllegalStateException("broken");
            });
            lines.subscribe("eventq", () -> heard.add("second"));
            assertThat(bench.dma.read(1, IOVA, new byte[1], 0, 1, 0)).isEqualTo(Dma.ABORT);
            assertThat(heard).containsExactly("broken", "second");
        } finally {
            Thread.currentThread().setUncaughtExceptionHandler(null);
        }
    }

    @Test
    void poweredOffItAborts() {
        Bench bench = new Bench("none");
        bench.map(1, IOVA, bench.page(5));
        bench.close();
        assertThat(bench.load(1, IOVA)).isEqualTo(-1);
    }

    @Test
    void modelPropertiesAreCheckedByTheModel() {
        assertThatThrownBy(() -> new Bench("none", "iommu.idr0.RME", "1"))
                .isInstanceOf(IommuException.class)
                .hasMessageContaining("idr0.RME");
    }
}
