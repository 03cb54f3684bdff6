package org.sluice.trace.fake;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import org.sluice.api.Domain;
import org.sluice.api.DomainRequest;
import org.sluice.api.FaultEvent;
import org.sluice.api.FaultReason;
import org.sluice.api.Iommu;
import org.sluice.api.IommuDevice;
import org.sluice.api.IommuGroup;
import org.sluice.api.SvaBond;
import org.sluice.api.UnitStatus;
import org.sluice.process.ProcessTable;
import org.sluice.spi.board.Board;
import org.sluice.spi.board.Endpoint;
import org.sluice.spi.board.IommuHardware;
import org.sluice.spi.memory.PageAllocator;
import org.sluice.spi.memory.PhysicalMemory;
import org.sluice.trace.internal.machine.FaultLog;
import org.sluice.trace.internal.machine.Machine;
import org.sluice.trace.internal.machine.Stream;

/** Core, board and device in one, as simple as can be, with a defect. Shares no code with the platform. */
public final class FakePlatform implements Machine, Iommu, Board, PageAllocator {
    static final String IOMMU = "fake-smmu";

    private static final long POOL = 0x7_0000_0000L;

    private final Defect defect;
    private final FakeMemory memory = new FakeMemory();
    private final FaultLog faults = new FaultLog(IOMMU);
    private final Map<String, FakeDevice> devices = new LinkedHashMap<>();
    private final Map<String, Stream> streams = new LinkedHashMap<>();
    private final AtomicLong pages = new AtomicLong(POOL);
    private final FakeProcesses processes = new FakeProcesses(this);
    private int open;

    public FakePlatform(Map<String, Integer> streamIds, Defect defect) {
        this.defect = defect;
        streamIds.forEach((name, id) -> {
            FakeDevice device = new FakeDevice(this, name, id);
            devices.put(name, device);
            streams.put(name, new Stream(device, new Endpoint(name, "", IOMMU, List.of(id), 16, -1, device)));
        });
    }

    /** Domains that were allocated and not closed. */
    public int openDomains() {
        return open;
    }

    Defect defect() {
        return defect;
    }

    void attach(FakeDevice device, FakeDomain domain) {
        device.attach(domain);
        if (defect == Defect.SPURIOUS_EVENT) {
            faults.faulted(new FaultEvent(
                    IOMMU, "?", 0x99, -1, FaultReason.OTHER, "F_UUT", 0, false, false, false, false, List.of()));
        }
    }

    void invalidate(FakeSpace space) {
        devices.values().forEach(FakeDevice::invalidate);
    }

    void free(FakeSpace space) {
        space.revoke();
        devices.values().forEach(device -> device.free(space));
    }

    void close(FakeDomain domain) {
        open--;
    }

    void report(FaultEvent event) {
        if (defect != Defect.SILENT) {
            faults.faulted(event);
        }
    }

    @Override
    public Iommu iommu() {
        return this;
    }

    @Override
    public Board board() {
        return this;
    }

    @Override
    public Map<String, Stream> streams() {
        return streams;
    }

    @Override
    public FaultLog faults() {
        return faults;
    }

    @Override
    public Map<String, Long> counters() {
        return Map.of(
                "tlb.hit",
                7L,
                "s2.tlb.hit",
                5L,
                "tables.bytes",
                8192L,
                "command.CMD_SYNC",
                3L,
                "iopf.success",
                processes.repaired());
    }

    @Override
    public Optional<ProcessTable> processes() {
        return Optional.of(processes);
    }

    @Override
    public SvaBond bind(IommuDevice device, long process) {
        return processes.bind((FakeDevice) device, process);
    }

    @Override
    public void close() {
        streams.clear();
    }

    @Override
    public Domain allocDomain(IommuDevice device, DomainRequest request) {
        open++;
        return new FakeDomain(this, request.type());
    }

    @Override
    public PhysicalMemory memory() {
        return memory;
    }

    @Override
    public PageAllocator allocator() {
        return this;
    }

    @Override
    public long allocate(long bytes, long alignment) {
        return pages.getAndAdd(bytes);
    }

    @Override
    public void free(long address, long bytes) {
        memory.clear(address, bytes);
    }

    @Override
    public List<IommuDevice> devices() {
        return List.copyOf(devices.values());
    }

    @Override
    public Optional<IommuDevice> device(String name) {
        return Optional.ofNullable(devices.get(name));
    }

    @Override
    public List<IommuGroup> groups() {
        return List.of();
    }

    @Override
    public List<UnitStatus> status() {
        return List.of();
    }

    @Override
    public String name() {
        return "fake";
    }

    @Override
    public List<IommuHardware> iommus() {
        return List.of();
    }

    @Override
    public List<Endpoint> endpoints() {
        return List.of();
    }

    @Override
    public long allocateBelow(long bytes, long alignment, long lastAddress) {
        throw new UnsupportedOperationException();
    }

    @Override
    public boolean isAllocated(long address, long bytes) {
        return Long.compareUnsigned(address, POOL) >= 0 && address < pages.get();
    }

    @Override
    public long allocatedBytes() {
        return pages.get() - POOL;
    }
}
