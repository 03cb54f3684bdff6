package org.sluice.board.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.sluice.smmuv3.arch.CmdSync;
import org.sluice.smmuv3.arch.StreamTableEntry;
import org.sluice.spi.board.Dma;

/** Each defect shows in exactly the test that looks for it, and a sound board in none. */
class InjectionTest {
    private static final long IOVA = 0x12_3000;

    @ParameterizedTest
    @CsvSource({"none,-1", "skip-tlbi,5", "stale-cd,-1", "drop-sync,5"})
    void whatADeviceReadsAfterUnmapTlbiAndSync(String inject, int read) {
        try (Bench bench = new Bench(inject)) {
            bench.map(1, IOVA, bench.page(5));
            assertThat(bench.load(1, IOVA)).isEqualTo(5);
            bench.map(1, IOVA, 0);
            assertThat(bench.load(1, IOVA)).isEqualTo(5);

            bench.batch(Bench.tlbi(1), 0, Bench.sync(), 0);

            assertThat(bench.consumed()).isTrue();
            assertThat(bench.load(1, IOVA)).isEqualTo(read);
        }
    }

    @ParameterizedTest
    @CsvSource({"none,6", "skip-tlbi,6", "stale-cd,5", "drop-sync,5"})
    void whatADeviceReadsAfterItsContextWasReplaced(String inject, int read) {
        // no TLB, so that only the context can be stale
        try (Bench bench = new Bench(inject, "iommu.tlb.entries", "none")) {
            bench.map(1, IOVA, bench.page(5));
            bench.map(2, IOVA, bench.page(6));
            assertThat(bench.load(1, IOVA)).isEqualTo(5);
            assertThat(bench.load(2, IOVA)).isEqualTo(6);
            bench.writeContext(1, bench.rootOf(2));

            bench.batch(Bench.cfgiCd(1), 1, Bench.sync(), 0);

            assertThat(bench.consumed()).isTrue();
            assertThat(bench.load(1, IOVA)).isEqualTo(read);
        }
    }

    @ParameterizedTest
    @CsvSource({"none,-1", "skip-tlbi,-1", "stale-cd,-1", "drop-sync,5"})
    void whatADeviceReadsAfterItsStreamWasDisabled(String inject, int read) {
        try (Bench bench = new Bench(inject)) {
            bench.map(1, IOVA, bench.page(5));
            assertThat(bench.load(1, IOVA)).isEqualTo(5);
            bench.writeStream(StreamTableEntry.CONFIG_ABORT);

            bench.batch(Bench.cfgiSte(), 1, Bench.sync(), 0);

            assertThat(bench.load(1, IOVA)).isEqualTo(read);
        }
    }

    @Test
    void dropSyncGivesWhatASyncEndedToTheDeviceWithTheNextSync() {
        try (Bench bench = new Bench("drop-sync")) {
            bench.map(1, IOVA, bench.page(5));
            bench.load(1, IOVA);
            bench.map(1, IOVA, 0);
            bench.batch(Bench.tlbi(1), 0, Bench.sync(), 0);
            assertThat(bench.counter("command.CMD_SYNC")).isZero();
            bench.batch(Bench.sync(), 0);
            assertThat(bench.counter("command.CMD_SYNC")).isEqualTo(1);
            assertThat(bench.counter("command.CMD_TLBI_NH_ASID")).isEqualTo(1);
            assertThat(bench.load(1, IOVA)).isEqualTo(-1);
        }
    }

    @Test
    void dropSyncWithholdsWhatNoSyncEnded() {
        try (Bench bench = new Bench("drop-sync")) {
            bench.batch(Bench.tlbi(1), 0);
            bench.batch(Bench.sync(), 0);
            assertThat(bench.consumed()).isTrue();
            assertThat(bench.counter("command.CMD_TLBI_NH_ASID")).isZero();
            bench.batch(Bench.tlbi(1), 0);
            assertThat(bench.consumed()).isFalse();
            assertThat(bench.counter("command.CMD_TLBI_NH_ASID")).isZero();
            bench.batch(Bench.sync(), 0);
            assertThat(bench.consumed()).isTrue();
            assertThat(bench.counter("command.CMD_TLBI_NH_ASID")).isEqualTo(1);
        }
    }

    @Test
    void dropSyncAnswersByMessageAndByWire() {
        try (Bench bench = new Bench("drop-sync")) {
            List<String> raised = new ArrayList<>();
            bench.board.iommus().get(0).interrupts().subscribe("cmdq-sync", () -> raised.add("cmdq-sync"));
            long message = bench.allocate(64);
            long irq = CmdSync.withCs(Bench.sync(), CmdSync.CS_IRQ);
            bench.batch(CmdSync.withMsiData(irq, 77), message);
            assertThat(bench.board.memory().read32(message)).isEqualTo(77);
            bench.batch(irq, 0);
            assertThat(raised).hasSize(1);
            assertThat(bench.consumed()).isTrue();
            assertThat(bench.counter("command.CMD_SYNC")).isEqualTo(1);
        }
    }

    @Test
    void queuesWrapUnderEveryDefect() {
        for (String inject : List.of("none", "skip-tlbi", "stale-cd", "drop-sync")) {
            try (Bench bench = new Bench(inject)) {
                for (int i = 0; i < 500; i++) {
                    bench.batch(Bench.tlbi(1), 0, Bench.cfgiCd(1), 1, Bench.sync(), 0);
                    assertThat(bench.consumed()).as("%s, batch %d", inject, i).isTrue();
                }
                long withheld = inject.equals("drop-sync") ? 1 : 0;
                assertThat(bench.counter("command.CMD_SYNC")).isEqualTo(500 - withheld);
                assertThat(bench.counter("command.CMD_TLBI_NH_ASID"))
                        .isEqualTo(inject.equals("skip-tlbi") ? 0 : 500 - withheld);
                assertThat(bench.counter("command.CMD_CFGI_CD"))
                        .isEqualTo(inject.equals("stale-cd") ? 0 : 500 - withheld);
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"none,5", "wrong-pa,6"})
    void wrongPaReachesTheNeighbouringPage(String inject, int read) {
        try (Bench bench = new Bench(inject)) {
            long page = bench.page(5);
            bench.map(1, IOVA, page);
            assertThat(bench.load(1, IOVA)).isEqualTo(read);
            byte[] data = {9};
            assertThat(bench.dma.write(1, IOVA + 1, data, 0, 1, 0)).isEqualTo(Dma.OK);
            assertThat(bench.board.memory().read8((read == 5 ? page : page + 4096) + 1))
                    .isEqualTo((byte) 9);
        }
    }

    @Test
    void swapSsidSendsTheNeighboursPasid() {
        try (Bench bench = new Bench("swap-ssid")) {
            for (int pasid = 1; pasid < 1 << Bench.PASID_BITS; pasid++) {
                bench.map(pasid, IOVA, bench.page(pasid));
            }
            assertThat(bench.load(1, IOVA)).isEqualTo(2);
            assertThat(bench.load(2, IOVA)).isEqualTo(1);
            assertThat(bench.load(3, IOVA)).isEqualTo(4);
            assertThat(bench.load(14, IOVA)).isEqualTo(13);
            // 16 cannot be sent
            assertThat(bench.load(15, IOVA)).isEqualTo(15);
            assertThat(bench.load(Dma.NO_PASID, IOVA)).isEqualTo(-1);
        }
    }
}
