package org.sluice.core.space;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.sluice.api.AddressSpace;
import org.sluice.api.IommuException;
import org.sluice.api.IotlbGather;
import org.sluice.api.Prot;
import org.sluice.core.TestMachine;

class SpaceUnmapTest {
    private static final int RW = Prot.READ | Prot.WRITE;

    private final TestMachine machine = TestMachine.running();
    private AddressSpace space;

    @BeforeEach
    void makeSpace() {
        space = machine.space();
        machine.journal.clear();
    }

    @AfterEach
    void stop() {
        machine.close();
    }

    @Test
    void misalignedEmptyOutsideAndWrappingRangesUnmapNothing() {
        space.map(0x1000, 0x8000, 0x1000, RW);
        assertThat(space.unmap(0x1800, 0x1000)).isZero();
        assertThat(space.unmap(0x1000, 0x800)).isZero();
        assertThat(space.unmap(0x1000, 0)).isZero();
        assertThat(space.unmap(1L << 40, 0x1000)).isZero();
        assertThat(space.unmap(0x2000, -0x1000)).isZero();
        assertThat(space.unmapFast(0x1800, 0x1000)).isZero();
        assertThat(space.unmapFast(0x1800, 0x1000, new IotlbGather())).isZero();
        assertThat(space.iovaToPhys(0x1000)).isEqualTo(0x8000);
    }

    @Test
    void unmapReturnsZeroWhenPageSizesAreEmpty_R31() {
        machine.driver.pageSizes = 0;
        AddressSpace none = machine.space();
        machine.journal.clear();
        assertThat(none.unmap(0, 0x1000)).isZero();
        assertThat(none.unmapFast(0, 0x1000)).isZero();
        assertThat(none.unmapFast(0, 0x1000, new IotlbGather())).isZero();
        assertThat(machine.journal.lines()).isEmpty();
    }

    @Test
    void unmapStopsAtTheFirstHole() {
        space.map(0x1000, 0x8000, 0x2000, RW);
        space.map(0x4000, 0x9000, 0x1000, RW);
        assertThat(space.unmap(0x1000, 0x4000)).isEqualTo(0x2000);
        assertThat(space.iovaToPhys(0x4000)).isEqualTo(0x9000);
        assertThat(space.unmap(0x1000, 0x1000)).isZero();
    }

    @Test
    void rangeIsClippedToWhatTheFormatReaches() {
        long last = (1L << 39) - 0x1000;
        space.map(last, 0x8000, 0x1000, RW);
        assertThat(space.unmap(last, 0x10000)).isEqualTo(0x1000);
    }

    @Test
    void strictUnmapInvalidatesSyncsAndOnlyThenFreesTables_R27() {
        space.map(0x200000, 0x800000 + 0x1000, 0x200000, RW);
        machine.journal.clear();
        assertThat(space.unmap(0x200000, 0x200000)).isEqualTo(0x200000);
        assertThat(machine.journal.lines())
                .containsExactly(
                        "unmap 200000 200000x1",
                        "invalidate tag1 200000+200000 by 1000 with tables",
                        "sync tag1",
                        "free page");
    }

    @Test
    void unmapFastLeavesInvalidationAndTablesToTheGather_R27() {
        space.map(0x200000, 0x800000 + 0x1000, 0x200000, RW);
        long tables = machine.counter("tables.live");
        IotlbGather gather = new IotlbGather();
        machine.journal.clear();
        assertThat(space.unmapFast(0x200000, 0x200000, gather)).isEqualTo(0x200000);
        assertThat(machine.journal.lines()).containsExactly("unmap 200000 200000x1");
        assertThat(machine.counter("tables.live")).isEqualTo(tables);

        machine.journal.clear();
        space.sync(gather);
        assertThat(machine.journal.lines())
                .containsExactly("invalidate tag1 200000+200000 by 1000 with tables", "sync tag1", "free page");
        assertThat(machine.counter("tables.live")).isEqualTo(tables - 1);
        assertThat(gather.isEmpty()).isTrue();
        assertThat(gather.tableCount()).isZero();
    }

    @Test
    void touchingRangesShareOneInvalidation() {
        space.map(0x1000, 0x8000, 0x6000, RW);
        IotlbGather gather = new IotlbGather();
        machine.journal.clear();
        space.unmapFast(0x3000, 0x1000, gather);
        space.unmapFast(0x4000, 0x1000, gather);
        space.unmapFast(0x2000, 0x1000, gather);
        assertThat(machine.journal.of("invalidate", "sync")).isEmpty();
        space.sync(gather);
        assertThat(machine.journal.of("invalidate", "sync"))
                .containsExactly("invalidate tag1 2000+3000 by 1000", "sync tag1");
    }

    @Test
    void disjointRangeSyncsTheGatherFirst() {
        space.map(0x1000, 0x8000, 0x6000, RW);
        IotlbGather gather = new IotlbGather();
        machine.journal.clear();
        space.unmapFast(0x1000, 0x1000, gather);
        space.unmapFast(0x5000, 0x1000, gather);
        assertThat(machine.journal.of("invalidate", "sync", "unmap"))
                .containsExactly(
                        "unmap 1000 1000x1", "invalidate tag1 1000+1000 by 1000", "sync tag1", "unmap 5000 1000x1");
        assertThat(gather.start()).isEqualTo(0x5000);
    }

    @Test
    void anotherPageSizeSyncsTheGatherFirst() {
        space.map(0x1ff000, 0x1ff000, 0x201000, RW);
        machine.journal.clear();
        assertThat(space.unmap(0x1ff000, 0x201000)).isEqualTo(0x201000);
        assertThat(machine.journal.of("invalidate"))
                .containsExactly("invalidate tag1 1ff000+1000 by 1000", "invalidate tag1 200000+200000 by 200000");
        assertThat(machine.journal.of("sync")).hasSize(2);
    }

    @Test
    void gatherOfAnotherSpaceIsRefused() {
        AddressSpace other = machine.space();
        space.map(0x1000, 0x8000, 0x1000, RW);
        other.map(0x1000, 0x8000, 0x1000, RW);
        IotlbGather gather = new IotlbGather();
        space.unmapFast(0x1000, 0x1000, gather);
        assertThatThrownBy(() -> other.unmapFast(0x1000, 0x1000, gather)).hasMessageContaining("unsynced");
        assertThatThrownBy(() -> other.sync(gather)).isInstanceOf(IommuException.class);
        space.sync(gather);
        assertThat(other.unmapFast(0x1000, 0x1000, gather)).isEqualTo(0x1000);
        other.sync(gather);
    }

    @Test
    void unmapWithoutGatherIsCompletedByTlbSync_R28() {
        space.map(0x200000, 0x800000 + 0x1000, 0x200000, RW);
        machine.journal.clear();
        assertThat(space.unmapFast(0x200000, 0x200000)).isEqualTo(0x200000);
        assertThat(machine.journal.lines()).containsExactly("unmap 200000 200000x1");
        space.tlbSync();
        assertThat(machine.journal.of("invalidate", "sync", "free"))
                .containsExactly("invalidate tag1 200000+200000 by 1000 with tables", "sync tag1", "free page");
        machine.journal.clear();
        space.tlbSync();
        assertThat(machine.journal.lines()).containsExactly("sync tag1");
    }

    @Test
    void unmapWithoutGatherIsCompletedByFlushTlbAll_R28() {
        space.map(0x200000, 0x800000 + 0x1000, 0x200000, RW);
        space.unmapFast(0x200000, 0x200000);
        machine.journal.clear();
        space.flushTlbAll();
        assertThat(machine.journal.lines()).containsExactly("invalidateAll tag1", "free page");
    }

    @Test
    void disjointUnmapsWithoutGatherAreAllInvalidatedByTlbSync() {
        space.map(0x1000, 0x8000, 0x10000, RW);
        machine.journal.clear();
        for (long iova : List.of(0x1000L, 0x8000L, 0x3000L)) {
            space.unmapFast(iova, 0x1000);
        }
        assertThat(machine.journal.of("sync")).isEmpty();
        space.tlbSync();
        assertThat(machine.journal.of("invalidate"))
                .containsExactly(
                        "invalidate tag1 1000+1000 by 1000",
                        "invalidate tag1 8000+1000 by 1000",
                        "invalidate tag1 3000+1000 by 1000");
        assertThat(machine.journal.of("sync")).hasSize(1);
    }

    @Test
    void tlbRangeAddQueuesWithoutWaiting() {
        space.tlbRangeAdd(0x1000, 0x3000);
        assertThat(machine.journal.lines()).containsExactly("invalidate tag1 1000+3000 by 1000 with tables");
        space.tlbSync();
        assertThat(machine.journal.of("sync")).hasSize(1);
        assertThatThrownBy(() -> space.tlbRangeAdd(0x1000, 0)).hasMessageContaining("size is 0");
    }

    @Test
    void whatASyncThatFailedOwesIsPaidByTheNext() {
        space.map(0x200000, 0x800000 + 0x1000, 0x200000, RW);
        long tables = machine.counter("tables.live");
        machine.driver.failSync = true;
        assertThatThrownBy(() -> space.unmap(0x200000, 0x200000)).hasMessageContaining("ETIMEDOUT");
        assertThat(machine.counter("tables.live"))
                .as("not freed without a sync")
                .isEqualTo(tables);
        machine.driver.failSync = false;
        machine.journal.clear();
        space.tlbSync();
        assertThat(machine.journal.of("invalidate", "free"))
                .containsExactly("invalidate tag1 200000+200000 by 1000 with tables", "free page");
        assertThat(machine.counter("tables.live")).isEqualTo(tables - 1);
    }

    @Test
    void blockOverAnEmptyTableRetiresTheTable() {
        space.map(0x200000, 0x800000, 0x1000, RW);
        space.unmap(0x200000, 0x1000);
        long tables = machine.counter("tables.live");
        machine.journal.clear();
        space.map(0x200000, 0x800000, 0x200000, RW);
        assertThat(machine.journal.lines())
                .containsExactly(
                        "map 200000->800000 200000x1",
                        "invalidate tag1 200000+200000 by 1000 with tables",
                        "sync tag1",
                        "free page");
        assertThat(machine.counter("tables.live")).isEqualTo(tables - 1);
    }

    @Test
    void nothingOfARangeIsStaleAfterUnmap() {
        machine.attached("nic").space().map(0x1000, 0x8000, 0x1000, RW);
        AddressSpace attached = machine.device("nic").domain().orElseThrow().space();
        assertThat(machine.hardware.dma(TestMachine.NIC, -1, 0x1234)).isEqualTo(0x8234);
        IotlbGather gather = new IotlbGather();
        attached.unmapFast(0x1000, 0x1000, gather);
        assertThat(machine.hardware.dma(TestMachine.NIC, -1, 0x1234))
                .as("stale until the sync")
                .isEqualTo(0x8234);
        attached.sync(gather);
        assertThat(machine.hardware.dma(TestMachine.NIC, -1, 0x1234)).isZero();
        attached.map(0x1000, 0x8000, 0x1000, RW);
        assertThat(machine.hardware.dma(TestMachine.NIC, -1, 0x1234)).isEqualTo(0x8234);
        assertThat(attached.unmap(0x1000, 0x1000)).isEqualTo(0x1000);
        assertThat(machine.hardware.dma(TestMachine.NIC, -1, 0x1234)).isZero();
    }

    @Test
    void tableIsNotFreedWhileAnotherOperationIsInside() throws InterruptedException {
        space.map(0x200000, 0x800000 + 0x1000, 0x200000, RW);
        long tables = machine.counter("tables.live");
        CountDownLatch inside = new CountDownLatch(1);
        CountDownLatch go = new CountDownLatch(1);
        machine.format.duringMap = () -> {
            inside.countDown();
            try {
                go.await();
            } catch (InterruptedException interrupted) {
                Thread.currentThread().interrupt();
            }
        };
        Thread reader = new Thread(() -> space.map(0x1000, 0x8000, 0x1000, RW));
        reader.start();
        inside.await();
        Thread remover = new Thread(() -> space.unmap(0x200000, 0x200000));
        remover.start();
        while (machine.journal.of("sync").isEmpty()) {
            Thread.onSpinWait();
        }
        remover.join(50);
        assertThat(machine.journal.of("free")).isEmpty();
        assertThat(machine.counter("tables.live")).isEqualTo(tables);
        go.countDown();
        reader.join();
        remover.join();
        assertThat(machine.journal.of("free")).hasSize(1);
    }

    @Test
    void tableThatCouldNotBeFreedInTimeIsFreedByALaterCall() throws InterruptedException {
        try (TestMachine hasty = TestMachine.bare(1000, 20)) {
            hasty.addFormat("1.0.0");
            hasty.addDriver("1.0.0");
            hasty.settle();
            AddressSpace own = hasty.space();
            own.map(0x200000, 0x801000, 0x200000, RW);
            hasty.journal.clear();
            CountDownLatch inside = new CountDownLatch(1);
            CountDownLatch go = new CountDownLatch(1);
            hasty.format.duringMap = () -> {
                inside.countDown();
                try {
                    go.await();
                } catch (InterruptedException interrupted) {
                    Thread.currentThread().interrupt();
                }
            };
            Thread stuck = new Thread(() -> own.map(0x1000, 0x8000, 0x1000, RW));
            stuck.start();
            inside.await();
            assertThat(own.unmap(0x200000, 0x200000)).isEqualTo(0x200000);
            assertThat(hasty.journal.of("free")).as("late, never early").isEmpty();
            go.countDown();
            stuck.join();
            own.unmap(0x1000, 0x1000);
            assertThat(hasty.journal.of("free")).hasSize(1);
        }
    }
}
