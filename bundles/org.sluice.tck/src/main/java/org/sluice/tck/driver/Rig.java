package org.sluice.tck.driver;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Predicate;
import org.sluice.api.Errno;
import org.sluice.api.FaultEvent;
import org.sluice.api.FaultResponse;
import org.sluice.api.IommuException;
import org.sluice.spi.board.Board;
import org.sluice.spi.board.Endpoint;
import org.sluice.spi.board.IommuHardware;
import org.sluice.spi.driver.Attachment;
import org.sluice.spi.driver.ContextRequest;
import org.sluice.spi.driver.DeviceRecord;
import org.sluice.spi.driver.FaultRecord;
import org.sluice.spi.driver.IommuUnit;
import org.sluice.spi.driver.PageRequest;
import org.sluice.spi.driver.PageResponseOperations;
import org.sluice.spi.driver.PasidOperations;
import org.sluice.spi.driver.TranslationContext;
import org.sluice.spi.driver.UnitHost;
import org.sluice.spi.driver.UnitRecord;
import org.sluice.spi.memory.PageAllocator;
import org.sluice.spi.memory.PhysicalMemory;

/** One board for one case, with the driver's unit on it, and what a core gives a driver. */
final class Rig implements UnitHost, AutoCloseable {
    private static final String SMMUV3 = "arm,smmu-v3";
    private static final long PATIENCE_SECONDS = 60;

    private final DriverUnderTest subject;
    private final BoardSource.Powered powered;
    private final IommuHardware hardware;
    private final InterposedRegisters registers;
    private final List<Client> clients = new ArrayList<>();
    private final List<FaultRecord> faults = new CopyOnWriteArrayList<>();
    private final AtomicLong dataPages = new AtomicLong(BoardSource.MEMORY);
    private volatile Runnable onFault = () -> {};
    private IommuUnit unit;

    Rig(DriverUnderTest subject, Identity identity, List<Integer> streamIds) {
        this.subject = subject;
        powered = subject.boards().powerOn(streamIds);
        IommuHardware real = powered.board().iommus().get(0);
        registers = new InterposedRegisters(real.registers(), memory(), identity);
        hardware = isSmmuv3(real)
                ? new IommuHardware(real.name(), real.compatible(), registers, real.interrupts(), real.properties())
                : real;
        unit = subject.driver().probe(hardware, this);
        for (Endpoint endpoint : powered.board().endpoints()) {
            DeviceRecord record =
                    new DeviceRecord(endpoint.name(), endpoint.streamIds(), endpoint.pasidBits(), endpoint.port());
            add(record);
            clients.add(new Client(record, endpoint.dma(), memory(), this::settle));
        }
    }

    private static boolean isSmmuv3(IommuHardware iommu) {
        return iommu.compatible().equals(SMMUV3);
    }

    private void add(DeviceRecord record) {
        try {
            unit.addDevice(record);
        } catch (IommuException refused) {
            close();
            if (!isSmmuv3() && refused.errno() == Errno.ENOSPC) {
                Unsupported.on(this, "so many streams: " + refused.getMessage());
            }
            throw refused;
        }
    }

    /** Whether the IOMMU has queues and tables of streams. */
    boolean isSmmuv3() {
        return isSmmuv3(hardware);
    }

    /**
     * Waits until a fault that there may be is reported and forgotten, where one keeps later ones of the same space out. An
     * SMMUv3 has room for many.
     */
    void settle() {
        if (!isSmmuv3() && unit instanceof PageResponseOperations faulting) {
            faulting.drain(client().record(), FaultEvent.NO_PASID);
        }
    }

    String platform() {
        return subject.platform();
    }

    Board board() {
        return powered.board();
    }

    IommuUnit unit() {
        return unit;
    }

    /** What stands before an SMMUv3; with another the case ends here. */
    InterposedRegisters registers() {
        if (!isSmmuv3()) {
            Unsupported.on(this, "a command queue and stream tables");
        }
        return registers;
    }

    List<Client> clients() {
        return clients;
    }

    Client client() {
        return clients.get(0);
    }

    @Override
    public PhysicalMemory memory() {
        return powered.board().memory();
    }

    @Override
    public PageAllocator allocator() {
        return powered.board().allocator();
    }

    /** A stage-1 space with leaf sizes of one granule. */
    Space space(long pageSizes) {
        return space(new ContextRequest(1, false, false, pageSizes));
    }

    Space space(ContextRequest request) {
        TranslationContext context = unit.createContext(request);
        return new Space(this, context, subject.format(context.tableConfig().format()));
    }

    /** A space of 4 KiB pages with a device attached. */
    Space attached(Client client) {
        Space space = space(Sizes.granules(unit).get(0));
        unit.attach(client.record(), Attachment.to(space.context()));
        return space;
    }

    /** A private space that a device reaches by a PASID. */
    Space attachedTo(Client client, PasidOperations pasids, int pasid) {
        Space space =
                space(new ContextRequest(1, false, true, Sizes.granules(unit).get(0)));
        pasids.mmAttach(client.record(), pasid, space.context(), true);
        return space;
    }

    /** A page of the suite's memory that nothing else uses, of 64 KiB and aligned to that. */
    long page() {
        return dataPages.getAndAdd(0x1_0000);
    }

    /** Lets a successor take the hardware over, as after an update of the bundle. */
    void swap(UnitRecord record) {
        unit.handOver();
        unit = subject.driver().adopt(hardware, this, record);
    }

    @Override
    public FaultResponse report(FaultRecord fault) {
        onFault.run();
        faults.add(fault);
        return FaultResponse.ABORT;
    }

    @Override
    public boolean pageRequest(PageRequest request) {
        return false;
    }

    /** What to do, on the event thread, before a fault counts as reported. */
    void onFault(Runnable action) {
        onFault = action;
    }

    List<FaultRecord> faults() {
        return faults;
    }

    /** Waits for a fault that was reported, and forgets all. */
    FaultRecord fault(Predicate<FaultRecord> which) {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
        while (true) {
            for (FaultRecord fault : faults) {
                if (which.test(fault)) {
                    faults.clear();
                    return fault;
                }
            }
            assertThat(System.nanoTime())
                    .as("no such fault within %d s; reported were %s", PATIENCE_SECONDS, faults)
                    .isLessThan(deadline);
            pause();
        }
    }

    static void pause() {
        try {
            TimeUnit.MILLISECONDS.sleep(1);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError("interrupted", e);
        }
    }

    @Override
    public void close() {
        try {
            unit.shutdown();
        } finally {
            powered.powerOff().run();
        }
    }
}
