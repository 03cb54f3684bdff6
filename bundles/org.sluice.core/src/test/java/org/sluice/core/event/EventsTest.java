package org.sluice.core.event;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.osgi.service.event.Event;
import org.osgi.service.event.EventAdmin;
import org.sluice.api.Capability;
import org.sluice.api.DmaDirection;
import org.sluice.api.DmaMapper;
import org.sluice.api.Domain;
import org.sluice.api.DomainRequest;
import org.sluice.api.DomainType;
import org.sluice.api.FaultReason;
import org.sluice.api.FaultResponse;
import org.sluice.api.IoMm;
import org.sluice.api.SvaBond;
import org.sluice.api.SvaParameters;
import org.sluice.api.Topics;
import org.sluice.core.TestMachine;
import org.sluice.core.fake.FakeAllocator;
import org.sluice.core.fault.FaultWorkers;
import org.sluice.core.iova.FlushQueue;
import org.sluice.core.unit.DefaultPolicy;
import org.sluice.core.unit.Requests;
import org.sluice.core.unit.Unit;
import org.sluice.pgtable.arm.Stage1Format;
import org.sluice.process.Process;
import org.sluice.process.ProcessRequest;
import org.sluice.process.internal.Processes;
import org.sluice.process.internal.ProcessesDoor;
import org.sluice.spi.driver.FaultRecord;
import org.sluice.spi.driver.UnitHost;

@Timeout(120)
class EventsTest {
    private final TestMachine machine = TestMachine.withRealTables(
            new FlushQueue.Bounds(4, 3_600_000_000_000L, true),
            DefaultPolicy.BLOCKED,
            it -> it.driver.capabilities = Set.of(Capability.DEFERRED_FLUSH, Capability.DIRTY_TRACKING));
    private final List<String> told = new ArrayList<>();
    private final List<Map<String, Object>> properties = new ArrayList<>();

    @AfterEach
    void stop() {
        machine.close();
    }

    private void listen() {
        machine.events((topic, of) -> {
            assertThat(Topics.ALL).contains(topic);
            assertThat(of.values())
                    .allMatch(value -> value instanceof String || value instanceof Number || value instanceof Boolean);
            synchronized (told) {
                told.add(topic.substring(Topics.PREFIX.length()) + " "
                        + of.getOrDefault("device", of.getOrDefault("space", "")));
                properties.add(of);
            }
        });
    }

    private long count(String topic) {
        return machine.counter(
                "event." + topic.substring(Topics.PREFIX.length()).toLowerCase(Locale.ROOT));
    }

    @Test
    void nothingIsCollectedForASinkThatNobodyHears() {
        Events events = new Events();
        events.sinks().add(new EventSink() {
            @Override
            public void post(String topic, Map<String, Object> properties) {
                throw new AssertionError("told in vain");
            }

            @Override
            public boolean isHeard() {
                return false;
            }
        });
        events.post(Topics.ATTACHED, () -> {
            throw new AssertionError("collected in vain");
        });
        Map<String, Long> counts = new HashMap<>();
        events.count(counts);
        assertThat(counts).containsEntry("event.attached", 1L);
    }

    @Test
    void theLifeOfDevicesAndSpacesIsTold() {
        listen();
        Domain domain = machine.prepared("nic");
        IoMm own = domain.allocPasid(machine.device("nic"));
        domain.freePasid(own);
        domain.detach(machine.device("nic"));
        domain.close();
        String space = "io_mm of nic in domain 1 of smmu0";
        assertThat(told)
                .containsExactly(
                        "ATTACHED nic",
                        "DETACHED nic",
                        "PASID_ALLOCATED nic",
                        "REVOKED " + space,
                        "PASID_FREED ",
                        "ATTACHED nic",
                        "DETACHED nic",
                        "REVOKED domain 1 of smmu0");
    }

    @Test
    void quarantineIsToldWhenItBeginsAndWhenItEnds() {
        listen();
        machine.addAllocator(new FakeAllocator(machine.journal, "one"), "1.0.0");
        Domain domain = machine.platform.allocDomain(machine.device("gpu"), DomainRequest.of(DomainType.UNMANAGED));
        domain.attach(machine.device("gpu"));
        machine.device("gpu").initSva(SvaParameters.any());
        IoMm own = domain.allocPasid(machine.device("gpu"));
        CompletableFuture<Void> fence = new CompletableFuture<>();
        domain.freePasid(own, fence);
        assertThat(count(Topics.QUARANTINED)).isEqualTo(1);
        assertThat(count(Topics.QUARANTINE_LEFT)).isZero();
        assertThat(count(Topics.PASID_FREED)).isZero();
        fence.complete(null);
        machine.settle();
        assertThat(count(Topics.QUARANTINE_LEFT)).isEqualTo(1);
        assertThat(count(Topics.PASID_FREED)).isEqualTo(1);
    }

    @Test
    void pasidsOfDomainsAreTold() {
        listen();
        Domain one = machine.domain();
        Domain two = machine.domain();
        one.attachPasid(machine.device("nic"), 9);
        two.replacePasid(machine.device("nic"), 9);
        two.detachPasid(machine.device("nic"), 9);
        assertThat(told)
                .containsExactly(
                        "PASID_ATTACHED nic", "PASID_ATTACHED nic", "PASID_DETACHED nic", "PASID_DETACHED nic");
        assertThat(properties).allSatisfy(of -> assertThat(of).containsEntry("pasid", 9));
        assertThat(properties)
                .extracting(of -> of.get("domain"))
                .containsExactly("domain 1 of smmu0", "domain 2 of smmu0", "domain 1 of smmu0", "domain 2 of smmu0");
    }

    @Test
    void bondsWithProcessesAreToldAlsoWhenTheProcessExits() {
        Processes processes = ProcessesDoor.open(machine.board, new Stage1Format());
        machine.addProcesses(processes);
        Process process = processes.start(ProcessRequest.on("fake").withBits(39, 48));
        for (String name : List.of("nic", "disk")) {
            machine.device(name).initSva(SvaParameters.any());
        }
        listen();
        SvaBond bond = machine.platform.bind(machine.device("nic"), process.number());
        machine.platform.bind(machine.device("disk"), process.number());
        bond.close();
        process.exit();
        processes.close();
        assertThat(told)
                .filteredOn(line -> line.contains("BOUND"))
                .containsExactly("BOUND nic", "BOUND disk", "UNBOUND nic", "UNBOUND disk");
        assertThat(properties)
                .filteredOn(of -> of.containsKey("process"))
                .hasSize(4)
                .allSatisfy(of -> assertThat(of)
                        .containsEntry("process", process.number())
                        .containsEntry("pasid", bond.pasid())
                        .containsEntry("iommu", "smmu0"));
    }

    @Test
    void lostPageRequestsAreToldWithWhatWasForgotten() {
        try (TestMachine full = TestMachine.full()) {
            List<Object> forgotten = new ArrayList<>();
            full.events((topic, of) -> {
                if (topic.equals(Topics.PAGE_REQUESTS_LOST)) {
                    assertThat(of).containsEntry("iommu", "smmu0");
                    forgotten.add(of.get("forgotten"));
                }
            });
            Domain domain = full.attached("nic");
            domain.onPageFault(fault -> FaultResponse.RETRY);
            UnitHost host = Unit.of(full.device("nic")).host();
            assertThat(host.pageRequest(Requests.part(TestMachine.NIC, -1, 0x1000, 1)))
                    .isTrue();
            host.pageRequestsLost();
            host.pageRequestsLost();
            assertThat(forgotten).containsExactly(1, 0);
            domain.close();
        }
    }

    @Test
    void repairThatTakesTooLongIsTold() throws InterruptedException {
        try (TestMachine slow = TestMachine.full(new FaultWorkers(1, 8, 20))) {
            BlockingQueue<Map<String, Object>> late = new LinkedBlockingQueue<>();
            slow.events((topic, of) -> {
                if (topic.equals(Topics.PAGE_FAULT_TIMEOUT)) {
                    late.add(of);
                }
            });
            UnitHost host = Unit.of(slow.device("nic")).host();
            Domain domain = slow.attached("nic");
            CountDownLatch release = new CountDownLatch(1);
            domain.onPageFault(fault -> {
                await(release);
                return FaultResponse.RETRY;
            });
            assertThat(host.pageRequest(Requests.stall(TestMachine.NIC, -1, 0x1000)))
                    .isTrue();
            try {
                assertThat(late.poll(60, TimeUnit.SECONDS))
                        .containsEntry("device", "nic")
                        .containsEntry("pasid", -1)
                        .containsEntry("iommu", "smmu0");
            } finally {
                release.countDown();
            }
            domain.close();
        }
    }

    private static void await(CountDownLatch latch) {
        try {
            assertThat(latch.await(60, TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException interrupted) {
            throw new AssertionError(interrupted);
        }
    }

    @Test
    void resetsClaimsAndDirtyTrackingAreTold() {
        Domain dirty = machine.platform.allocDomain(
                machine.device("nic"), DomainRequest.of(DomainType.UNMANAGED).withDirtyTracking());
        listen();
        dirty.space().setDirtyTracking(true);
        dirty.space().setDirtyTracking(true);
        dirty.space().setDirtyTracking(false);
        assertThat(told).containsExactly("DIRTY_TRACKING domain 1 of smmu0", "DIRTY_TRACKING domain 1 of smmu0");
        assertThat(properties).extracting(of -> of.get("on")).containsExactly(true, false);
        told.clear();
        machine.device("disk").prepareReset();
        machine.device("disk").resetDone();
        assertThat(told).containsExactly("RESET_BEGUN disk", "RESET_DONE disk");
        assertThat(properties.get(3)).containsEntry("complete", true);
        machine.device("nic").group().claim(this);
        machine.device("nic").group().claim(this);
        machine.device("nic").group().release(this);
        assertThat(count(Topics.CLAIMED)).isEqualTo(1);
        assertThat(count(Topics.RELEASED)).isZero();
        machine.device("nic").group().release(this);
        assertThat(count(Topics.RELEASED)).isEqualTo(1);
        assertThat(properties)
                .filteredOn(of -> of.containsKey("group"))
                .hasSize(2)
                .allSatisfy(of -> assertThat(of)
                        .containsEntry("group", machine.device("nic").group().id()));
    }

    @Test
    void driversThatComeFirstAndThatLeaveAreTold() {
        assertThat(count(Topics.DRIVEN)).as("smmu0 and smmu1").isEqualTo(2);
        listen();
        machine.removeDriver();
        assertThat(told).containsExactly("DRIVER_LEFT ", "DRIVER_LEFT ");
        assertThat(properties)
                .allSatisfy(of -> assertThat(of)
                        .containsEntry("service", "driver fake,iommu")
                        .containsEntry("bundle", "test.driver")
                        .containsEntry("version", "1.0.0"));
        machine.addDriver("1.0.1");
        machine.settle();
        assertThat(count(Topics.DRIVEN)).as("a successor is a SWAP").isEqualTo(2);
    }

    @Test
    void faultsAndSwapsAreTold() {
        listen();
        Unit.of(machine.device("nic"))
                .host()
                .report(new FaultRecord(
                        0x99, 7, FaultReason.BAD_STREAM, "C_BAD_STREAMID", 0, true, false, false, false, List.of(1L)));
        assertThat(told).containsExactly("FAULT stream 0x99");
        machine.attached("nic");
        machine.removeFormat();
        machine.addFormat(new Stage1Format(), "2.0.0");
        machine.settle();
        assertThat(count(Topics.SWAP)).isEqualTo(1);
        assertThat(told).contains("SWAP ");
    }

    @Test
    void aFlushQueueThatOverflowsIsTold() {
        listen();
        machine.domain(DomainType.DMA_FQ).attach(machine.device("nic"));
        DmaMapper dma = machine.device("nic").dma();
        for (int i = 0; i < 5; i++) {
            dma.unmap(dma.map(0x9_0000_0000L, 4096, DmaDirection.TO_DEVICE), 4096, DmaDirection.TO_DEVICE);
        }
        assertThat(count(Topics.FLUSH_QUEUE_OVERFLOW)).isEqualTo(1);
        assertThat(told).contains("FLUSH_QUEUE_OVERFLOW domain 1 of smmu0");
    }

    @Test
    void countersRunAndPropertiesAreNotCollectedWhenNobodyListens() {
        Events events = new Events();
        AtomicInteger collected = new AtomicInteger();
        events.post(Topics.REVOKED, () -> {
            collected.incrementAndGet();
            return Map.of();
        });
        Map<String, Long> counts = new java.util.TreeMap<>();
        events.count(counts);
        assertThat(counts)
                .hasSize(Topics.ALL.size())
                .containsEntry("event.revoked", 1L)
                .containsEntry("event.leak", 0L);
        assertThat(collected).hasValue(0);
    }

    @Test
    void aListenerThatFailsKeepsTheOthersAndTheCaller() {
        Events events = new Events();
        List<String> heard = new ArrayList<>();
        events.sinks().add((topic, properties) -> {
            throw new IllegalStateException("broken");
        });
        events.sinks().add((topic, properties) -> heard.add(topic));
        events.post(Topics.LEAK, Map::of);
        assertThat(heard).containsExactly(Topics.LEAK);
    }

    @Test
    void theEventAdminGetsThemAsynchronously() {
        List<Event> posted = new ArrayList<>();
        EventAdmin admin = new EventAdmin() {
            @Override
            public void postEvent(Event event) {
                posted.add(event);
            }

            @Override
            public void sendEvent(Event event) {
                throw new AssertionError("a caller with locks must not wait for handlers");
            }
        };
        new EventAdminSink(admin).post(Topics.ATTACHED, Map.of("device", "nic"));
        assertThat(posted).hasSize(1);
        assertThat(posted.get(0).getTopic()).isEqualTo("org/sluice/iommu/ATTACHED");
        assertThat(posted.get(0).getProperty("device")).isEqualTo("nic");
    }
}
