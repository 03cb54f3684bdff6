package org.sluice.tck.driver;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.sluice.api.FaultEvent;
import org.sluice.api.FaultReason;
import org.sluice.api.Prot;
import org.sluice.spi.driver.Attachment;
import org.sluice.spi.driver.FaultRecord;

/** A DMA that is not allowed changes nothing and is reported, once, as what it was. */
interface FaultCases extends Rigged {
    @Test
    default void unmappedAccessIsReportedWithStreamAddressAndDirection() {
        Rig rig = rig();
        Client client = rig.clients().get(1);
        rig.attached(client);
        assertThat(client.read(0x1234_5678L)).isEqualTo(Client.ABORTED);
        FaultRecord read = rig.fault(fault -> true);
        assertThat(read.reason()).isEqualTo(FaultReason.TRANSLATION);
        assertThat(read.name()).isEqualTo(rig.isSmmuv3() ? "F_TRANSLATION" : "TF");
        assertThat(read.streamId()).isEqualTo(client.streamId());
        assertThat(read.pasid()).isEqualTo(FaultEvent.NO_PASID);
        assertThat(read.iova()).isEqualTo(0x1234_5678L);
        assertThat(read.write()).isFalse();
        assertThat(read.stalled()).isFalse();
        if (rig.isSmmuv3()) {
            assertThat(read.raw()).hasSize(4);
        }
        assertThat(client.write(0x4000L, 1)).isFalse();
        assertThat(rig.fault(fault -> true))
                .satisfies(fault -> assertThat(fault.write()).isTrue())
                .satisfies(fault -> assertThat(fault.iova()).isEqualTo(0x4000));
    }

    @Test
    default void writeToAReadOnlyPageIsAPermissionFaultAndChangesNothing() {
        Rig rig = rig();
        Client client = rig.client();
        Space space = rig.attached(client);
        long paddr = rig.page();
        space.map(0x9000, paddr, Sizes.KIB_4, Prot.READ);
        client.plant(paddr + 0x10, 42);
        assertThat(client.read(0x9010)).isEqualTo(42);
        assertThat(client.write(0x9010, 43)).isFalse();
        FaultRecord fault = rig.fault(any -> true);
        assertThat(fault.reason()).isEqualTo(FaultReason.PERMISSION);
        assertThat(fault.iova()).isEqualTo(0x9010);
        assertThat(fault.write()).isTrue();
        assertThat(rig.memory().read64(paddr + 0x10)).isEqualTo(42);
        assertThat(client.read(0x9010)).as("it still may read").isEqualTo(42);
        assertThat(rig.faults()).isEmpty();
    }

    @Test
    default void transferThatLeavesTheMappingStopsThereAndIsOneFault() {
        Rig rig = rig();
        Client client = rig.client();
        Space space = rig.attached(client);
        space.map(0x8000, rig.page(), Sizes.KIB_4, Space.RW);
        byte[] data = new byte[3 * (int) Sizes.KIB_4];
        assertThat(client.dma().read(-1, 0x8000, data, 0, data.length, 0)).isNotZero();
        rig.settle();
        // the next, at another place, is reported after whatever this one caused
        assertThat(client.read(0xdead_0000L)).isEqualTo(Client.ABORTED);
        rig.onFault(() -> {});
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (rig.faults().stream().noneMatch(fault -> fault.iova() == 0xdead_0000L)) {
            assertThat(System.nanoTime()).isLessThan(deadline);
            Rig.pause();
        }
        assertThat(rig.faults()).extracting(FaultRecord::iova).containsExactly(0x9000L, 0xdead_0000L);
    }

    @Test
    default void blockedDeviceAborts() {
        Rig rig = rig();
        Client client = rig.client();
        assertThat(client.read(BoardSource.MEMORY)).as("before any attach").isEqualTo(Client.ABORTED);
        rig.unit().attach(client.record(), Attachment.IDENTITY);
        client.plant(BoardSource.MEMORY, 5);
        assertThat(client.read(BoardSource.MEMORY)).isEqualTo(5);
        rig.unit().attach(client.record(), Attachment.BLOCKED);
        assertThat(client.read(BoardSource.MEMORY)).isEqualTo(Client.ABORTED);
        assertThat(client.write(BoardSource.MEMORY, 6)).isFalse();
        assertThat(rig.memory().read64(BoardSource.MEMORY)).isEqualTo(5);
    }

    /** The queue has room for four records, and nobody takes one: what comes later is lost, but not what comes after that. */
    @Test
    default void faultsAreReportedAgainAfterTheQueueWasFull() throws InterruptedException {
        Rig rig = rig(Identity.eventQueue(2), 1);
        Client client = rig.client();
        Space space = rig.attached(client);
        CountDownLatch go = new CountDownLatch(1);
        rig.onFault(() -> {
            try {
                go.await(60, TimeUnit.SECONDS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
        for (int i = 0; i < 30; i++) {
            assertThat(client.read(0x10_0000L + i * Sizes.KIB_4)).isEqualTo(Client.ABORTED);
        }
        go.countDown();
        rig.fault(fault -> fault.iova() == 0x10_0000L);
        rig.onFault(() -> {});
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        long iova = 0x8000_0000L;
        while (rig.faults().stream().noneMatch(fault -> fault.iova() >= 0x8000_0000L)) {
            assertThat(System.nanoTime()).as("no fault is reported any more").isLessThan(deadline);
            assertThat(client.read(iova)).isEqualTo(Client.ABORTED);
            iova += Sizes.KIB_4;
            Rig.pause();
        }
        space.map(0x5000, rig.page(), Sizes.KIB_4, Space.RW);
        assertThat(client.write(0x5000, 1)).as("translation goes on").isTrue();
    }
}
