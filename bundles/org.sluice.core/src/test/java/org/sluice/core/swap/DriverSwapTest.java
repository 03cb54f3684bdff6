package org.sluice.core.swap;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.lang.ref.WeakReference;
import java.util.List;
import org.assertj.core.groups.Tuple;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.sluice.api.AddressSpace;
import org.sluice.api.Domain;
import org.sluice.api.DomainRequest;
import org.sluice.api.DomainType;
import org.sluice.api.IoMm;
import org.sluice.api.ProviderMissingException;
import org.sluice.api.SpaceState;
import org.sluice.api.SvaParameters;
import org.sluice.api.UnitStatus;
import org.sluice.core.TestMachine;
import org.sluice.core.fake.FakeDriver;
import org.sluice.core.fake.FakeFormat;
import org.sluice.spi.driver.Attachment;
import org.sluice.spi.driver.UnitRecord;

@Timeout(120)
class DriverSwapTest {
    private static final int RW = TestMachine.RW;

    private TestMachine machine = TestMachine.running(50);

    @AfterEach
    void stop() {
        machine.close();
    }

    private FakeDriver another() {
        return new FakeDriver(machine.hardware);
    }

    private UnitStatus status() {
        return machine.platform.status().get(0);
    }

    @Test
    void successorAdoptsWhatTheLedgerSays() {
        Domain domain = machine.attached("nic");
        AddressSpace unattached = machine.space();
        machine.domain(DomainType.IDENTITY).attach(machine.device("disk"));
        machine.device("nic").initSva(SvaParameters.any());
        IoMm own = domain.allocPasid(machine.device("nic"));
        domain.space().map(0x1000, 0x8000, 0x1000, RW);
        own.map(0x1000, 0x9000, 0x1000, RW);
        machine.removeDriver();
        assertThat(machine.journal.of("handOver")).hasSize(2);
        assertThat(machine.hardware.dma(TestMachine.NIC, own.pasid(), 0x1000)).isEqualTo(0x9000);
        machine.journal.clear();
        FakeDriver next = another();
        machine.driver = next;
        machine.addDriver("1.1.0");
        machine.settle();

        assertThat(machine.journal.of("probe", "attach", "mmAttach"))
                .as("adoption writes nothing")
                .isEmpty();
        assertThat(machine.journal.of("adopt ")).containsExactlyInAnyOrder("adopt smmu0", "adopt smmu1");
        assertThat(machine.journal.of("adoptContext"))
                .containsExactlyInAnyOrder("adoptContext tag1", "adoptContext tag2", "adoptContext tag3");
        own.map(0x2000, 0xa000, 0x1000, RW);
        unattached.map(0x2000, 0xa000, 0x1000, RW);
        assertThat(machine.hardware.dma(TestMachine.NIC, own.pasid(), 0x2000)).isEqualTo(0xa000);
        assertThat(machine.hardware.dma(TestMachine.NIC, -1, 0x1000)).isEqualTo(0x8000);
        assertThat(domain.space().unmap(0x1000, 0x1000)).isEqualTo(0x1000);
        assertThat(machine.hardware.dma(TestMachine.NIC, -1, 0x1000)).isZero();
        domain.freePasid(own);
        assertThat(own.state()).isEqualTo(SpaceState.FREED);
        assertThat(machine.swaps).extracting("service").containsOnly("driver fake,iommu");
        assertThat(machine.swaps)
                .extracting("oldVersion", "newVersion", "adopted")
                .containsOnly(Tuple.tuple("1.0.0", "1.1.0", true));
        assertThat(status().driver()).isEqualTo("test.driver 1.1.0");
    }

    @Test
    void ledgerNamesDevicesRoutesAndPasids() {
        Domain domain = machine.attached("nic");
        machine.device("nic").initSva(SvaParameters.any());
        IoMm own = domain.allocPasid(machine.device("nic"));
        machine.platform
                .allocDomain(machine.device("nic"), DomainRequest.of(DomainType.IDENTITY))
                .attach(machine.device("disk"));
        machine.replaceDriver(another(), "1.1.0");
        machine.settle();
        UnitRecord record = machine.driver.handedOver.get("smmu0");
        assertThat(record.version()).isEqualTo(UnitRecord.VERSION);
        assertThat(record.devices()).hasSize(6);
        UnitRecord.Device nic = record.devices().stream()
                .filter(device -> device.device().name().equals("nic"))
                .findFirst()
                .orElseThrow();
        assertThat(nic.untagged()).isEqualTo(Attachment.Kind.TRANSLATED);
        assertThat(nic.context().tag()).isEqualTo(1);
        assertThat(nic.context().walker()).isInstanceOf(FakeFormat.Walker.class);
        assertThat(nic.pasids()).singleElement().satisfies(pasid -> {
            assertThat(pasid.pasid()).isEqualTo(own.pasid());
            assertThat(pasid.context().tag()).isEqualTo(2);
        });
        assertThat(record.devices())
                .filteredOn(device -> device.device().name().equals("disk"))
                .extracting(UnitRecord.Device::untagged)
                .containsExactly(Attachment.Kind.IDENTITY);
    }

    @Test
    void timeOutNamesTheDriverAndLeavesEverythingAsItWas() {
        Domain domain = machine.attached("nic");
        domain.space().map(0x1000, 0x8000, 0x1000, RW);
        machine.device("nic").initSva(SvaParameters.any());
        IoMm own = domain.allocPasid(machine.device("nic"));
        own.map(0x1000, 0x9000, 0x1000, RW);
        machine.removeDriver();
        ProviderMissingException error =
                catchThrowableOfType(ProviderMissingException.class, () -> own.map(0x5000, 0x8000, 0x1000, RW));
        assertThat(error.missing()).isEqualTo("driver fake,iommu");
        assertThat(error).hasMessageContaining("test.driver 1.0.0 left");
        assertThat(own.unmap(0x1000, 0x1000)).isZero();
        List<Runnable> calls = List.of(
                () -> domain.attach(machine.device("disk")),
                () -> domain.detach(machine.device("nic")),
                () -> domain.allocPasid(machine.device("nic")),
                () -> domain.freePasid(own),
                domain::close,
                machine::domain,
                () -> machine.device("nic").shutdownSva(),
                () -> machine.device("disk").initSva(SvaParameters.any()));
        for (Runnable call : calls) {
            assertThatThrownBy(call::run)
                    .isInstanceOf(ProviderMissingException.class)
                    .hasMessageContaining("driver fake,iommu is missing: test.driver 1.0.0 left");
        }
        assertThat(status().state()).isEqualTo(UnitStatus.State.HELD);
        assertThat(machine.hardware.dma(TestMachine.NIC, -1, 0x1000)).isEqualTo(0x8000);
        assertThat(machine.hardware.dma(TestMachine.NIC, own.pasid(), 0x1000)).isEqualTo(0x9000);
        machine.addDriver("1.1.0");
        machine.settle();
        assertThat(own.state()).isEqualTo(SpaceState.ATTACHED);
        assertThat(own.iovaToPhys(0x1000)).isEqualTo(0x9000);
        assertThat(machine.swaps.stream()
                        .mapToLong(event -> event.callsParked())
                        .sum())
                .as("every call that waited is counted")
                .isEqualTo(2 + calls.size());
    }

    @Test
    void refusalKeepsTheStateAndALaterDriverHeals() {
        AddressSpace space = machine.attached("nic").space();
        space.map(0x1000, 0x8000, 0x1000, RW);
        FakeDriver picky = another();
        picky.refuseAdoption = "STE of stream 0x10 differs in S1ContextPtr";
        machine.replaceDriver(picky, "1.1.0");
        machine.settle();
        assertThat(status().state()).isEqualTo(UnitStatus.State.HELD);
        assertThat(status().cause()).contains("test.driver 1.1.0 was refused").contains("S1ContextPtr");
        assertThat(machine.swaps).allMatch(event -> !event.adopted());
        machine.replaceDriver(another(), "1.2.0");
        machine.settle();
        assertThat(status().state()).isEqualTo(UnitStatus.State.RUNNING);
        assertThat(space.unmap(0x1000, 0x1000)).isEqualTo(0x1000);
    }

    @Test
    void driverThatMakesSomethingElseOfAContextIsRefusedAndHandsOver() {
        AddressSpace space = machine.attached("nic").space();
        machine.journal.clear();
        FakeDriver forgetful = another();
        forgetful.forgetsRecords = true;
        machine.replaceDriver(forgetful, "1.1.0");
        machine.settle();
        assertThat(status().cause()).contains("successor makes");
        // Two hand-overs of the old one, and that of the one that was refused on smmu0.
        assertThat(machine.journal.of("handOver")).hasSize(3);
        machine.replaceDriver(another(), "1.2.0");
        machine.settle();
        space.map(0x1000, 0x8000, 0x1000, RW);
    }

    @Test
    void invalidationThatWasQueuedIsSyncedBeforeTheHandOver() {
        AddressSpace space = machine.attached("nic").space();
        space.tlbRangeAdd(0x1000, 0x1000);
        machine.journal.clear();
        machine.removeDriver();
        assertThat(machine.journal.of("sync", "handOver")).startsWith("sync tag1", "handOver");
        machine.addDriver("1.1.0");
        machine.settle();
        machine.journal.clear();
        machine.removeDriver();
        assertThat(machine.journal.of("sync")).as("nothing was queued since").isEmpty();
        machine.addDriver("1.2.0");
    }

    @Test
    void driverAndFormatMayBothBeAway() {
        AddressSpace space = machine.attached("nic").space();
        space.map(0x1000, 0x8000, 0x1000, RW);
        machine.removeFormat();
        machine.removeDriver();
        machine.addDriver("1.1.0");
        machine.settle();
        assertThatThrownBy(() -> space.iovaToPhys(0x1000)).hasMessageContaining("page-table format FAKE is missing");
        machine.removeDriver();
        machine.addFormat("1.1.0");
        machine.settle();
        assertThatThrownBy(() -> space.iovaToPhys(0x1000)).hasMessageContaining("driver fake,iommu is missing");
        machine.addDriver("1.2.0");
        machine.settle();
        assertThat(space.iovaToPhys(0x1000)).isEqualTo(0x8000);
    }

    @Test
    void hardwareThatWasDrivenIsAdoptedNeverReset() {
        machine.removeDriver();
        machine.journal.clear();
        machine.addDriver("1.0.0");
        machine.settle();
        assertThat(machine.journal.of("probe")).isEmpty();
    }

    @Test
    void nothingOfTheOldDriverIsKept() {
        AddressSpace space = machine.attached("nic").space();
        space.map(0x200000, 0x8000, 0x200000, RW);
        space.unmap(0x200000, 0x200000);
        WeakReference<FakeDriver> old = new WeakReference<>(machine.driver);
        machine.replaceDriver(another(), "1.1.0");
        machine.settle();
        FormatSwapTest.assertCollected(old);
    }
}
