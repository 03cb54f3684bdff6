package org.sluice.itest;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.sluice.api.Domain;
import org.sluice.api.DomainRequest;
import org.sluice.api.DomainType;
import org.sluice.api.Iommu;
import org.sluice.api.IommuDevice;
import org.sluice.api.Prot;
import org.sluice.api.UnitStatus;
import org.sluice.spi.board.Dma;

/** One domain for devices behind two SMMUs, while the driver's bundle goes and comes. */
class TwinSmmuTest {
    private static final long IOVA = 0x10_0000;
    private static final int RW = Prot.READ | Prot.WRITE | Prot.CACHE;

    private final Iommu iommu = Container.service(Iommu.class);
    private final AtomicBoolean stop = new AtomicBoolean();
    private final AtomicLong aborted = new AtomicLong();

    private boolean bothAre(UnitStatus.State state) {
        return iommu.status().stream()
                        .filter(unit -> unit.name().endsWith("t-smmu") && unit.state() == state)
                        .count()
                == 2;
    }

    private IommuDevice device(String name) {
        return iommu.device(name).orElseThrow();
    }

    private static boolean reaches(Dma dma) {
        return dma.read(Dma.NO_PASID, IOVA, new byte[8], 0, 8, 0) == Dma.OK;
    }

    private Thread keepReading(Dma dma, AtomicLong done) {
        Thread thread = new Thread(() -> {
            while (!stop.get()) {
                if (reaches(dma)) {
                    done.incrementAndGet();
                } else {
                    aborted.incrementAndGet();
                }
            }
        });
        thread.start();
        return thread;
    }

    @Test
    void bothDevicesGoOnWhileTheDriverIsExchangedAndNeitherAfterTheUnmap() throws Exception {
        try (TwinBoard board = TwinBoard.powerOn()) {
            Container.await("both SMMUs run", () -> bothAre(UnitStatus.State.RUNNING));
            Domain domain = iommu.allocDomain(device("left"), DomainRequest.of(DomainType.UNMANAGED));
            domain.attach(device("left"));
            domain.attach(device("right"));
            domain.space().map(IOVA, Machine.RAM, 0x1000, RW);
            List<AtomicLong> done = List.of(new AtomicLong(), new AtomicLong());
            List<Thread> devices =
                    List.of(keepReading(board.dma("left"), done.get(0)), keepReading(board.dma("right"), done.get(1)));
            try {
                Container.without("org.sluice.smmuv3.driver", () -> {
                    assertThat(bothAre(UnitStatus.State.HELD)).isTrue();
                    List<Long> before = done.stream().map(AtomicLong::get).toList();
                    Container.await(
                            "DMA of both goes on",
                            () -> done.get(0).get() > before.get(0)
                                    && done.get(1).get() > before.get(1));
                });
                Container.await("both SMMUs run again", () -> bothAre(UnitStatus.State.RUNNING));
            } finally {
                stop.set(true);
                for (Thread thread : devices) {
                    thread.join();
                }
            }
            assertThat(aborted).hasValue(0);
            assertThat(domain.space().unmap(IOVA, 0x1000)).isEqualTo(0x1000);
            assertThat(reaches(board.dma("left"))).isFalse();
            assertThat(reaches(board.dma("right"))).isFalse();
            domain.close();
        }
    }
}
