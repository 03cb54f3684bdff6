package org.sluice.bench;

import java.util.Map;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.sluice.api.AddressSpace;
import org.sluice.api.DmaMapper;
import org.sluice.api.Domain;
import org.sluice.api.DomainRequest;
import org.sluice.api.DomainType;
import org.sluice.api.IoMm;
import org.sluice.api.IommuDevice;
import org.sluice.api.IotlbGather;
import org.sluice.api.SvaParameters;
import org.sluice.board.model.BoardDoor;
import org.sluice.core.PlatformDoor;
import org.sluice.pgtable.arm.Stage1Format;
import org.sluice.smmuv3.driver.Smmuv3Driver;
import org.sluice.spi.board.Board;
import org.sluice.spi.board.Dma;

/**
 * The whole platform without a container: model board, SMMUv3 driver, format and core, one device that is attached to a
 * domain and has a private space beside it.
 */
@State(Scope.Benchmark)
public class Machine {
    /** IOVA 0 is mapped to this address, so that no 2M block fits. */
    static final long PADDR = 0x1_0000_0000L + TableState.SIZE_4K;

    private PlatformDoor door;
    IommuDevice nic;
    Domain attached;
    AddressSpace domain;
    IoMm ioMm;
    Dma dma;
    final IotlbGather gather = new IotlbGather();

    @Setup(Level.Trial)
    public void powerOn() throws InterruptedException {
        Neighbours.exercise();
        Board board = BoardDoor.powerOn(Map.of(
                "name", "bench",
                "memory", "0x40000000+0x200000000",
                "pool", "0x40000000+0x10000000",
                "endpoints", "nic;sid=0x10;pasids=8"));
        door = new PlatformDoor();
        door.add(board);
        door.add(new Stage1Format());
        door.add(new Smmuv3Driver(null, false), BoardDoor.COMPATIBLE);
        door.settle();
        nic = door.platform().device("nic").orElseThrow();
        attached = allocate(DomainType.UNMANAGED);
        attached.attach(nic);
        domain = attached.space();
        nic.initSva(SvaParameters.any());
        ioMm = attached.allocPasid(nic);
        dma = board.endpoints().get(0).dma();
        prepare();
    }

    /** What a subclass sets up; JMH would run a fixture of its own before this one's. */
    void prepare() {}

    final Domain allocate(DomainType type) {
        return door.platform().allocDomain(nic, DomainRequest.of(type));
    }

    /** Moves the device to a domain for DMA mapping. */
    final DmaMapper attach(DomainType type) {
        allocate(type).attach(nic);
        return nic.dma();
    }

    @TearDown(Level.Trial)
    public void powerOff() {
        door.platform().close();
    }

    static void mapAll(AddressSpace space, long bytes, long call) {
        for (long iova = 0; iova < bytes; iova += call) {
            space.map(iova, PADDR + iova, call, TableState.RW);
        }
    }

    final long unmapAll(AddressSpace space, long bytes, long call) {
        long done = 0;
        for (long iova = 0; iova < bytes; iova += call) {
            done += space.unmapFast(iova, call, gather);
        }
        return done;
    }

    /** Unmaps page by page and completes that: leaf tables stay. */
    final void clear(AddressSpace space, long bytes) {
        long done = unmapAll(space, bytes, TableState.SIZE_4K);
        if (done != bytes) {
            throw new IllegalStateException(String.format("0x%x of 0x%x bytes were unmapped", done, bytes));
        }
        space.sync(gather);
    }
}
