package org.sluice.core.unit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.text.MessageFormat;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.sluice.api.DmaDirection;
import org.sluice.api.DmaMapper;
import org.sluice.api.Domain;
import org.sluice.api.DomainRequest;
import org.sluice.api.DomainType;
import org.sluice.api.IoMm;
import org.sluice.api.IommuException;
import org.sluice.api.SpaceRevokedException;
import org.sluice.api.SpaceState;
import org.sluice.api.SvaBond;
import org.sluice.api.SvaFeature;
import org.sluice.api.SvaParameters;
import org.sluice.core.TestMachine;
import org.sluice.pgtable.arm.Stage1Format;
import org.sluice.process.Process;
import org.sluice.process.ProcessRequest;
import org.sluice.process.internal.Processes;
import org.sluice.process.internal.ProcessesDoor;

/** The machine behind a board dies, as a QEMU may: nothing of the hardware answers, then the board goes. */
@Timeout(value = 120, unit = TimeUnit.SECONDS)
class DeadHardwareTest {
    private static final String WHY = "QEMU is gone";

    private final TestMachine machine = TestMachine.withRealTables();
    private final Processes processes = ProcessesDoor.open(machine.board, new Stage1Format());

    @Test
    void everythingEndsWhenTheBoardGoesAndTheOtherIommuTooIsOff() {
        machine.addProcesses(processes);
        Process process = processes.start(ProcessRequest.on("fake").withBits(39, 48));
        process.mmap(0x10_0000, 0x4000, TestMachine.RW);
        machine.device("nic").initSva(SvaParameters.any().with(SvaFeature.IO_PAGE_FAULTS));
        SvaBond bond = machine.platform.bind(machine.device("nic"), process.number());
        Domain domain = machine.attached("disk");
        machine.device("disk").initSva(SvaParameters.any());
        IoMm own = domain.allocPasid(machine.device("disk"));
        own.map(0x1000, 0x9000, 0x1000, TestMachine.RW);
        domain.space().map(0x1000, 0x8000, 0x1000, TestMachine.RW);
        Domain far = machine.platform.allocDomain(machine.device("far"), DomainRequest.of(DomainType.UNMANAGED));

        machine.hardware.dead = WHY;
        assertThatThrownBy(() -> own.unmap(0x1000, 0x1000)).hasMessageContaining(WHY);
        assertThatThrownBy(bond::close).hasMessageContaining(WHY);
        machine.removeBoard();

        assertThat(machine.platform.devices()).isEmpty();
        assertThat(machine.platform.status()).isEmpty();
        assertThat(own.state()).isEqualTo(SpaceState.REVOKED);
        assertThat(own.bonds()).isEmpty();
        assertThatThrownBy(() -> own.map(0x2000, 0xa000, 0x1000, TestMachine.RW))
                .isInstanceOf(SpaceRevokedException.class);
        assertThatThrownBy(() -> domain.space().map(0x2000, 0xa000, 0x1000, TestMachine.RW))
                .isInstanceOf(SpaceRevokedException.class);
        assertThatThrownBy(() -> far.space().map(0x2000, 0xa000, 0x1000, TestMachine.RW))
                .as("the IOMMU that is shut down after the dead one")
                .isInstanceOf(SpaceRevokedException.class);
        assertThat(own.unmap(0x1000, 0x1000)).isZero();
        assertThat(bond.isLive()).isFalse();
        bond.close();
        process.exit();
        machine.close();
        processes.close();
    }

    @Test
    void theLogNamesTheIommuOnceForEachThingThatDidNotEnd() {
        List<String> told = new CopyOnWriteArrayList<>();
        Handler listener = new Handler() {
            @Override
            public void publish(LogRecord entry) {
                told.add(MessageFormat.format(entry.getMessage(), entry.getParameters()));
            }

            @Override
            public void flush() {}

            @Override
            public void close() {}
        };
        Logger logger = Logger.getLogger("org.sluice.core");
        logger.addHandler(listener);
        try {
            machine.attached("nic");
            machine.hardware.dead = WHY;
            machine.removeBoard();
        } finally {
            logger.removeHandler(listener);
        }
        assertThat(told)
                .anyMatch(line -> line.startsWith("domain 1 of smmu0 did not end cleanly: "))
                .filteredOn(line -> line.contains("did not end cleanly"))
                .allMatch(line -> line.split("smmu[01]", -1).length == 2);
        machine.close();
    }

    @Test
    void dmaMappingEndsWithItToo() {
        machine.domain(DomainType.DMA_FQ).attach(machine.device("nic"));
        DmaMapper mapper = machine.device("nic").dma();
        mapper.map(0x9_0000_0000L, 0x1000, DmaDirection.TO_DEVICE);
        machine.hardware.dead = WHY;
        machine.removeBoard();
        assertThatThrownBy(() -> mapper.map(0x9_0000_0000L, 0x1000, DmaDirection.TO_DEVICE))
                .isInstanceOf(IommuException.class);
        machine.close();
    }
}
