package org.sluice.stress.driver;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import org.sluice.api.Counters;
import org.sluice.api.FaultResponse;
import org.sluice.memory.ResidentMemoryFactory;
import org.sluice.pgtable.arm.Stage1Format;
import org.sluice.pgtable.arm.Stage2Format;
import org.sluice.smmuv3.driver.Smmuv3Driver;
import org.sluice.smmuv3.model.Smmuv3ModelFactory;
import org.sluice.spi.board.IommuHardware;
import org.sluice.spi.board.IommuModel;
import org.sluice.spi.board.ModelRequest;
import org.sluice.spi.bus.DevicePort;
import org.sluice.spi.bus.InterruptLines;
import org.sluice.spi.bus.RegisterFile;
import org.sluice.spi.driver.ContextRequest;
import org.sluice.spi.driver.DeviceRecord;
import org.sluice.spi.driver.FaultRecord;
import org.sluice.spi.driver.IommuUnit;
import org.sluice.spi.driver.PageRequest;
import org.sluice.spi.driver.PasidOperations;
import org.sluice.spi.driver.TranslationContext;
import org.sluice.spi.driver.UnitHost;
import org.sluice.spi.memory.MemoryRegion;
import org.sluice.spi.memory.PageAllocator;
import org.sluice.spi.memory.PhysicalMemory;
import org.sluice.spi.pgtable.PageTable;
import org.sluice.spi.pgtable.PageTableConfig;
import org.sluice.spi.pgtable.PageTableFormat;
import org.sluice.spi.pgtable.TableHost;

/** A model with a driver on it, and what both need: memory, interrupts, and a core that only takes notes. */
final class Rig implements UnitHost, InterruptLines, TableHost, AutoCloseable {
    /** Where devices' data lies. */
    static final long RAM = 0x8000_0000L;

    /** Data above what 48 bits reach. */
    static final long HIGH_RAM = 0x5_0000_0000_0000L;

    private static final MemoryRegion POOL = new MemoryRegion(0x4000_0000L, 64L << 20);

    private final PhysicalMemory memory;
    private final PageAllocator allocator;
    private final Map<String, List<Runnable>> listeners = new ConcurrentHashMap<>();
    private final List<FaultRecord> faults = new CopyOnWriteArrayList<>();
    private final List<PageRequest> requests = new CopyOnWriteArrayList<>();
    private final Smmuv3Driver driver;
    private final IommuModel model;
    private UnaryOperator<RegisterFile> board = registers -> registers;
    private Map<String, String> firmware = Map.of();
    private volatile Predicate<PageRequest> repairs = request -> false;
    private volatile boolean combined;
    private IommuUnit unit;

    /** A model with these properties; nothing drives it yet. */
    Rig(Map<String, Object> properties) {
        this(properties, false);
    }

    /** The same; the driver may join leaves to contiguous groups. */
    Rig(Map<String, Object> properties, boolean contiguous) {
        this(
                new ResidentMemoryFactory()
                        .create(List.of(POOL, new MemoryRegion(RAM, 64L << 20), new MemoryRegion(HIGH_RAM, 64L << 20))),
                null,
                properties,
                contiguous);
    }

    /** A second SMMU in the same machine. */
    Rig(Rig neighbour) {
        this(neighbour.memory, neighbour.allocator, Map.of(), false);
    }

    private Rig(PhysicalMemory memory, PageAllocator shared, Map<String, Object> properties, boolean contiguous) {
        this.memory = memory;
        allocator = shared != null ? shared : new ResidentMemoryFactory().allocator(memory, POOL);
        driver = new Smmuv3Driver(null, contiguous);
        Map<String, Object> all = new HashMap<>(Map.of("profile", "full"));
        all.putAll(properties);
        model = new Smmuv3ModelFactory().create(new ModelRequest("smmu0", memory, memory, this::raise, all));
    }

    /** What lies between the driver and the model's registers, and what firmware says. */
    Rig with(UnaryOperator<RegisterFile> between, Map<String, String> properties) {
        board = between;
        firmware = properties;
        return this;
    }

    Rig probe() {
        unit = driver.probe(
                new IommuHardware("smmu0", "arm,smmu-v3", board.apply(model.registers()), this, firmware), this);
        return this;
    }

    Smmuv3Driver driver() {
        return driver;
    }

    IommuModel model() {
        return model;
    }

    IommuUnit unit() {
        return unit;
    }

    PasidOperations pasids() {
        return (PasidOperations) unit;
    }

    List<FaultRecord> faults() {
        return faults;
    }

    List<PageRequest> requests() {
        return requests;
    }

    void repair(Predicate<PageRequest> predicate) {
        repairs = predicate;
    }

    DeviceRecord add(String name, int streamId, int pasidBits, DevicePort port) {
        DeviceRecord device = new DeviceRecord(name, List.of(streamId), pasidBits, port);
        unit.addDevice(device);
        return device;
    }

    /** A context with an empty page table of its own. */
    Mapping context(ContextRequest request) {
        TranslationContext context = unit.createContext(request);
        PageTableConfig config = context.tableConfig();
        PageTableFormat format = config.format().endsWith("S2") ? new Stage2Format() : new Stage1Format();
        PageTable table = format.create(config, this);
        context.install(table.walkerConfig());
        return new Mapping(context, table);
    }

    Mapping context() {
        return context(new ContextRequest(0, false, false, 0));
    }

    /** The driver's counters and the model's. */
    Map<String, Long> counters() {
        Map<String, Long> all = new HashMap<>(((Counters) model).read());
        all.putAll(((Counters) unit).read());
        return all;
    }

    /** Sum of the model's counters of a kind. */
    long sum(String prefix) {
        return ((Counters) model)
                .read().entrySet().stream()
                        .filter(entry -> entry.getKey().startsWith(prefix))
                        .mapToLong(Map.Entry::getValue)
                        .sum();
    }

    @Override
    public void close() {
        unit.shutdown();
        model.close();
    }

    private void raise(String line) {
        listeners.getOrDefault(combined ? "combined" : line, List.of()).forEach(Runnable::run);
    }

    /** All of the model's interrupts come by one line. */
    void combineInterrupts(boolean value) {
        combined = value;
    }

    @Override
    public Subscription subscribe(String line, Runnable handler) {
        List<Runnable> handlers = listeners.computeIfAbsent(line, name -> new CopyOnWriteArrayList<>());
        handlers.add(handler);
        return () -> handlers.remove(handler);
    }

    @Override
    public PhysicalMemory memory() {
        return memory;
    }

    @Override
    public PageAllocator allocator() {
        return allocator;
    }

    @Override
    public FaultResponse report(FaultRecord fault) {
        faults.add(fault);
        return FaultResponse.ABORT;
    }

    @Override
    public boolean pageRequest(PageRequest request) {
        requests.add(request);
        return repairs.test(request);
    }

    @Override
    public long allocateTable(long bytes, long alignment, long lastAddress) {
        return allocator.allocateBelow(bytes, alignment, lastAddress);
    }

    @Override
    public void freeTable(long address, long bytes) {
        allocator.free(address, bytes);
    }

    /** Nobody here maps blocks over tables. */
    @Override
    public void retireTable(long iova, long size, long granule, long address, long bytes) {
        throw new AssertionError(String.format("table 0x%x was retired", address));
    }
}
