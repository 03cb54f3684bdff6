package org.sluice.itest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.sluice.api.ActivationKind;
import org.sluice.api.AddressSpace;
import org.sluice.api.ClientTable;
import org.sluice.api.Domain;
import org.sluice.api.DomainRequest;
import org.sluice.api.DomainType;
import org.sluice.api.IoMm;
import org.sluice.api.Prot;
import org.sluice.api.ProviderMissingException;
import org.sluice.api.SvaParameters;
import org.sluice.api.UnitStatus;
import org.sluice.spi.board.Dma;
import org.sluice.spi.driver.MmAllocator;
import org.sluice.spi.memory.PhysicalMemory;
import org.sluice.spi.pgtable.PageTableFormat;

/** What plug-ins add while they are there, and what the platform says and keeps while they are not. */
class PlugInsTest {
    private static final long IOVA = 0x10_0000;
    private static final int RW = Prot.READ | Prot.WRITE | Prot.CACHE;

    @Test
    void gpuGetsTablesThatItSwitchesItself() throws Exception {
        try (Machine machine = Machine.powerOn("msm");
                Domain domain = machine.domain(Machine.GPU)) {
            machine.device(Machine.GPU).initSva(SvaParameters.any());
            IoMm one = domain.allocPasid(machine.device(Machine.GPU));
            IoMm two = domain.allocPasid(machine.device(Machine.GPU));
            one.map(IOVA, Machine.RAM + 0x1000, 0x1000, RW);
            two.map(IOVA, Machine.RAM + 0x2000, 0x1000, RW);

            ClientTable first = one.clientTable().orElseThrow();
            ClientTable second = two.clientTable().orElseThrow();
            assertThat(one.activation()).isEqualTo(ActivationKind.CLIENT_SWITCHED);
            assertThat(first.root()).isNotEqualTo(second.root());
            assertThat(first.asid()).isNotEqualTo(second.asid());
            assertThat(first.contextIdr()).isNotEqualTo(second.contextIdr());
            assertThat(first.ttbr0() >>> 48).isEqualTo(first.asid());
            assertThat(walk(machine.memory(), first.root())).isEqualTo(Machine.RAM + 0x1000);
            assertThat(walk(machine.memory(), second.root())).isEqualTo(Machine.RAM + 0x2000);
        }
    }

    @Test
    void stoppingTheMsmPlugInTakesItsOfferAwayAndStartingItHeals() throws Exception {
        assertThat(Container.offers(MmAllocator.class)).isTrue();
        try (Machine machine = Machine.powerOn("msm-less");
                Domain domain = machine.domain(Machine.GPU)) {
            machine.device(Machine.GPU).initSva(SvaParameters.any());
            Container.without("org.sluice.vendor.msm", () -> {
                assertThat(Container.offers(MmAllocator.class)).isFalse();
                IoMm plain = domain.allocPasid(machine.device(Machine.GPU));
                assertThat(plain.activation()).isEqualTo(ActivationKind.TABLE);
                domain.freePasid(plain);
            });
            Container.await("MSM is offered again", () -> Container.offers(MmAllocator.class));
            IoMm switched = domain.allocPasid(machine.device(Machine.GPU));
            assertThat(switched.activation()).isEqualTo(ActivationKind.CLIENT_SWITCHED);
        }
    }

    @Test
    void withoutItsFormatASpaceKeepsTranslatingAndSaysWhatIsMissing() throws Exception {
        byte[] data = {1, 2, 3, 4};
        byte[] seen = new byte[data.length];
        try (Machine machine = Machine.powerOn("format-less");
                Domain domain = machine.domain(Machine.DISK)) {
            AddressSpace space = domain.space();
            Dma dma = machine.endpoint(Machine.DISK).dma();
            space.map(IOVA, Machine.RAM + 0x5000, 0x1000, RW);
            machine.memory().write(Machine.RAM + 0x5000, data, 0, data.length);

            Container.without("org.sluice.pgtable.arm", () -> {
                assertThat(Container.offers(PageTableFormat.class, "(sluice.pgtable.format=ARM_64_LPAE_S1)"))
                        .isFalse();
                assertThat(dma.read(Dma.NO_PASID, IOVA, seen, 0, seen.length, 0))
                        .isEqualTo(Dma.OK);
                assertThat(seen).isEqualTo(data);
                assertThatThrownBy(() -> machine.iommu()
                                .allocDomain(machine.device(Machine.DISK), DomainRequest.of(DomainType.UNMANAGED)))
                        .isInstanceOf(ProviderMissingException.class)
                        .hasMessageContaining("ARM_64_LPAE_S1");
                assertThatThrownBy(() -> space.map(IOVA + 0x1000, Machine.RAM, 0x1000, RW))
                        .isInstanceOf(ProviderMissingException.class)
                        .hasMessageContaining("ARM_64_LPAE_S1");
            });

            Container.await("a map succeeds again", () -> maps(space, IOVA + 0x1000));
            assertThat(space.iovaToPhys(IOVA)).isEqualTo(Machine.RAM + 0x5000);
            assertThat(space.unmap(IOVA, 0x1000)).isEqualTo(0x1000);
            assertThat(dma.read(Dma.NO_PASID, IOVA, seen, 0, seen.length, 0)).isEqualTo(Dma.ABORT);
        }
    }

    @Test
    void withoutItsDriverAnIommuIsHeldAndHealed() throws Exception {
        byte[] seen = new byte[8];
        try (Machine machine = Machine.powerOn("driver-less");
                Domain domain = machine.domain(Machine.DISK)) {
            Dma dma = machine.endpoint(Machine.DISK).dma();
            domain.space().map(IOVA, Machine.RAM, 0x1000, RW);
            Container.without("org.sluice.smmuv3.driver", () -> {
                assertThat(machine.status()).isEqualTo(UnitStatus.State.HELD);
                assertThat(machine.iommu().status().toString()).contains("org.sluice.smmuv3.driver");
                assertThat(dma.read(Dma.NO_PASID, IOVA, seen, 0, seen.length, 0))
                        .isEqualTo(Dma.OK);
            });
            Container.await("the IOMMU runs again", () -> machine.status() == UnitStatus.State.RUNNING);
            assertThat(domain.space().unmap(IOVA, 0x1000)).isEqualTo(0x1000);
            assertThat(dma.read(Dma.NO_PASID, IOVA, seen, 0, seen.length, 0)).isEqualTo(Dma.ABORT);
        }
    }

    private static boolean maps(AddressSpace space, long iova) {
        try {
            space.map(iova, Machine.RAM, 0x1000, RW);
            return true;
        } catch (ProviderMissingException e) {
            return false;
        }
    }

    /** What a GPU does with a root: four levels of 4 KiB tables, as the architecture has them. */
    private static long walk(PhysicalMemory memory, long root) {
        long table = root;
        for (int shift = 39; shift > 12; shift -= 9) {
            long descriptor = memory.read64(table + (IOVA >>> shift & 511) * 8);
            assertThat(descriptor & 3).as("table descriptor 0x%x", descriptor).isEqualTo(3);
            table = descriptor & 0xffff_ffff_f000L;
        }
        long leaf = memory.read64(table + (IOVA >>> 12 & 511) * 8);
        assertThat(leaf & 3).as("page descriptor 0x%x", leaf).isEqualTo(3);
        return leaf & 0xffff_ffff_f000L;
    }
}
