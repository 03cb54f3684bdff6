package org.sluice.core.dma;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.sluice.api.Capability;
import org.sluice.api.DmaBuffer;
import org.sluice.api.DmaDirection;
import org.sluice.api.DmaLimits;
import org.sluice.api.DmaMapper;
import org.sluice.api.DmaMapping;
import org.sluice.api.Domain;
import org.sluice.api.DomainType;
import org.sluice.api.ScatterList;
import org.sluice.core.TestMachine;
import org.sluice.core.unit.DmaDoor;
import org.sluice.spi.board.DmaProperties;
import org.sluice.spi.memory.PhysicalMemory;

/** A device that may be hostile reads and writes what it was given and nothing beside it. */
@Timeout(120)
class UntrustedDeviceTest {
    private static final DmaDirection BOTH = DmaDirection.BIDIRECTIONAL;

    private final TestMachine machine = TestMachine.withRealTables(it -> {
        it.driver.capabilities = Set.of(Capability.DEFERRED_FLUSH);
        it.board.dma("nic", new DmaProperties(true, true, DmaLimits.NONE, List.of()));
    });
    private final PhysicalMemory memory = machine.board.memory();
    private final DmaMapper dma = machine.device("nic").dma();
    private Domain domain;
    private long page;

    @BeforeEach
    void attach() {
        domain = machine.domain(DomainType.DMA_FQ);
        domain.attach(machine.device("nic"));
        page = machine.board.allocator().allocate(0x10000, 4096);
        byte[] all = new byte[0x10000];
        new Random(1).nextBytes(all);
        memory.write(page, all, 0, all.length);
    }

    @AfterEach
    void stop() {
        assertThat(((DeviceDma) dma).bouncePages()).isZero();
        machine.close();
    }

    private byte[] bytes(long address, int length) {
        byte[] read = new byte[length];
        memory.read(address, read, 0, length);
        return read;
    }

    /** What the device finds when it reads whole pages, whether it was told of all of their bytes or not. */
    private byte[] deviceReads(long address, int length) {
        byte[] read = new byte[length];
        for (int i = 0; i < length; i++) {
            long at = machine.hardware.dma(TestMachine.NIC, -1, address + i);
            assertThat(at).isNotZero();
            read[i] = memory.read8(at);
        }
        return read;
    }

    private void deviceWrites(long address, byte... values) {
        for (int i = 0; i < values.length; i++) {
            memory.write8(machine.hardware.dma(TestMachine.NIC, -1, address + i), values[i]);
        }
    }

    @Test
    void restsOfPagesAreZeroForTheDevice() {
        long address = dma.map(page + 0x100, 0x2200, BOTH);
        assertThat(deviceReads(address, 0x2200)).isEqualTo(bytes(page + 0x100, 0x2200));
        assertThat(deviceReads(address - 0x100, 0x100)).containsOnly(0);
        assertThat(deviceReads(address + 0x2200, 0xd00)).containsOnly(0);
        dma.unmap(address, 0x2200, BOTH);
    }

    @Test
    void wholePagesAreTheBuffersOwn() {
        long address = dma.map(page + 0x100, 0x2200, BOTH);
        assertThat(domain.space().iovaToPhys(address + 0xf00)).isEqualTo(page + 0x1000);
        assertThat(domain.space().iovaToPhys(address)).isNotEqualTo(page + 0x100);
        long aligned = dma.map(page + 0x4000, 0x2000, BOTH);
        assertThat(domain.space().iovaToPhys(aligned)).isEqualTo(page + 0x4000);
        assertThat(((DeviceDma) dma).bouncePages()).isEqualTo(2);
        dma.unmap(aligned, 0x2000, BOTH);
        dma.unmap(address, 0x2200, BOTH);
    }

    @Test
    void whatTheDeviceWroteArrivesAndWhatItWroteBesideItDoesNot() {
        byte[] before = bytes(page, 0x2000);
        long address = dma.map(page + 0x10, 0x20, DmaDirection.FROM_DEVICE);
        deviceWrites(address, (byte) 1, (byte) 2);
        deviceWrites(address - 1, (byte) 99);
        deviceWrites(address + 0x20, (byte) 99);
        dma.unmap(address, 0x20, DmaDirection.FROM_DEVICE);
        byte[] expected = before.clone();
        expected[0x10] = 1;
        expected[0x11] = 2;
        assertThat(bytes(page, 0x2000)).isEqualTo(expected);
    }

    @Test
    void afterUnmapWritesOfTheDeviceAreTooLate() {
        // Lazy invalidation would let it write on; the page may be another buffer's by then.
        long address = dma.map(page + 0x10, 0x20, BOTH);
        deviceReads(address, 1);
        dma.unmap(address, 0x20, BOTH);
        assertThat(machine.hardware.dma(TestMachine.NIC, -1, address)).isZero();
    }

    @Test
    void nothingIsCopiedBackFromWhatTheDeviceMayOnlyRead() {
        byte[] before = bytes(page, 0x100);
        long address = dma.map(page, 0x20, DmaDirection.TO_DEVICE);
        deviceWrites(address, (byte) 77); // the fake device does not ask for permission
        dma.unmap(address, 0x20, DmaDirection.TO_DEVICE);
        assertThat(bytes(page, 0x100)).isEqualTo(before);
        long skipped = dma.map(page, 0x20, BOTH);
        deviceWrites(skipped, (byte) 77);
        dma.unmap(skipped, 0x20, BOTH, DmaMapper.SKIP_SYNC);
        assertThat(bytes(page, 0x100)).isEqualTo(before);
    }

    @Test
    void aMappingThatStaysIsSyncedBothWays() {
        long address = dma.map(page + 0xff0, 0x1020, BOTH);
        memory.write8(page + 0xff0, (byte) 5);
        memory.write8(page + 0x200f, (byte) 6);
        dma.syncForDevice(address, 0x1020, BOTH);
        assertThat(deviceReads(address, 1)[0]).isEqualTo((byte) 5);
        assertThat(deviceReads(address + 0x101f, 1)[0]).isEqualTo((byte) 6);
        deviceWrites(address + 0x101f, (byte) 7);
        deviceWrites(address, (byte) 8);
        dma.syncForCpu(address + 0x1010, 0x10, BOTH);
        assertThat(memory.read8(page + 0x200f)).isEqualTo((byte) 7);
        assertThat(memory.read8(page + 0xff0)).isEqualTo((byte) 5);
        dma.syncForCpu(address, 1, BOTH);
        assertThat(memory.read8(page + 0xff0)).isEqualTo((byte) 8);
        dma.unmap(address, 0x1020, BOTH, DmaMapper.SKIP_SYNC);
    }

    @Test
    void scatterListsAreBouncedSegmentBySegment() {
        ScatterList segments =
                new ScatterList().add(page + 8, 16).add(page + 0x1000, 0x1000).add(page + 0x3ff8, 16);
        ScatterList out = new ScatterList();
        assertThat(dma.mapSg(segments, BOTH, 0, out)).isEqualTo(3);
        for (int i = 0; i < 3; i++) {
            assertThat(deviceReads(out.address(i), (int) out.length(i)))
                    .isEqualTo(bytes(segments.address(i), (int) segments.length(i)));
        }
        assertThat(deviceReads(out.address(0) + 16, 100)).containsOnly(0);
        deviceWrites(out.address(2) + 15, (byte) 3);
        dma.unmapSg(out, BOTH, 0);
        assertThat(memory.read8(page + 0x4007)).isEqualTo((byte) 3);
    }

    @Test
    void bouncePagesComeBackWhenAMapFails() {
        dma.setLimits(DmaLimits.NONE.withAddressBits(12));
        assertThatThrownBy(() -> dma.map(page + 1, 0x2000, BOTH)).hasMessageStartingWith("ENOSPC");
        assertThatThrownBy(() -> dma.mapSg(new ScatterList().add(page, 10), BOTH, 0, new ScatterList()))
                .hasMessageStartingWith("ENOSPC");
    }

    @Test
    void deviceMemoryIsNeverBounced() {
        long address = dma.map(page + 0x100, 0x10, BOTH, DmaMapper.MMIO);
        assertThat(domain.space().iovaToPhys(address)).isEqualTo(page + 0x100);
        dma.unmap(address, 0x10, BOTH);
    }

    @Test
    void handlesAndCoherentMemoryWorkAsForATrustedDevice() {
        try (DmaMapping mapping = dma.open(page + 3, 10, BOTH)) {
            deviceWrites(mapping.address(), (byte) 42);
        }
        assertThat(memory.read8(page + 3)).isEqualTo((byte) 42);
        try (DmaBuffer buffer = dma.allocate(100)) {
            assertThat(domain.space().iovaToPhys(buffer.address())).isEqualTo(buffer.physicalAddress());
        }
    }

    /** Any buffers at any offsets, as many as fit: the device sees exactly their bytes, and its writes arrive exactly there. */
    @Test
    void randomBuffersAreSeenExactly() {
        Random random = new Random(7);
        for (int round = 0; round < 60; round++) {
            int size = 1 + random.nextInt(0x3000);
            int offset = random.nextInt(0x10000 - size);
            byte[] before = bytes(page, 0x10000);
            long address = dma.map(page + offset, size, BOTH);
            int lead = (int) (address & 0xfff);
            int span = lead + size + 0xfff & -0x1000;
            byte[] seen = deviceReads(address - lead, span);
            byte[] expected = new byte[span];
            System.arraycopy(before, offset, expected, lead, size);
            assertThat(Arrays.equals(seen, expected)).isTrue();
            byte[] written = new byte[span];
            random.nextBytes(written);
            deviceWrites(address - lead, written);
            dma.unmap(address, size, BOTH);
            System.arraycopy(written, lead, before, offset, size);
            assertThat(Arrays.equals(bytes(page, 0x10000), before)).isTrue();
        }
        assertThat(DmaDoor.of(domain).queue().size()).isZero();
    }
}
