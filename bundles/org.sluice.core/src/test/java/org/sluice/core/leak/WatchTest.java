package org.sluice.core.leak;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.sluice.api.Capability;
import org.sluice.api.DmaDirection;
import org.sluice.api.DmaLimits;
import org.sluice.api.DmaMapper;
import org.sluice.api.DmaMapping;
import org.sluice.api.Domain;
import org.sluice.api.DomainType;
import org.sluice.api.FaultReason;
import org.sluice.api.IoMm;
import org.sluice.api.MappingTrace;
import org.sluice.api.MappingWatch;
import org.sluice.api.Prot;
import org.sluice.api.ReservedRegion;
import org.sluice.api.ScatterList;
import org.sluice.api.Topics;
import org.sluice.core.TestMachine;
import org.sluice.core.unit.Unit;
import org.sluice.spi.board.DmaProperties;
import org.sluice.spi.driver.FaultRecord;

@Timeout(120)
class WatchTest {
    private static final int RW = TestMachine.RW;
    private static final long BUFFER = 0x9_0000_0000L;

    private final TestMachine machine = TestMachine.withRealTables(it -> {
        it.driver.capabilities = Set.of(Capability.DEFERRED_FLUSH);
        it.board.dma(
                "disk",
                new DmaProperties(
                        true,
                        false,
                        DmaLimits.NONE,
                        List.of(new ReservedRegion(0x800_0000, 0x2000, Prot.READ, ReservedRegion.Type.DIRECT))));
    });
    private final MappingWatch watch = machine.platform;
    private final List<Map<String, Object>> found = new ArrayList<>();

    @BeforeEach
    void switchOn() {
        machine.events((topic, properties) -> {
            if (topic.equals(Topics.LEAK) || topic.equals(Topics.USE_AFTER_UNMAP)) {
                found.add(properties);
            }
        });
        watch.setOn(true);
    }

    @AfterEach
    void stop() {
        machine.close();
    }

    /** What the driver reports when a device reads where nothing is mapped. */
    private void fault(int stream, int pasid, long iova) {
        Unit.of(machine.device("nic"))
                .host()
                .report(new FaultRecord(
                        stream,
                        pasid,
                        FaultReason.TRANSLATION,
                        "F_TRANSLATION",
                        iova,
                        false,
                        false,
                        false,
                        false,
                        List.of(1L)));
    }

    private List<String> live() {
        return watch.live().stream()
                .map(trace -> String.format("%x+%x", trace.iova(), trace.size()))
                .toList();
    }

    @Test
    void everyMappingNamesWhoMadeIt() {
        Domain domain = machine.attached("nic");
        domain.space().map(0x1000, BUFFER, 0x3000, RW);
        domain.space().mapSg(0x8000, new ScatterList().add(BUFFER, 0x1000).add(BUFFER + 0x5000, 0x1000), RW);
        assertThat(live()).containsExactly("1000+3000", "8000+2000");
        assertThat(watch.live()).allSatisfy(trace -> {
            assertThat(trace.mappedBy()).startsWith("WatchTest.everyMappingNamesWhoMadeIt(WatchTest.java:");
            assertThat(trace.space()).startsWith("domain ");
            assertThat(trace.unmappedBy()).isEmpty();
        });
    }

    @Test
    void dmaMappingsNameTheClientToo() {
        machine.domain(DomainType.DMA_FQ).attach(machine.device("nic"));
        DmaMapper dma = machine.device("nic").dma();
        long address = dma.map(BUFFER + 5, 0x1000, DmaDirection.TO_DEVICE);
        assertThat(watch.live().get(0).mappedBy()).startsWith("WatchTest.dmaMappingsNameTheClientToo(");
        dma.unmap(address, 0x1000, DmaDirection.TO_DEVICE);
        ScatterList out = new ScatterList();
        dma.mapSg(new ScatterList().add(BUFFER, 10).add(BUFFER + 0x5000, 10), DmaDirection.TO_DEVICE, 0, out);
        dma.unmapSg(out, DmaDirection.TO_DEVICE, 0);
        try (DmaMapping mapping = dma.open(BUFFER, 10, DmaDirection.TO_DEVICE)) {
            assertThat(mapping.size()).isEqualTo(10);
        }
        assertThat(watch.live()).isEmpty();
        assertThat(watch.unmapped())
                .hasSize(3)
                .allSatisfy(
                        trace -> assertThat(trace.unmappedBy()).startsWith("WatchTest.dmaMappingsNameTheClientToo("));
    }

    @Test
    void unmapsOfPartsLeaveTheRest() {
        Domain domain = machine.attached("nic");
        domain.space().map(0x1000, BUFFER, 0x5000, RW);
        domain.space().map(0x6000, BUFFER, 0x1000, RW);
        domain.space().unmap(0x2000, 0x1000);
        assertThat(live()).containsExactly("1000+1000", "3000+3000", "6000+1000");
        domain.space().unmapFast(0x4000, 0x3000);
        assertThat(live()).containsExactly("1000+1000", "3000+1000");
        domain.space().unmap(0x9000, 0x1000);
        assertThat(live()).containsExactly("1000+1000", "3000+1000");
        assertThat(watch.unmapped())
                .extracting(MappingTrace::iova)
                .containsExactlyInAnyOrder(0x2000L, 0x4000L, 0x6000L);
    }

    @Test
    void whatNobodyUnmappedIsListedWhenTheSpaceEnds() {
        Domain domain = machine.attached("nic");
        domain.space().map(0x1000, BUFFER, 0x3000, RW);
        domain.space().map(0x8000, BUFFER, 0x1000, RW);
        domain.space().unmap(0x8000, 0x1000);
        domain.close();
        assertThat(found).hasSize(1);
        assertThat(found.get(0)).containsEntry("mappings", 1).containsEntry("bytes", 0x3000L);
        assertThat(found.get(0).get("first").toString())
                .contains("iova 0x1000, 0x3000 bytes, mapped by WatchTest.whatNobodyUnmapped");
        assertThat(machine.counter("event.leak")).isEqualTo(1);
        assertThat(watch.live()).isEmpty();
    }

    @Test
    void firmwaresMappingsAreNoLeaks() {
        Domain domain = machine.domain(DomainType.DMA);
        domain.attach(machine.device("disk"));
        assertThat(domain.space().iovaToPhys(0x800_0000)).isEqualTo(0x800_0000);
        assertThat(watch.live()).isEmpty();
        domain.close();
        assertThat(found).isEmpty();
    }

    @Test
    void aDmaToMemoryJustUnmappedNamesBothPlaces() {
        Domain domain = machine.attached("nic");
        domain.space().map(0x1000, BUFFER, 0x3000, RW);
        domain.space().unmap(0x1000, 0x3000);
        fault(TestMachine.NIC, -1, 0x2345);
        assertThat(found).hasSize(1);
        assertThat(found.get(0)).containsEntry("device", "nic").containsEntry("iova", 0x2345L);
        assertThat(found.get(0).get("mapped").toString()).startsWith("WatchTest.aDmaToMemory");
        assertThat(found.get(0).get("unmapped").toString()).startsWith("WatchTest.aDmaToMemory");
        fault(TestMachine.NIC, -1, 0x9000);
        fault(TestMachine.DISK, -1, 0x2345);
        assertThat(machine.counter("event.use_after_unmap")).isEqualTo(1);
        assertThat(machine.counter("event.fault")).isEqualTo(3);
    }

    @Test
    void privateSpacesWithOneNameAreToldApart() {
        Domain domain = machine.prepared("nic");
        IoMm one = domain.allocPasid(machine.device("nic"));
        IoMm two = domain.allocPasid(machine.device("nic"));
        one.map(0x1000, BUFFER, 0x1000, RW);
        two.map(0x1000, BUFFER, 0x1000, RW);
        one.unmap(0x1000, 0x1000);
        fault(TestMachine.NIC, two.pasid(), 0x1000);
        assertThat(found).isEmpty();
        fault(TestMachine.NIC, one.pasid(), 0x1000);
        assertThat(found).hasSize(1);
        domain.freePasid(two);
        assertThat(machine.counter("event.leak")).isEqualTo(1);
        domain.freePasid(one);
        assertThat(machine.counter("event.leak")).isEqualTo(1);
    }

    @Test
    void itIsOffByDefaultAndForgetsEverythingWhenSwitchedOff() {
        Domain domain = machine.attached("nic");
        domain.space().map(0x1000, BUFFER, 0x1000, RW);
        machine.configure(30_000, 10_000, false);
        assertThat(watch.isOn()).isFalse();
        assertThat(watch.live()).isEmpty();
        domain.space().map(0x5000, BUFFER, 0x1000, RW);
        machine.configure(30_000, 10_000, true);
        assertThat(watch.isOn()).isTrue();
        domain.space().unmap(0x5000, 0x1000); // mapped while nobody watched
        assertThat(watch.unmapped()).isEmpty();
        try (TestMachine other = TestMachine.running()) {
            assertThat(other.platform.isOn()).isFalse();
        }
    }

    @Test
    void mapsByManyThreadsAreAllBooked() throws InterruptedException {
        Domain domain = machine.attached("nic");
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            long base = 0x100_0000L * (i + 1);
            threads.add(new Thread(() -> {
                for (int page = 0; page < 300; page++) {
                    domain.space().map(base + page * 4096L, BUFFER, 4096, RW);
                    if (page % 2 == 0) {
                        domain.space().unmap(base + page * 4096L, 4096);
                    }
                }
            }));
        }
        threads.forEach(Thread::start);
        for (Thread thread : threads) {
            thread.join();
        }
        assertThat(watch.live()).hasSize(4 * 150);
        assertThat(watch.unmapped()).hasSize(4 * 150);
    }
}
