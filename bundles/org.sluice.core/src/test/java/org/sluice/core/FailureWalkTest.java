package org.sluice.core;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.sluice.api.ActivationKind;
import org.sluice.api.AddressSpace;
import org.sluice.api.Domain;
import org.sluice.api.DomainRequest;
import org.sluice.api.DomainType;
import org.sluice.api.Errno;
import org.sluice.api.IoMm;
import org.sluice.api.IommuDevice;
import org.sluice.api.IommuException;
import org.sluice.api.SvaBond;
import org.sluice.api.SvaFeature;
import org.sluice.api.SvaParameters;
import org.sluice.core.fake.FakeAllocator;
import org.sluice.core.fake.FakeHardware;
import org.sluice.core.fake.FaultingDevice;
import org.sluice.core.unit.Unit;
import org.sluice.pgtable.arm.Stage1Format;
import org.sluice.process.Process;
import org.sluice.process.ProcessRequest;
import org.sluice.process.internal.Processes;
import org.sluice.process.internal.ProcessesDoor;

/**
 * Each thing that can fail fails in turn: memory for a table, a tag, an entry. After a failure everything is as if the call had
 * not been made, and the same call succeeds when nothing fails any more.
 */
class FailureWalkTest {
    private final TestMachine machine = TestMachine.withRealTables();
    private final Processes processes = ProcessesDoor.open(machine.board, new Stage1Format());
    private final List<String> failed = new ArrayList<>();
    private Process process;

    @BeforeEach
    void start() {
        machine.addProcesses(processes);
        process = processes.start(ProcessRequest.on("fake").withBits(39, 48));
        process.mmap(0x10_0000, 0x8000, TestMachine.RW);
        for (String name : List.of("nic", "disk")) {
            machine.device(name).initSva(SvaParameters.any().with(SvaFeature.IO_PAGE_FAULTS));
        }
    }

    @AfterEach
    void nothingIsLost() {
        processes.close();
        machine.close();
        assertThat(machine.board.allocator().allocatedBytes()).isZero();
        assertThat(machine.hardware.tags.isEmpty()).isTrue();
    }

    /** What a call that failed must not have changed. */
    private Map<String, Object> everything() {
        Map<String, Object> seen = new TreeMap<>();
        for (String counter : List.of("spaces", "pasids", "tables.live", "tables.bytes", "quarantine.spaces")) {
            seen.put(counter, machine.counter(counter));
        }
        seen.put("allocated", machine.board.allocator().allocatedBytes());
        seen.put("tags", machine.hardware.tags.clone());
        seen.put("untagged", new HashMap<Integer, FakeHardware.Route>(machine.hardware.untagged));
        seen.put("entries", new HashMap<String, FakeHardware.Route>(machine.hardware.pasids));
        for (IommuDevice device : machine.platform.devices()) {
            seen.put("domain of " + device.name(), device.domain().orElseThrow());
        }
        return seen;
    }

    /** Walks over the failures of one call; returns what it gave when nothing failed. */
    private <T> T walk(Supplier<T> call) {
        for (int n = 1; ; n++) {
            Map<String, Object> before = everything();
            machine.board.injection.arm(n);
            T result = null;
            IommuException error = null;
            try {
                result = call.get();
            } catch (IommuException thrown) {
                error = thrown;
            }
            String fired = machine.board.injection.disarm();
            if (error == null) {
                assertThat(fired).as("a failure that the call hid").isEmpty();
                return result;
            }
            assertThat(error.errno()).isEqualTo(Errno.ENOMEM);
            assertThat(fired).as(error.toString()).isNotEmpty();
            assertThat(error.getSuppressed()).isEmpty();
            assertThat(everything()).as("after a failure of %s", fired).isEqualTo(before);
            failed.add(fired);
        }
    }

    private void walk(Runnable call) {
        walk(() -> {
            call.run();
            return null;
        });
    }

    /** Tables that a map made before it failed may stay, for the next one; leaves may not. */
    private void walkMap(AddressSpace space, long iova, long size) {
        for (int n = 1; ; n++) {
            machine.board.injection.arm(n);
            try {
                space.map(iova, 0x8_0000_0000L + iova, size, TestMachine.RW);
                assertThat(machine.board.injection.disarm()).isEmpty();
                return;
            } catch (IommuException error) {
                failed.add(machine.board.injection.disarm());
                assertThat(error.errno()).isEqualTo(Errno.ENOMEM);
                space.walk(space.firstIova(), space.lastIova(), (at, paddr, bytes, descriptor, prot) -> {
                    throw new AssertionError("a leaf at 0x" + Long.toHexString(at));
                });
            }
        }
    }

    @Test
    void allocationOfADomainAttachAndMap() {
        Domain domain = walk(() -> machine.domain());
        walk(() -> domain.attach(machine.device("nic")));
        walkMap(domain.space(), 0x3f_f000, 0x20_2000);
        assertThat(domain.space().unmap(0x3f_f000, 0x20_2000)).isEqualTo(0x20_2000);
        assertThat(failed).contains("createContext", "install", "a page", "attach");
    }

    @Test
    void attachOfADeviceBehindAnotherIommu() {
        Domain domain = machine.attached("nic");
        domain.space().map(0x1000, 0x8000, 0x1000, TestMachine.RW);
        walk(() -> domain.attach(machine.device("far")));
        assertThat(failed).containsExactly("createContext", "install", "invalidateAll", "attach");
        domain.detach(machine.device("far"));
        failed.clear();
        walk(() -> domain.attachPasid(machine.device("far"), 3));
        assertThat(failed).containsExactly("createContext", "install", "invalidateAll", "mmAttach");
        assertThat(machine.hardware.dma(TestMachine.NIC, -1, 0x1000)).isEqualTo(0x8000);
        assertThat(machine.hardware.dma(TestMachine.FAR, 3, 0x1000)).isEqualTo(0x8000);
    }

    @Test
    void attachAndReplaceOfAGroup() {
        Domain first = machine.domain();
        walk(() -> first.attachGroup(machine.device("left").group()));
        Domain second = machine.domain();
        walk(() -> second.replaceGroup(machine.device("left").group()));
        assertThat(failed).containsExactly("attach", "attach", "attach", "attach");
    }

    @Test
    void privateSpaceByTheCoreAndItsSecondBond() {
        Domain domain = machine.attached("nic");
        IoMm own = walk(() -> domain.allocPasid(machine.device("nic")));
        walk(() -> own.bond(machine.device("disk")));
        walkMap(own, 0x1000, 0x1000);
        assertThat(failed)
                .containsExactly("createContext", "a page", "install", "mmAttach", "mmAttach", "a page", "a page");
    }

    @Test
    void privateSpaceByAPlugInOfEitherKind() {
        Domain domain = machine.attached("gpu");
        IommuDevice gpu = machine.device("gpu");
        FakeAllocator plugIn = new FakeAllocator(machine.journal, "plug-in");
        machine.addAllocator(plugIn, "1.0.0");
        gpu.initSva(SvaParameters.any());
        for (ActivationKind kind : ActivationKind.values()) {
            plugIn.kind = kind;
            IoMm own = walk(() -> domain.allocPasid(gpu));
            assertThat(own.activation()).isEqualTo(kind);
            domain.freePasid(own, CompletableFuture.completedFuture(null));
        }
        assertThat(failed).contains("createContext", "a page", "install", "mmAttach");
    }

    @Test
    void domainByPasidAndItsReplacement() {
        Domain first = machine.domain();
        Domain second = machine.domain();
        walk(() -> first.attachPasid(machine.device("nic"), 9));
        walk(() -> second.replacePasid(machine.device("nic"), 9));
        assertThat(failed).containsExactly("mmAttach", "mmReplace");
    }

    @Test
    void nestedDomain() {
        Domain parent = machine.platform.allocDomain(
                machine.device("nic"), DomainRequest.of(DomainType.UNMANAGED).withStage(2));
        Domain nested = walk(
                () -> machine.platform.allocDomain(machine.device("nic"), DomainRequest.nested(parent, 0x8000_0001L)));
        walk(() -> nested.attach(machine.device("nic")));
        assertThat(failed).containsExactly("createNested", "attach");
    }

    @Test
    void bindOfAFirstAndASecondDevice() {
        SvaBond one = walk(() -> machine.platform.bind(machine.device("nic"), process.number()));
        SvaBond two = walk(() -> machine.platform.bind(machine.device("disk"), process.number()));
        assertThat(two.pasid()).isEqualTo(one.pasid());
        assertThat(failed).containsExactly("createContext", "install", "mmAttach", "mmAttach");
    }

    @Test
    void pageThatADeviceWantsOfAProcess() {
        SvaBond bond = machine.platform.bind(machine.device("nic"), process.number());
        FaultingDevice dma = new FaultingDevice(
                machine.hardware,
                machine.driver.responses,
                Unit.of(machine.device("nic")).host(),
                TestMachine.NIC);
        int refused = 0;
        for (int n = 1; ; n++) {
            int pages = process.residentPages();
            long bytes = machine.board.allocator().allocatedBytes();
            machine.board.injection.arm(n);
            long hit = dma.access(bond.pasid(), 0x10_0000, true);
            if (machine.board.injection.disarm().isEmpty()) {
                assertThat(hit).isNotZero();
                break;
            }
            assertThat(hit).isZero();
            assertThat(process.residentPages()).isEqualTo(pages);
            assertThat(machine.board.allocator().allocatedBytes())
                    .as("tables may stay, frames may not")
                    .isLessThanOrEqualTo(bytes + 2 * 4096);
            refused++;
        }
        assertThat(refused).isPositive();
        assertThat(machine.counter("iopf.invalid")).isEqualTo(refused);
    }
}
