package org.sluice.board.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.sluice.api.IommuException;
import org.sluice.smmuv3.arch.CmdPriResp;
import org.sluice.smmuv3.arch.CmdqCons;
import org.sluice.smmuv3.arch.PageRequest;
import org.sluice.smmuv3.arch.PriqCons;
import org.sluice.smmuv3.arch.PriqProd;
import org.sluice.smmuv3.arch.StreamTableEntry;
import org.sluice.spi.board.Dma;

/** An endpoint that caches translations and asks for pages. */
@Timeout(60)
class DeviceTlbTest {
    private static final long IOVA = 0x1000;
    private static final long READ_ONLY = 0x80;

    private static Bench bench(String more) {
        Bench bench = new Bench(
                "none", "endpoints", "dma0;sid=" + Bench.SID + ";pasids=" + Bench.PASID_BITS + ";ats=64;" + more);
        bench.enableAts();
        return bench;
    }

    private static FutureTask<Integer> load(Bench bench, int pasid) {
        FutureTask<Integer> value = new FutureTask<>(() -> bench.load(pasid, IOVA));
        new Thread(value, "device").start();
        return value;
    }

    @Test
    void untilItIsEnabledItAsksForNothing() {
        try (Bench bench = bench("")) {
            bench.map(1, IOVA, bench.page(5));
            assertThat(bench.port.hasAts()).isTrue();
            assertThat(bench.load(1, IOVA)).isEqualTo(5);
            assertThat(bench.counter("ats.request")).isZero();
            assertThat(bench.counter("transaction")).isEqualTo(1);
        }
    }

    @Test
    void itAsksOnceAndThenUsesWhatItKnows() {
        try (Bench bench = bench("")) {
            bench.map(1, IOVA, bench.page(5));
            bench.port.enableAts(12);
            for (int i = 0; i < 10; i++) {
                assertThat(bench.load(1, IOVA + i)).isEqualTo(i == 0 ? 5 : 0);
            }
            assertThat(bench.counter("ats.request")).isEqualTo(1);
            assertThat(bench.counter("ats.transaction")).isEqualTo(10);
            assertThat(bench.counter("transaction")).isZero();
        }
    }

    @Test
    void whatItKnowsOutlivesTheInvalidationOfTheIommuAndEndsWithItsOwn() {
        try (Bench bench = bench("")) {
            for (int pasid = 1; pasid <= 2; pasid++) {
                bench.map(pasid, IOVA, bench.page(pasid));
            }
            bench.port.enableAts(12);
            bench.load(1, IOVA);
            bench.load(2, IOVA);
            bench.map(1, IOVA, bench.page(8));
            bench.map(2, IOVA, bench.page(9));
            bench.batch(Bench.tlbi(1), 0, Bench.tlbi(2), 0, Bench.sync(), 0);
            assertThat(bench.load(1, IOVA)).isEqualTo(1);
            bench.batch(Bench.atcInv(1), IOVA, Bench.sync(), 0);
            assertThat(bench.consumed()).isTrue();
            assertThat(bench.load(1, IOVA)).isEqualTo(8);
            // another PASID, and another address
            assertThat(bench.load(2, IOVA)).isEqualTo(2);
            bench.batch(Bench.atcInv(2), IOVA + 4096, Bench.sync(), 0);
            assertThat(bench.load(2, IOVA)).isEqualTo(2);
        }
    }

    @Test
    void disablingForgetsEverything() {
        try (Bench bench = bench("")) {
            bench.map(1, IOVA, bench.page(5));
            bench.port.enableAts(12);
            bench.load(1, IOVA);
            bench.port.disableAts();
            bench.map(1, IOVA, bench.page(6));
            bench.batch(Bench.tlbi(1), 0, Bench.sync(), 0);
            assertThat(bench.load(1, IOVA)).isEqualTo(6);
            bench.port.enableAts(12);
            assertThat(bench.load(1, IOVA)).isEqualTo(6);
            assertThat(bench.counter("ats.request")).isEqualTo(2);
        }
    }

    @Test
    void aWriteNeedsAGrantOfItsOwn() {
        try (Bench bench = bench("")) {
            long page = bench.page(5);
            bench.map(1, IOVA, page | READ_ONLY);
            bench.port.enableAts(12);
            assertThat(bench.load(1, IOVA)).isEqualTo(5);
            assertThat(bench.dma.write(1, IOVA, new byte[] {7}, 0, 1, 0)).isEqualTo(Dma.ABORT);
            assertThat(bench.board.memory().read8(page)).isEqualTo((byte) 5);
            // more permission needs no invalidation of the device
            bench.map(1, IOVA, page);
            bench.batch(Bench.tlbi(1), 0, Bench.sync(), 0);
            assertThat(bench.dma.write(1, IOVA, new byte[] {7}, 0, 1, 0)).isEqualTo(Dma.OK);
            assertThat(bench.counter("event.F_PERMISSION")).isZero();
        }
    }

    @Test
    void whereTheStreamHasNoAtsItGoesUntranslated() {
        try (Bench bench = bench("")) {
            bench.map(1, IOVA, bench.page(5));
            bench.port.enableAts(12);
            bench.writeStream(StreamTableEntry.CONFIG_S1_TRANSLATE);
            bench.batch(Bench.cfgiSte(), 0, Bench.sync(), 0);
            assertThat(bench.load(1, IOVA)).isEqualTo(5);
            assertThat(bench.counter("event.F_BAD_ATS_TREQ")).isEqualTo(1);
            assertThat(bench.counter("transaction")).isEqualTo(1);
        }
    }

    @Test
    void aHitDoesNotAllocate() {
        try (Bench bench = bench("")) {
            bench.map(1, IOVA, bench.page(5));
            bench.port.enableAts(12);
            ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
            byte[] data = new byte[64];
            long least = Long.MAX_VALUE;
            for (int round = 0; round < 20 && least != 0; round++) {
                long before = threads.getCurrentThreadAllocatedBytes();
                for (int i = 0; i < 2000; i++) {
                    bench.dma.read(1, IOVA, data, 0, 64, 0);
                }
                least = Math.min(least, threads.getCurrentThreadAllocatedBytes() - before);
            }
            assertThat(least).isZero();
        }
    }

    @Test
    void anInvalidationThatItDoesNotAnswerIsReportedByTheSync_R37() {
        try (Bench bench = bench("mute=true")) {
            bench.batch(Bench.atcInv(1), IOVA, Bench.sync(), 0);
            assertThat(bench.consumed()).isFalse();
            assertThat(CmdqCons.err(bench.registers.read32(CmdqCons.ADDRESS))).isEqualTo(CmdqCons.ERR_ATC_INV_SYNC);
        }
    }

    @Test
    void withoutPriAMissingPageAborts() {
        try (Bench bench = bench("pri=true")) {
            bench.port.enableAts(12);
            assertThat(bench.load(1, IOVA)).isEqualTo(-1);
            assertThat(bench.counter("priq.recorded")).isZero();
            assertThat(bench.counter("event.F_TRANSLATION")).isZero();
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aMissingPageIsAskedForAndTheAccessComesAgain(boolean tagged) throws InterruptedException, ExecutionException {
        try (Bench bench = bench("pri=true;pasid-in-response=" + tagged)) {
            assertThat(bench.port.wantsPasidInResponse()).isEqualTo(tagged);
            AtomicInteger raised = new AtomicInteger();
            bench.board.iommus().get(0).interrupts().subscribe("priq", raised::incrementAndGet);
            bench.port.enableAts(12);
            bench.port.enablePri(4);
            FutureTask<Integer> value = load(bench, 3);
            long[] request = bench.pageRequest();
            assertThat(PageRequest.streamID(request[0])).isEqualTo(Bench.SID);
            assertThat(PageRequest.substreamID(request[0])).isEqualTo(3);
            assertThat(PageRequest.r(request[0])).isEqualTo(1);
            assertThat(PageRequest.w(request[0])).isZero();
            assertThat(PageRequest.last(request[0])).isEqualTo(1);
            assertThat(PageRequest.pageAddr(request[1])).isEqualTo(IOVA);
            assertThat(raised).hasValue(1);
            bench.map(3, IOVA, bench.page(5));
            // an answer that is not for it, by the way it is tagged, is none
            bench.respond(request, CmdPriResp.RESP_SUCCESS, !tagged);
            assertThat(value.isDone()).isFalse();
            bench.respond(request, CmdPriResp.RESP_SUCCESS, tagged);
            assertThat(value.get()).isEqualTo(5);
        }
    }

    @Test
    void anInvalidRequestAbortsAndAFailureEndsAllRequests() throws InterruptedException, ExecutionException {
        try (Bench bench = bench("pri=true")) {
            bench.port.enableAts(12);
            bench.port.enablePri(4);
            FutureTask<Integer> first = load(bench, 1);
            bench.respond(bench.pageRequest(), CmdPriResp.RESP_INVALID_REQUEST, false);
            assertThat(first.get()).isEqualTo(-1);
            FutureTask<Integer> second = load(bench, 1);
            bench.respond(bench.pageRequest(), CmdPriResp.RESP_FAILURE, false);
            assertThat(second.get()).isEqualTo(-1);
            assertThat(bench.load(1, IOVA)).isEqualTo(-1);
            assertThat(bench.counter("priq.recorded")).isEqualTo(2);
        }
    }

    /** The page of the access first, the last one marked; refused, it asks for the one that it needs. */
    @Test
    void aGroupOfPagesIsAskedForAtOnceAndIfRefusedTheOneAlone() throws InterruptedException, ExecutionException {
        try (Bench bench = bench("pri=true;pri-pages=3")) {
            bench.port.enableAts(12);
            bench.port.enablePri(4);
            FutureTask<Integer> value = load(bench, 1);
            List<long[]> group = List.of(bench.pageRequest(), bench.pageRequest(), bench.pageRequest());
            assertThat(group)
                    .extracting(request -> PageRequest.pageAddr(request[1]))
                    .containsExactly(IOVA, IOVA + 0x1000, IOVA + 0x2000);
            assertThat(group)
                    .extracting(request -> PageRequest.last(request[0]))
                    .containsExactly(0L, 0L, 1L);
            assertThat(group)
                    .extracting(request -> PageRequest.prgIndex(request[1]))
                    .containsOnly(PageRequest.prgIndex(group.get(0)[1]));
            bench.respond(group.get(2), CmdPriResp.RESP_INVALID_REQUEST, false);
            long[] alone = bench.pageRequest();
            assertThat(PageRequest.pageAddr(alone[1])).isEqualTo(IOVA);
            assertThat(PageRequest.last(alone[0])).isEqualTo(1);
            bench.map(1, IOVA, bench.page(5));
            bench.respond(alone, CmdPriResp.RESP_SUCCESS, false);
            assertThat(value.get()).isEqualTo(5);
        }
    }

    @Test
    void noMoreRequestsAreOpenThanAllowed() throws InterruptedException, ExecutionException {
        try (Bench bench = bench("pri=true")) {
            bench.port.enableAts(12);
            bench.port.enablePri(1);
            FutureTask<Integer> first = load(bench, 1);
            long[] request = bench.pageRequest();
            FutureTask<Integer> second = load(bench, 2);
            Thread.sleep(20);
            assertThat(bench.counter("priq.recorded")).isEqualTo(1);
            bench.map(1, IOVA, bench.page(5));
            bench.map(2, IOVA, bench.page(6));
            bench.respond(request, CmdPriResp.RESP_SUCCESS, false);
            assertThat(first.get()).isEqualTo(5);
            // its turn, unless the page was there when it looked
            while (!second.isDone()) {
                if (bench.registers.read32(PriqProd.ADDRESS) != bench.registers.read32(PriqCons.ADDRESS)) {
                    bench.respond(bench.pageRequest(), CmdPriResp.RESP_SUCCESS, false);
                }
                Thread.sleep(1);
            }
            assertThat(second.get()).isEqualTo(6);
        }
    }

    @Test
    void powerOffEndsAWaitForAPage() throws InterruptedException, ExecutionException {
        FutureTask<Integer> value;
        try (Bench bench = bench("pri=true")) {
            bench.port.enableAts(12);
            bench.port.enablePri(4);
            value = load(bench, 1);
            bench.pageRequest();
        }
        assertThat(value.get()).isEqualTo(-1);
    }

    @Test
    void switchesRejectWhatTheyCannotBe() {
        try (Bench bench = bench("pri=true")) {
            assertThatThrownBy(() -> bench.port.enableAts(11))
                    .isInstanceOf(IommuException.class)
                    .hasMessageContaining("dma0")
                    .hasMessageContaining("2^11");
            assertThatThrownBy(() -> bench.port.enablePri(0))
                    .isInstanceOf(IommuException.class)
                    .hasMessageContaining("are 0");
        }
        assertThatThrownBy(() -> new Bench("none", "endpoints", "dma0;sid=16;ats=4", "iommu.profile", "qemu-10"))
                .isInstanceOf(IommuException.class)
                .hasMessageContaining("the IOMMU has no ATS");
    }
}
