package org.sluice.itest;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.sluice.api.Domain;
import org.sluice.api.FaultResponse;
import org.sluice.api.IoMm;
import org.sluice.api.Prot;
import org.sluice.api.SvaBond;
import org.sluice.api.SvaFeature;
import org.sluice.api.SvaParameters;
import org.sluice.process.Process;
import org.sluice.process.ProcessRequest;
import org.sluice.process.ProcessTable;
import org.sluice.spi.board.Dma;

/** Faults that are repaired, all the way: device, stalled transaction, event queue, driver, core, process, and back. */
class SharedAddressSpaceTest {
    private static final long BASE = 0x7f00_0010_0000L;
    private static final int RW = Prot.READ | Prot.WRITE;
    private static final byte[] TEXT = "written by the device".getBytes(StandardCharsets.US_ASCII);

    private static final Map<String, Object> STALLS = Map.of("iommu.idr0.STALL_MODEL", "0");

    private static byte[] of(Process process, long address) {
        byte[] seen = new byte[TEXT.length];
        process.read(address, seen, 0, seen.length);
        return seen;
    }

    @Test
    void deviceUsesTheMemoryOfAProcessAsTheProcessDoes() throws Exception {
        try (Machine machine = Machine.powerOn("shared", STALLS)) {
            ProcessTable processes = Container.service(ProcessTable.class);
            Container.await("the board is known to the processes", () -> starts(processes));
            Process process = processes.start(ProcessRequest.on("shared"));
            process.mmap(BASE, 0x4000, RW);
            machine.device(Machine.ACCELERATOR).initSva(SvaParameters.any().with(SvaFeature.IO_PAGE_FAULTS));
            SvaBond bond = machine.iommu().bind(machine.device(Machine.ACCELERATOR), process.number());
            Dma dma = machine.endpoint(Machine.ACCELERATOR).dma();
            int pasid = bond.pasid();

            assertThat(process.residentPages()).isZero();
            assertThat(dma.write(pasid, BASE + 0xff8, TEXT, 0, TEXT.length, 0)).isEqualTo(Dma.OK);
            assertThat(process.residentPages()).as("across a page").isEqualTo(2);
            assertThat(of(process, BASE + 0xff8)).isEqualTo(TEXT);

            Process child = process.fork();
            byte[] other = TEXT.clone();
            other[0] = 'W';
            assertThat(dma.write(pasid, BASE + 0xff8, other, 0, other.length, 0))
                    .isEqualTo(Dma.OK);
            assertThat(of(child, BASE + 0xff8))
                    .as("copied on the device's write")
                    .isEqualTo(TEXT);
            assertThat(of(process, BASE + 0xff8)).isEqualTo(other);
            child.exit();

            process.mprotect(BASE, 0x1000, Prot.READ);
            assertThat(dma.write(pasid, BASE, TEXT, 0, 4, 0)).isEqualTo(Dma.ABORT);
            assertThat(dma.read(pasid, BASE, other, 0, 4, 0)).isEqualTo(Dma.OK);
            process.munmap(BASE, 0x1000);
            assertThat(dma.read(pasid, BASE, other, 0, 4, 0)).isEqualTo(Dma.ABORT);

            process.exit();
            assertThat(bond.isLive()).isFalse();
            assertThat(dma.read(pasid, BASE + 0x1000, other, 0, 4, 0)).isEqualTo(Dma.ABORT);
        }
    }

    private static boolean starts(ProcessTable processes) {
        try {
            processes.start(ProcessRequest.on("shared")).exit();
            return true;
        } catch (RuntimeException missing) {
            return false;
        }
    }

    @Test
    void ownerOfAPrivateSpaceMapsWhenTheDeviceAsks() throws Exception {
        byte[] seen = new byte[TEXT.length];
        try (Machine machine = Machine.powerOn("private-faults", STALLS);
                Domain domain = machine.domain(Machine.ACCELERATOR)) {
            machine.device(Machine.ACCELERATOR).initSva(SvaParameters.any());
            IoMm own = domain.allocPasid(machine.device(Machine.ACCELERATOR));
            own.onPageFault(fault -> {
                own.map(fault.iova() & -0x1000L, Machine.RAM + 0x3000, 0x1000, RW | Prot.CACHE);
                return FaultResponse.RETRY;
            });
            machine.memory().write(Machine.RAM + 0x3000, TEXT, 0, TEXT.length);
            Dma dma = machine.endpoint(Machine.ACCELERATOR).dma();
            assertThat(dma.read(own.pasid(), 0x10_0000, seen, 0, seen.length, 0))
                    .isEqualTo(Dma.OK);
            assertThat(seen).isEqualTo(TEXT);
            own.onPageFault(null);
            assertThat(dma.read(own.pasid(), 0x20_0000, seen, 0, seen.length, 0))
                    .as("nobody repairs it")
                    .isEqualTo(Dma.ABORT);
            domain.freePasid(own);
            assertThat(dma.read(own.pasid(), 0x10_0000, seen, 0, seen.length, 0))
                    .isEqualTo(Dma.ABORT);
        }
    }
}
