package org.sluice.core.dma;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.sluice.api.ReservedRegion.Type.DIRECT;
import static org.sluice.api.ReservedRegion.Type.DIRECT_RELAXABLE;
import static org.sluice.api.ReservedRegion.Type.MSI;
import static org.sluice.api.ReservedRegion.Type.RESERVED;
import static org.sluice.api.ReservedRegion.Type.SW_MSI;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.sluice.api.DmaDirection;
import org.sluice.api.DmaLimits;
import org.sluice.api.DmaMapper;
import org.sluice.api.Domain;
import org.sluice.api.DomainType;
import org.sluice.api.Prot;
import org.sluice.api.ReservedRegion;
import org.sluice.core.TestMachine;
import org.sluice.core.unit.DmaDoor;
import org.sluice.spi.board.DmaProperties;

@Timeout(120)
class ReservedRegionsTest {
    private static final int RW = Prot.READ | Prot.WRITE;
    private static final ReservedRegion WINDOW =
            new ReservedRegion(0x800_0000, 0x10_0000, Prot.WRITE | Prot.NOEXEC | Prot.MMIO, SW_MSI);

    private TestMachine machine;

    private TestMachine machine(ReservedRegion... ofBoard) {
        machine = TestMachine.withRealTables(it -> {
            it.board.dma("nic", new DmaProperties(true, false, DmaLimits.NONE, List.of(ofBoard)));
            it.board.dma("left", new DmaProperties(true, false, DmaLimits.NONE, List.of(ofBoard)));
            it.board.dma(
                    "right",
                    new DmaProperties(
                            true, false, DmaLimits.NONE, List.of(new ReservedRegion(0x1000, 0x1000, 0, RESERVED))));
            it.driver.reserved = List.of(WINDOW);
        });
        return machine;
    }

    @AfterEach
    void stop() {
        if (machine != null) {
            machine.close();
        }
    }

    private static List<String> lines(List<ReservedRegion> regions) {
        return regions.stream().map(ReservedRegion::line).toList();
    }

    @Test
    void aLineIsPrintedAsLinuxDoes() {
        assertThat(WINDOW.line()).isEqualTo("0x0000000008000000 0x00000000080fffff msi");
        assertThat(new ReservedRegion(0xfee0_0000L, 0x10_0000, 0, MSI).line())
                .isEqualTo("0x00000000fee00000 0x00000000feefffff msi");
        assertThat(new ReservedRegion(-4096, 4096, 0, DIRECT_RELAXABLE).line())
                .isEqualTo("0xfffffffffffff000 0xffffffffffffffff direct-relaxable");
        assertThat(new ReservedRegion(0, 1, RW, DIRECT).line()).endsWith(" direct");
        assertThat(new ReservedRegion(0, 1, 0, RESERVED).line()).endsWith(" reserved");
    }

    @Test
    void emptyAndWrappingRegionsAreRefused() {
        assertThatThrownBy(() -> new ReservedRegion(0x1000, 0, 0, RESERVED)).hasMessageContaining("0x0 bytes");
        assertThatThrownBy(() -> new ReservedRegion(-4096, 8192, 0, RESERVED)).hasMessageContaining("end below 2^64");
    }

    @Test
    void regionsOfOneTypeThatOverlapOrTouchAreMergedAndAllAreSorted() {
        List<ReservedRegion> merged = ReservedRegions.merged(List.of(
                new ReservedRegion(0x9000, 0x1000, 0, RESERVED),
                new ReservedRegion(0x5000, 0x1000, Prot.READ, DIRECT),
                new ReservedRegion(0x2000, 0x3000, 0, RESERVED),
                new ReservedRegion(0x3000, 0x4000, 0, RESERVED),
                new ReservedRegion(0x7000, 0x1000, 0, RESERVED),
                new ReservedRegion(0x5800, 0x1000, Prot.WRITE, DIRECT),
                new ReservedRegion(-8192, 8192, 0, MSI),
                new ReservedRegion(-4096, 4096, 0, MSI)));
        assertThat(lines(merged))
                .containsExactly(
                        "0x0000000000002000 0x0000000000007fff reserved",
                        "0x0000000000005000 0x00000000000067ff direct",
                        "0x0000000000009000 0x0000000000009fff reserved",
                        "0xffffffffffffe000 0xffffffffffffffff msi");
        assertThat(merged.get(1).prot()).isEqualTo(RW);
    }

    @Test
    void aGroupListsWhatBoardAndDriverSayOfAllItsMembers() {
        machine(new ReservedRegion(0x8000_0000L, 0x2000, RW, DIRECT));
        assertThat(lines(machine.device("left").group().reservedRegions()))
                .containsExactly(
                        "0x0000000000001000 0x0000000000001fff reserved",
                        "0x0000000008000000 0x00000000080fffff msi",
                        "0x0000000080000000 0x0000000080001fff direct");
        machine.removeDriver();
        assertThat(lines(machine.device("nic").group().reservedRegions()))
                .containsExactly("0x0000000080000000 0x0000000080001fff direct");
    }

    @Test
    void directRegionsAreMappedOneToOneBeforeTheDeviceIsAttached() {
        machine(
                new ReservedRegion(0x800_0000, 0x3000, RW, DIRECT),
                new ReservedRegion(0x900_0800, 0x1000, Prot.READ, DIRECT_RELAXABLE),
                new ReservedRegion(0xa00_0000, 0x1000, 0, RESERVED));
        Domain domain = machine.domain(DomainType.DMA);
        domain.attach(machine.device("nic"));
        assertThat(machine.hardware.dma(TestMachine.NIC, -1, 0x800_2fff)).isEqualTo(0x800_2fff);
        assertThat(domain.space().iovaToPhys(0x800_3000)).isZero();
        assertThat(domain.space().iovaToPhys(0x900_0800)).isEqualTo(0x900_0800); // every page that it touches
        assertThat(domain.space().iovaToPhys(0x900_1000)).isEqualTo(0x900_1000);
        assertThat(domain.space().iovaToPhys(0xa00_0000)).isZero();
        List<Integer> prots = new ArrayList<>();
        domain.space().walk(0x900_0000, 0x900_0fff, (iova, paddr, size, descriptor, prot) -> prots.add(prot));
        assertThat(prots).containsExactly(Prot.READ);
        domain.attach(machine.device("disk"));
        machine.device("nic").group().defaultDomain();
        domain.detach(machine.device("nic"));
        domain.attach(machine.device("nic")); // the pages are there already
        assertThat(machine.hardware.dma(TestMachine.NIC, -1, 0x800_0000)).isEqualTo(0x800_0000);
    }

    @Test
    void clientsOfAnUnmanagedDomainMapDirectRegionsThemselves() {
        machine(new ReservedRegion(0x800_0000, 0x3000, RW, DIRECT));
        Domain domain = machine.attached("nic");
        assertThat(domain.space().iovaToPhys(0x800_0000)).isZero();
        domain.space().map(0x800_0000, 0x9_0000_0000L, 0x1000, RW);
    }

    @Test
    void reservedIovasAreNeverHandedOut() {
        machine(
                new ReservedRegion(0xf0_0000, 0x10_0000, 0, RESERVED),
                new ReservedRegion(0x80_0000, 0x1000, RW, DIRECT));
        Domain domain = machine.domain(DomainType.DMA);
        domain.attach(machine.device("nic"));
        DmaMapper dma = machine.device("nic").dma();
        dma.setLimits(DmaLimits.NONE.withAddressBits(28));
        List<Long> all = new ArrayList<>();
        long bytes = 0;
        for (long size = 0x400_0000; size >= 0x1000; size /= 2) {
            for (boolean room = true; room; ) {
                try {
                    all.add(dma.map(0x9_0000_0000L, size, DmaDirection.TO_DEVICE));
                    bytes += size;
                } catch (org.sluice.api.IommuException full) {
                    assertThat(full).hasMessageStartingWith("ENOSPC");
                    room = false;
                }
            }
        }
        // Everything below 256 MiB but page 0, the two regions and the driver's window.
        assertThat(bytes).isEqualTo(0x1000_0000L - 0x1000 - 0x10_0000 - 0x1000 - 0x10_0000);
        assertThat(DmaDoor.of(domain).iovas().reservedBytes()).isEqualTo(0x20_1000);
    }

    @Test
    void aRegionWhereSomethingIsMappedKeepsTheDeviceOut() {
        machine(new ReservedRegion(0x7f_ffff_f000L, 0x1000, RW, DIRECT));
        Domain domain = machine.domain(DomainType.DMA);
        domain.attach(machine.device("disk"));
        machine.device("disk").dma().map(0x9_0000_0000L, 0x1000, DmaDirection.TO_DEVICE);
        assertThatThrownBy(() -> domain.attach(machine.device("nic")))
                .hasMessageStartingWith("EBUSY")
                .hasMessageContaining("nic needs [0x7ffffff000, 0x7fffffffff]");
        assertThat(domain.devices()).containsExactly(machine.device("disk"));
    }
}
