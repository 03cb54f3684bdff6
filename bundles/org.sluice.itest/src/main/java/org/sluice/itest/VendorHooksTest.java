package org.sluice.itest;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleException;
import org.osgi.framework.FrameworkUtil;
import org.osgi.framework.InvalidSyntaxException;
import org.osgi.framework.ServiceReference;
import org.osgi.framework.ServiceRegistration;
import org.sluice.api.AddressSpace;
import org.sluice.api.Domain;
import org.sluice.api.DomainRequest;
import org.sluice.api.DomainType;
import org.sluice.api.Iommu;
import org.sluice.api.IommuDevice;
import org.sluice.api.Prot;
import org.sluice.api.UnitStatus;
import org.sluice.smmuv2.testkit.board.Smmuv2Board;
import org.sluice.spi.board.Board;
import org.sluice.spi.board.Dma;
import org.sluice.spi.board.IommuModelFactory;
import org.sluice.spi.memory.MemoryFactory;
import org.sluice.spi.memory.MemoryRegion;

/** A vendor's plug-in that is stopped and started while devices of an MMU-500 read what software maps and unmaps. */
class VendorHooksTest {
    private static final long RAM = 0x4000_0000L;
    private static final long IOVA = 0x10_0000;
    private static final int SWAPS = 10;
    private static final int RW = Prot.READ | Prot.WRITE | Prot.CACHE;
    private static final String PLUG_IN = "org.sluice.vendor.arm";
    private static final String HOOKS =
            "Arm MMU-500 errata 841119, 826419: compatible is arm,mmu-500, major revision 2";

    private final Iommu iommu = Container.service(Iommu.class);

    private static Smmuv2Board board() throws Exception {
        String filter = "(" + IommuModelFactory.COMPATIBLE + "=arm,mmu-500)";
        Container.await("a model of MMU-500", () -> !references(filter).isEmpty());
        return new Smmuv2Board(
                "hooked",
                "arm,mmu-500",
                Map.of("profile", "mmu-500"),
                List.of(1, 2),
                Container.service(MemoryFactory.class),
                new MemoryRegion(RAM, 0x1000_0000L),
                new MemoryRegion(RAM + 0x800_0000L, 0x800_0000L),
                Container.CONTEXT.getService(references(filter).get(0)));
    }

    private static List<ServiceReference<IommuModelFactory>> references(String filter) {
        try {
            return List.copyOf(Container.CONTEXT.getServiceReferences(IommuModelFactory.class, filter));
        } catch (InvalidSyntaxException e) {
            throw new AssertionError(e);
        }
    }

    private UnitStatus status() {
        return iommu.status().stream()
                .filter(unit -> unit.name().equals("hooked-smmu"))
                .findFirst()
                .orElse(null);
    }

    @Test
    void statusNamesThePlugInWhileItIsThereAndNoDmaNoticesThatItComesAndGoes() throws Exception {
        try (Smmuv2Board board = board()) {
            ServiceRegistration<Board> powered = Container.CONTEXT.registerService(
                    Board.class, board, FrameworkUtil.asDictionary(Map.of(Board.NAME, board.name())));
            try {
                Container.await(
                        "the MMU-500 runs", () -> status() != null && status().state() == UnitStatus.State.RUNNING);
                assertThat(status().hooks()).containsExactly(HOOKS);
                underLoad(board);
            } finally {
                powered.unregister();
                Container.await("the board is off", () -> status() == null);
            }
        }
    }

    private void underLoad(Smmuv2Board board) throws Exception {
        IommuDevice device = iommu.device("hooked-dev1").orElseThrow();
        try (Domain domain = iommu.allocDomain(device, DomainRequest.of(DomainType.UNMANAGED))) {
            domain.attach(device);
            AtomicBoolean over = new AtomicBoolean();
            AtomicReference<Throwable> failed = new AtomicReference<>();
            Thread load = new Thread(() -> load(board, domain.space(), over), "load");
            load.setUncaughtExceptionHandler((thread, cause) -> failed.set(cause));
            load.start();
            try {
                stopAndStart(Container.bundle(PLUG_IN));
            } finally {
                over.set(true);
                load.join();
            }
            assertThat(failed).hasNullValue();
            domain.detach(device);
        }
    }

    private void stopAndStart(Bundle plugIn) throws BundleException {
        for (int round = 0; round < SWAPS; round++) {
            plugIn.stop();
            try {
                assertThat(status().hooks()).isEmpty();
                assertThat(status().state()).isEqualTo(UnitStatus.State.RUNNING);
            } finally {
                plugIn.start();
            }
            Container.await("the hooks are back", () -> status().hooks().equals(List.of(HOOKS)));
        }
    }

    /** Each page is mapped, read, moved: what is read is what is mapped, and prefetching stays off without its plug-in too. */
    private static void load(Smmuv2Board board, AddressSpace space, AtomicBoolean over) {
        Dma dma = board.endpoints().get(0).dma();
        byte[] data = new byte[1];
        for (int round = 0; !over.get() || round < 100; round++) {
            long first = RAM + 0x1000L * (2 * (round & 63));
            for (int page = 0; page < 2; page++) {
                board.memory().write32(first + 0x1000 * page, (round & 63) + page);
            }
            space.map(IOVA, first, 0x2000, RW);
            for (int page = 0; page < 2; page++) {
                assertThat(dma.read(Dma.NO_PASID, IOVA + 0x1000 * page, data, 0, 1, 0))
                        .isEqualTo(Dma.OK);
                assertThat(data[0]).as("round %d", round).isEqualTo((byte) ((round & 63) + page));
            }
            assertThat(space.unmap(IOVA, 0x2000)).isEqualTo(0x2000);
        }
    }
}
