package org.sluice.itest;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.osgi.service.log.LogEntry;
import org.osgi.service.log.LogReaderService;
import org.sluice.api.DmaBuffer;
import org.sluice.api.DmaDirection;
import org.sluice.api.DmaMapper;
import org.sluice.api.DmaMapping;
import org.sluice.api.Domain;
import org.sluice.api.DomainRequest;
import org.sluice.api.DomainType;
import org.sluice.api.MappingWatch;
import org.sluice.api.ReservedRegion;
import org.sluice.api.ScatterList;
import org.sluice.spi.board.Dma;

/** DMA mapping from a client's call to the device's access, with core, format, driver and model as bundles. */
class DmaMappingTest {
    private static final long BUFFER = Machine.RAM + 0x10_0000;

    private static Domain attach(Machine machine, DomainType type) {
        Domain domain = machine.iommu().allocDomain(machine.device(Machine.DISK), DomainRequest.of(type));
        domain.attach(machine.device(Machine.DISK));
        return domain;
    }

    private static byte[] read(Machine machine, long address, int length, int outcome) {
        byte[] seen = new byte[length];
        assertThat(machine.endpoint(Machine.DISK).dma().read(Dma.NO_PASID, address, seen, 0, length, 0))
                .isEqualTo(outcome);
        return seen;
    }

    @Test
    void theDeviceReadsAndWritesWhatWasMappedForItAndNothingAfterUnmap() throws Exception {
        byte[] data = "from the CPU to the device and back".getBytes();
        try (Machine machine = Machine.powerOn("dma");
                Domain domain = attach(machine, DomainType.DMA)) {
            DmaMapper mapper = machine.device(Machine.DISK).dma();
            machine.memory().write(BUFFER + 0x123, data, 0, data.length);
            long address = mapper.map(BUFFER + 0x123, data.length, DmaDirection.TO_DEVICE);
            assertThat(read(machine, address, data.length, Dma.OK)).isEqualTo(data);
            Dma dma = machine.endpoint(Machine.DISK).dma();
            assertThat(dma.write(Dma.NO_PASID, address, data, 0, 1, 0)).isEqualTo(Dma.ABORT); // for reading only
            mapper.unmap(address, data.length, DmaDirection.TO_DEVICE);
            read(machine, address, 1, Dma.ABORT);

            ScatterList segments = new ScatterList().add(BUFFER, 0x1000).add(BUFFER + 0x8000, 0x1000);
            ScatterList merged = new ScatterList();
            assertThat(mapper.mapSg(segments, DmaDirection.FROM_DEVICE, 0, merged))
                    .isEqualTo(1);
            assertThat(dma.write(Dma.NO_PASID, merged.address(0) + 0xff0, data, 0, data.length, 0))
                    .isEqualTo(Dma.OK);
            assertThat(machine.memory().read8(BUFFER + 0xff0)).isEqualTo(data[0]);
            assertThat(machine.memory().read8(BUFFER + 0x8000)).isEqualTo(data[16]);
            mapper.unmapSg(merged, DmaDirection.FROM_DEVICE, 0);
            read(machine, merged.address(0), 1, Dma.ABORT);

            try (DmaBuffer coherent = mapper.allocate(100)) {
                assertThat(read(machine, coherent.address(), 100, Dma.OK)).containsOnly(0);
            }
            assertThat(domain.type()).isEqualTo(DomainType.DMA);
        }
    }

    @Test
    void lazyUnmapsAreFlushedInTime() throws Exception {
        try (Machine machine = Machine.powerOn("dma-lazy");
                Domain domain = attach(machine, DomainType.DMA_FQ)) {
            DmaMapper mapper = machine.device(Machine.DISK).dma();
            DmaMapping mapping = mapper.open(BUFFER, 64, DmaDirection.BIDIRECTIONAL);
            read(machine, mapping.address(), 64, Dma.OK); // now the TLB has it
            mapping.close();
            Dma dma = machine.endpoint(Machine.DISK).dma();
            byte[] one = new byte[1];
            Container.await(
                    "the flush queue's clock",
                    () -> dma.read(Dma.NO_PASID, mapping.address(), one, 0, 1, 0) == Dma.ABORT);
            assertThat(domain.type()).isEqualTo(DomainType.DMA_FQ);
        }
    }

    @Test
    void theDriversWindowForMsiIsReserved() throws Exception {
        try (Machine machine = Machine.powerOn("dma-msi")) {
            assertThat(machine.device(Machine.DISK).group().reservedRegions().stream()
                            .map(ReservedRegion::line))
                    .containsExactly("0x0000000008000000 0x00000000080fffff msi");
        }
    }

    @Test
    void aLeakIsListedInOsgisLogWithTheClientsMethod() throws Exception {
        MappingWatch watch = Container.service(MappingWatch.class);
        watch.setOn(true);
        try (Machine machine = Machine.powerOn("dma-leak")) {
            Domain domain = attach(machine, DomainType.DMA);
            machine.device(Machine.DISK).dma().map(BUFFER, 64, DmaDirection.TO_DEVICE);
            domain.close();
            Container.await(
                    "the leak in the log",
                    () -> log().stream()
                            .anyMatch(entry -> "org.sluice.core".equals(entry.getLoggerName())
                                    && entry.getMessage().contains("mapped by DmaMappingTest.aLeakIsListed")));
        } finally {
            watch.setOn(false);
        }
    }

    private static List<LogEntry> log() {
        return Collections.list(Container.service(LogReaderService.class).getLog());
    }
}
