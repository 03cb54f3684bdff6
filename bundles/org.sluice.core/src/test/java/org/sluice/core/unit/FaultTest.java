package org.sluice.core.unit;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.sluice.api.Domain;
import org.sluice.api.FaultEvent;
import org.sluice.api.FaultReason;
import org.sluice.api.FaultResponse;
import org.sluice.api.IoMm;
import org.sluice.api.SvaParameters;
import org.sluice.core.TestMachine;
import org.sluice.spi.driver.FaultRecord;

class FaultTest {
    private final TestMachine machine = TestMachine.running();
    private final List<FaultEvent> heard = new ArrayList<>();

    static FaultRecord fault(int stream, int pasid, long iova) {
        return new FaultRecord(
                stream,
                pasid,
                FaultReason.TRANSLATION,
                "F_TRANSLATION",
                iova,
                true,
                false,
                false,
                true,
                List.of(1L, 2L));
    }

    @BeforeEach
    void listen() {
        machine.listen(heard::add);
    }

    @AfterEach
    void stop() {
        machine.close();
    }

    private FaultResponse report(int stream, int pasid, long iova) {
        return machine.driver.host.report(fault(stream, pasid, iova));
    }

    @Test
    void untaggedFaultGoesToTheDomainAndToListeners() {
        Domain domain = machine.attached("disk");
        List<FaultEvent> handled = new ArrayList<>();
        domain.onFault(event -> {
            handled.add(event);
            return FaultResponse.RETRY;
        });
        // smmu1 was probed last; its host reports for its own streams, so ask through the domain's own unit.
        FaultResponse response =
                Unit.of(machine.device("disk")).host().report(fault(TestMachine.DISK, FaultEvent.NO_PASID, 0x1234));
        assertThat(response).isEqualTo(FaultResponse.RETRY);
        assertThat(handled).isEqualTo(heard).singleElement().satisfies(event -> {
            assertThat(event.device()).isEqualTo("disk");
            assertThat(event.iommu()).isEqualTo("smmu0");
            assertThat(event.iova()).isEqualTo(0x1234);
            assertThat(event.raw()).containsExactly(1L, 2L);
        });
        assertThat(machine.counter("faults")).isEqualTo(1);
    }

    @Test
    void faultWithPasidGoesToTheOwnerOfTheSpaceOnly() {
        Domain domain = machine.attached("nic");
        machine.device("nic").initSva(SvaParameters.any());
        IoMm space = domain.allocPasid(machine.device("nic"));
        domain.onFault(event -> FaultResponse.ABORT);
        var host = Unit.of(machine.device("nic")).host();
        assertThat(host.report(fault(TestMachine.NIC, space.pasid(), 0x1000))).isEqualTo(FaultResponse.UNHANDLED);
        space.onFault(event -> FaultResponse.RETRY);
        assertThat(host.report(fault(TestMachine.NIC, space.pasid(), 0x1000))).isEqualTo(FaultResponse.RETRY);
        assertThat(host.report(fault(TestMachine.NIC, 99, 0x1000))).isEqualTo(FaultResponse.UNHANDLED);
        assertThat(host.report(fault(TestMachine.NIC, FaultEvent.NO_PASID, 0))).isEqualTo(FaultResponse.ABORT);
    }

    @Test
    void unknownStreamIsNamedByItsNumber() {
        assertThat(report(0xabc, FaultEvent.NO_PASID, 0)).isEqualTo(FaultResponse.UNHANDLED);
        assertThat(heard).singleElement().extracting(FaultEvent::device).isEqualTo("stream 0xabc");
    }

    @Test
    void listenerOrHandlerThatFailsDoesNotDisturbTheDriver() {
        machine.listen(event -> {
            throw new IllegalStateException("listener");
        });
        List<FaultEvent> later = new ArrayList<>();
        machine.listen(later::add);
        Domain domain = machine.attached("nic");
        domain.onFault(event -> {
            throw new IllegalStateException("handler");
        });
        assertThat(Unit.of(machine.device("nic")).host().report(fault(TestMachine.NIC, FaultEvent.NO_PASID, 0)))
                .isEqualTo(FaultResponse.UNHANDLED);
        assertThat(later).hasSize(1);
    }
}
