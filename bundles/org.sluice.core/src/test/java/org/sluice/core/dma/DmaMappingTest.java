package org.sluice.core.dma;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.sluice.api.DmaBuffer;
import org.sluice.api.DmaDirection;
import org.sluice.api.DmaLimits;
import org.sluice.api.DmaMapper;
import org.sluice.api.DmaMapping;
import org.sluice.api.Domain;
import org.sluice.api.DomainRequest;
import org.sluice.api.DomainType;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.api.Prot;
import org.sluice.api.ScatterList;
import org.sluice.core.TestMachine;
import org.sluice.core.unit.DmaDoor;
import org.sluice.spi.board.DmaProperties;

/** Streaming and coherent DMA mappings of a trusted device, over real tables. */
@Timeout(120)
class DmaMappingTest {
    private static final long BUFFER = 0x9_0000_0000L;
    private static final int PRIVILEGED = DmaMapper.PRIVILEGED;

    private final TestMachine machine = TestMachine.withRealTables(
            it -> it.board.dma("old", new DmaProperties(false, false, DmaLimits.NONE, List.of())));
    private final DmaMapper dma = machine.device("nic").dma();

    @AfterEach
    void stop() {
        machine.close();
    }

    private Domain attach(DomainType type) {
        Domain domain = machine.domain(type);
        domain.attach(machine.device("nic"));
        return domain;
    }

    private long reach(long address) {
        return machine.hardware.dma(TestMachine.NIC, -1, address);
    }

    @ParameterizedTest
    @EnumSource(
            value = DomainType.class,
            names = {"DMA", "DMA_FQ"})
    void theDeviceReachesABufferOfAnyAlignmentAtTheAddressItIsTold(DomainType type) {
        attach(type);
        long address = dma.map(BUFFER + 0x123, 0x2000, DmaDirection.BIDIRECTIONAL);
        assertThat(address & 0xfff).isEqualTo(0x123);
        assertThat(reach(address)).isEqualTo(BUFFER + 0x123);
        assertThat(reach(address + 0x1fff)).isEqualTo(BUFFER + 0x2122);
        dma.unmap(address, 0x2000, DmaDirection.BIDIRECTIONAL);
    }

    @Test
    void afterAStrictUnmapNothingOfABufferIsReached() {
        Domain domain = attach(DomainType.DMA);
        long address = dma.map(BUFFER, 0x4000, DmaDirection.BIDIRECTIONAL);
        reach(address);
        reach(address + 0x3000);
        dma.unmap(address, 0x4000, DmaDirection.BIDIRECTIONAL);
        assertThat(reach(address)).isZero();
        assertThat(reach(address + 0x3000)).isZero();
        assertThat(DmaDoor.of(domain).iovas().flushCaches(Long.MAX_VALUE / 4)).isTrue();
        assertThat(DmaDoor.of(domain).iovas().takenBytes()).isZero();
    }

    @ParameterizedTest
    @CsvSource({
        "nic, BIDIRECTIONAL, 0, READ|WRITE|CACHE",
        "nic, TO_DEVICE, 0, READ|CACHE",
        "nic, TO_DEVICE, 1, READ|CACHE|PRIV",
        "nic, BIDIRECTIONAL, 2, READ|WRITE|MMIO",
        "old, BIDIRECTIONAL, 0, READ|WRITE",
        "old, TO_DEVICE, 0, READ",
    })
    void directionCoherenceAndAttributesBecomeProtection(
            String device, DmaDirection direction, int attributes, String prot) {
        Domain domain = machine.platform.allocDomain(machine.device(device), DomainRequest.of(DomainType.DMA));
        domain.attach(machine.device(device));
        long address = machine.device(device).dma().map(BUFFER, 0x1000, direction, attributes);
        List<Integer> prots = new ArrayList<>();
        domain.space().walk(address, address, (iova, paddr, size, descriptor, granted) -> prots.add(granted));
        assertThat(prots.stream().map(Prot::toString)).containsExactly(prot);
    }

    @Test
    void deviceWritesOnlyMeansWriteAsFarAsTheFormatCanSayThat() {
        assertThat(DmaDirection.FROM_DEVICE.prot()).isEqualTo(Prot.WRITE);
        Domain domain = attach(DomainType.DMA);
        long address = dma.map(BUFFER, 0x1000, DmaDirection.FROM_DEVICE);
        List<Integer> prots = new ArrayList<>();
        domain.space().walk(address, address, (iova, paddr, size, descriptor, granted) -> prots.add(granted));
        assertThat(prots).allMatch(prot -> (prot & Prot.WRITE) != 0);
    }

    @Test
    void addressesStayWithinWhatTheDeviceCanSend() {
        attach(DomainType.DMA);
        dma.setLimits(DmaLimits.NONE.withAddressBits(24));
        long address = dma.map(BUFFER, 0x1000, DmaDirection.TO_DEVICE);
        assertThat(address).isEqualTo(0xff_f000L);
        IommuException full =
                catchThrowableOfType(IommuException.class, () -> dma.map(BUFFER, 0x100_0000, DmaDirection.TO_DEVICE));
        assertThat(full.errno()).isEqualTo(Errno.ENOSPC);
        assertThat(full).hasMessageContaining("0x1000000 bytes of nic").hasMessageContaining("up to 0xffffff");
    }

    @Test
    void below4GIsUsedFirstUntilItIsFullAndThenNoMore() {
        attach(DomainType.DMA);
        dma.setLimits(DmaLimits.NONE.withAddressBits(39).withBelow4GFirst());
        long first = dma.map(0, 0x8000_0000L, DmaDirection.TO_DEVICE);
        assertThat(first).isEqualTo(0x8000_0000L);
        long second = dma.map(0, 0x8000_0000L, DmaDirection.TO_DEVICE);
        assertThat(second).isGreaterThan(0xffff_ffffL);
        dma.unmap(first, 0x8000_0000L, DmaDirection.TO_DEVICE);
        assertThat(dma.map(BUFFER, 0x1000, DmaDirection.TO_DEVICE)).isGreaterThan(0xffff_ffffL);
    }

    @Test
    void whatCachesKeepIsFoundBeforeACallerIsTurnedAway() {
        attach(DomainType.DMA);
        dma.setLimits(DmaLimits.NONE.withAddressBits(20));
        List<Long> all = new ArrayList<>();
        for (int i = 0; i < 255; i++) {
            all.add(dma.map(BUFFER, 0x1000, DmaDirection.TO_DEVICE));
        }
        assertThatThrownBy(() -> dma.map(BUFFER, 0x1000, DmaDirection.TO_DEVICE))
                .hasMessageStartingWith("ENOSPC");
        all.forEach(address -> dma.unmap(address, 0x1000, DmaDirection.TO_DEVICE));
        assertThat(dma.map(BUFFER, 0x8_0000, DmaDirection.TO_DEVICE)).isEqualTo(0x8_0000L);
    }

    @Test
    void unmapOfWhatIsNotMappedIsNamedAndTheIovaStaysTaken() {
        Domain domain = attach(DomainType.DMA);
        long address = dma.map(BUFFER, 0x1000, DmaDirection.TO_DEVICE);
        assertThatThrownBy(() -> dma.unmap(address, 0x3000, DmaDirection.TO_DEVICE))
                .hasMessageStartingWith("EINVAL")
                .hasMessageContaining("0x3000 bytes")
                .hasMessageContaining("only 0x1000 were mapped");
        assertThatThrownBy(() -> dma.unmap(0x5000, 0x1000, DmaDirection.TO_DEVICE))
                .hasMessageContaining("only 0x0 were mapped");
        assertThat(DmaDoor.of(domain).iovas().takenBytes()).isEqualTo(0x1000);
    }

    @Test
    void argumentsAreChecked() {
        attach(DomainType.DMA);
        assertThatThrownBy(() -> dma.map(BUFFER, 0, DmaDirection.TO_DEVICE)).hasMessageContaining("size 0x0");
        assertThatThrownBy(() -> dma.map(-4096, 8192, DmaDirection.TO_DEVICE)).hasMessageContaining("end below 2^64");
        assertThatThrownBy(() -> dma.map(BUFFER, 4096, DmaDirection.TO_DEVICE, 8))
                .hasMessageContaining("attributes are 0x8");
        assertThatThrownBy(() -> dma.unmap(BUFFER, 4096, DmaDirection.TO_DEVICE, PRIVILEGED))
                .hasMessageContaining("attributes are 0x1");
        assertThatThrownBy(() -> dma.map(1L << 50, 4096, DmaDirection.TO_DEVICE))
                .hasMessageStartingWith("ERANGE");
        assertThatThrownBy(() -> DmaLimits.NONE.withAddressBits(65)).hasMessageContaining("65");
        assertThatThrownBy(() -> DmaLimits.NONE.withSegments(0, 0)).hasMessageContaining("maxSegment is 0");
        assertThatThrownBy(() -> DmaLimits.NONE.withSegments(1, 5000)).hasMessageContaining("0x1388");
    }

    @Test
    void aMapThatFailsTakesNoIova() {
        Domain domain = attach(DomainType.DMA);
        for (int i = 0; i < 50; i++) {
            assertThatThrownBy(() -> dma.map(1L << 50, 4096, DmaDirection.TO_DEVICE))
                    .hasMessageStartingWith("ERANGE");
        }
        DmaDoor.of(domain).iovas().flushCaches(Long.MAX_VALUE / 4);
        assertThat(DmaDoor.of(domain).iovas().takenBytes()).isZero();
    }

    @Test
    void inAnIdentityDomainTheDmaAddressIsThePhysicalOne() {
        attach(DomainType.IDENTITY);
        assertThat(dma.map(0x1234, 100, DmaDirection.TO_DEVICE)).isEqualTo(0x1234);
        dma.unmap(0x1234, 100, DmaDirection.TO_DEVICE);
        dma.setLimits(DmaLimits.NONE.withAddressBits(32));
        assertThatThrownBy(() -> dma.map(BUFFER, 4096, DmaDirection.TO_DEVICE))
                .hasMessageStartingWith("ERANGE")
                .hasMessageContaining("up to 0xffffffff");
        ScatterList out = new ScatterList();
        assertThat(dma.mapSg(new ScatterList().add(0x1000, 10).add(0x5000, 20), DmaDirection.TO_DEVICE, 0, out))
                .isEqualTo(2);
        assertThat(out.address(1)).isEqualTo(0x5000);
        dma.unmapSg(out, DmaDirection.TO_DEVICE, 0);
        try (DmaBuffer buffer = dma.allocate(100)) {
            assertThat(buffer.address()).isEqualTo(buffer.physicalAddress());
        }
    }

    @Test
    void otherDomainsAreTheirOwners() {
        assertThatThrownBy(() -> dma.map(BUFFER, 4096, DmaDirection.TO_DEVICE))
                .hasMessageStartingWith("EINVAL")
                .hasMessageContaining("BLOCKED");
        attach(DomainType.UNMANAGED);
        assertThatThrownBy(() -> dma.map(BUFFER, 4096, DmaDirection.TO_DEVICE)).hasMessageContaining("UNMANAGED");
    }

    @Test
    void scatterListsAreMergedWhereTheyMeetAtPages() {
        attach(DomainType.DMA);
        ScatterList segments = new ScatterList()
                .add(BUFFER + 0x800, 0x800) // ends at a page
                .add(BUFFER + 0x10000, 0x1800) // begins at one: merged
                .add(BUFFER + 0x20000, 0x1000) // the one before did not end at one
                .add(BUFFER + 0x30100, 0x100); // does not begin at one
        ScatterList out = new ScatterList();
        assertThat(dma.mapSg(segments, DmaDirection.TO_DEVICE, 0, out)).isEqualTo(3);
        assertThat(out.length(0)).isEqualTo(0x2000);
        assertThat(out.length(1)).isEqualTo(0x1000);
        assertThat(out.length(2)).isEqualTo(0x100);
        assertThat(reach(out.address(0))).isEqualTo(BUFFER + 0x800);
        assertThat(reach(out.address(0) + 0x800)).isEqualTo(BUFFER + 0x10000);
        assertThat(reach(out.address(0) + 0x1fff)).isEqualTo(BUFFER + 0x117ff);
        assertThat(reach(out.address(1))).isEqualTo(BUFFER + 0x20000);
        assertThat(reach(out.address(2))).isEqualTo(BUFFER + 0x30100);
        dma.unmapSg(out, DmaDirection.TO_DEVICE, 0);
        assertThat(reach(out.address(0))).isZero();
        assertThat(reach(out.address(2))).isZero();
    }

    @Test
    void segmentsObeyTheDevicesLengthAndBoundary() {
        Domain domain = attach(DomainType.DMA);
        dma.setLimits(DmaLimits.NONE.withSegments(0x3000, 0x4000));
        ScatterList segments = new ScatterList();
        for (int i = 0; i < 9; i++) {
            segments.add(BUFFER + i * 0x10000L, i == 4 ? 0x2000 : 0x1000);
        }
        ScatterList out = new ScatterList();
        dma.mapSg(segments, DmaDirection.TO_DEVICE, 0, out);
        long total = 0;
        for (int i = 0; i < out.size(); i++) {
            assertThat(out.length(i)).isLessThanOrEqualTo(0x3000);
            assertThat(out.address(i) / 0x4000).isEqualTo((out.address(i) + out.length(i) - 1) / 0x4000);
            total += out.length(i);
        }
        assertThat(total).isEqualTo(0xa000);
        int next = 0;
        for (int i = 0; i < out.size(); i++) {
            for (long at = 0; at < out.length(i); at += segments.length(next++)) {
                assertThat(reach(out.address(i) + at)).isEqualTo(segments.address(next));
            }
        }
        dma.unmapSg(out, DmaDirection.TO_DEVICE, 0);
        DmaDoor.of(domain).iovas().flushCaches(Long.MAX_VALUE / 4);
        assertThat(DmaDoor.of(domain).iovas().takenBytes()).isZero();
    }

    @Test
    void aScatterListThatFailsLeavesNothing() {
        Domain domain = attach(DomainType.DMA);
        ScatterList segments = new ScatterList()
                .add(BUFFER, 0x3000)
                .add(BUFFER + 0x10000, 0x1000)
                .add(1L << 50, 0x1000);
        ScatterList out = new ScatterList().add(1, 1);
        assertThatThrownBy(() -> dma.mapSg(segments, DmaDirection.TO_DEVICE, 0, out))
                .hasMessageStartingWith("ERANGE");
        assertThat(out.size()).isZero();
        List<Long> leaves = new ArrayList<>();
        domain.space().walk(0, domain.space().lastIova(), (iova, paddr, size, descriptor, prot) -> leaves.add(iova));
        assertThat(leaves).isEmpty();
        DmaDoor.of(domain).iovas().flushCaches(Long.MAX_VALUE / 4);
        assertThat(DmaDoor.of(domain).iovas().takenBytes()).isZero();
        assertThatThrownBy(() -> dma.mapSg(new ScatterList(), DmaDirection.TO_DEVICE, 0, out))
                .hasMessageContaining("empty");
    }

    @Test
    void coherentMemoryIsZeroMappedBothWaysAndFreedWithItsMapping() {
        Domain domain = attach(DomainType.DMA_FQ);
        long before = machine.board.allocator().allocatedBytes();
        DmaBuffer buffer = dma.allocate(5000);
        long paddr = buffer.physicalAddress();
        assertThat(buffer.size()).isEqualTo(5000);
        assertThat(buffer.direction()).isEqualTo(DmaDirection.BIDIRECTIONAL);
        assertThat(machine.board.memory().read64(paddr + 4096)).isZero();
        assertThat(reach(buffer.address() + 4999)).isEqualTo(paddr + 4999);
        assertThat(machine.board.allocator().isAllocated(paddr, 8192)).isTrue();
        buffer.close();
        assertThat(reach(buffer.address())).isZero();
        assertThat(machine.board.allocator().isAllocated(paddr, 8192)).isFalse();
        assertThat(machine.board.allocator().allocatedBytes() - before).isLessThanOrEqualTo(3 * 4096);
        assertThat(domain.space().iovaToPhys(paddr)).isZero();
    }

    @Test
    void aHandleUnmapsWhereItMappedEvenIfTheDeviceMovedOn() {
        Domain first = attach(DomainType.DMA);
        DmaMapping mapping = dma.open(BUFFER + 5, 100, DmaDirection.TO_DEVICE);
        attach(DomainType.DMA);
        DmaMapping other = dma.open(BUFFER + 5, 100, DmaDirection.TO_DEVICE);
        assertThat(first.space().iovaToPhys(mapping.address())).isEqualTo(BUFFER + 5);
        mapping.close();
        mapping.close();
        assertThat(first.space().iovaToPhys(mapping.address())).isZero();
        assertThat(reach(other.address())).isEqualTo(BUFFER + 5);
    }

    @Test
    void aHandleOutlivesItsDomain() {
        Domain domain = attach(DomainType.DMA);
        DmaMapping mapping = dma.open(BUFFER, 100, DmaDirection.TO_DEVICE);
        domain.close();
        mapping.close();
        assertThat(reach(mapping.address())).isZero();
    }
}
