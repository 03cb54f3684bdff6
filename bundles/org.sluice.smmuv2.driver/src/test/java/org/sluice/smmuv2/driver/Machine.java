package org.sluice.smmuv2.driver;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.Function;
import org.osgi.framework.ServiceReference;
import org.sluice.api.FaultResponse;
import org.sluice.memory.ResidentMemoryFactory;
import org.sluice.smmuv2.model.Smmuv2ModelFactory;
import org.sluice.spi.board.Dma;
import org.sluice.spi.board.IommuHardware;
import org.sluice.spi.board.IommuModel;
import org.sluice.spi.board.ModelRequest;
import org.sluice.spi.bus.InterruptLines;
import org.sluice.spi.bus.PowerDomain;
import org.sluice.spi.bus.RegisterFile;
import org.sluice.spi.driver.Attachment;
import org.sluice.spi.driver.ContextRequest;
import org.sluice.spi.driver.DeviceRecord;
import org.sluice.spi.driver.FaultRecord;
import org.sluice.spi.driver.PageRequest;
import org.sluice.spi.driver.TranslationContext;
import org.sluice.spi.driver.UnitHost;
import org.sluice.spi.memory.MemoryRegion;
import org.sluice.spi.memory.PageAllocator;
import org.sluice.spi.memory.PhysicalMemory;
import org.sluice.spi.pgtable.ArmStage1;
import org.sluice.spi.pgtable.ArmStage2;

/** An SMMUv2 with memory, a driver and a host of few words, for tests. */
final class Machine implements UnitHost, InterruptLines {
    static final long RW = 0x0060000000000f47L;
    static final long RW2 = 0x00600000000007ffL;
    private static final int TABLE = 3;

    final PhysicalMemory memory =
            new ResidentMemoryFactory().create(List.of(new MemoryRegion(0x8000_0000L, 0x1000_0000L)));
    final IommuModel model;
    final IommuHardware hardware;
    final Smmuv2Driver driver = new Smmuv2Driver(null);
    final LinkedBlockingQueue<FaultRecord> faults = new LinkedBlockingQueue<>();
    final LinkedBlockingQueue<PageRequest> requests = new LinkedBlockingQueue<>();
    /** Contexts that the driver named with a fault. */
    final List<TranslationContext> guilty = new CopyOnWriteArrayList<>();

    volatile Function<FaultRecord, FaultResponse> handler = fault -> FaultResponse.ABORT;
    volatile boolean takesRequests;
    Smmuv2Unit unit;
    private final Map<String, List<Runnable>> lines = new ConcurrentHashMap<>();
    private final List<Runnable> powerUps = new ArrayList<>();
    private volatile boolean on = true;
    private long freeTable = 0x8800_0000L;

    Machine(String compatible, Object... properties) {
        Map<String, Object> map = new HashMap<>();
        for (int i = 0; i < properties.length; i += 2) {
            map.put((String) properties[i], properties[i + 1]);
        }
        model = new Smmuv2ModelFactory().create(new ModelRequest("smmu0", memory, memory, this::raise, map));
        hardware = new IommuHardware("smmu0", compatible, model.registers(), this, Map.of(), power());
    }

    static Machine probed(Object... properties) {
        Machine machine = new Machine("arm,smmu-v2", properties);
        machine.probe();
        return machine;
    }

    Machine probe() {
        unit = (Smmuv2Unit) driver.probe(hardware, this);
        return this;
    }

    RegisterFile registers() {
        return model.registers();
    }

    private PowerDomain power() {
        return new PowerDomain() {
            @Override
            public boolean isOn() {
                return on;
            }

            @Override
            public Subscription onPowerUp(Runnable listener) {
                powerUps.add(listener);
                return () -> powerUps.remove(listener);
            }
        };
    }

    void powerDown() {
        on = false;
    }

    void powerUp() {
        on = true;
        List.copyOf(powerUps).forEach(Runnable::run);
    }

    private void raise(String line) {
        lines.getOrDefault(line, List.of()).forEach(Runnable::run);
    }

    @Override
    public Subscription subscribe(String line, Runnable listener) {
        List<Runnable> list = lines.computeIfAbsent(line, name -> new CopyOnWriteArrayList<>());
        list.add(listener);
        return () -> list.remove(listener);
    }

    @Override
    public PhysicalMemory memory() {
        return memory;
    }

    @Override
    public PageAllocator allocator() {
        throw new AssertionError("an SMMUv2 keeps nothing in memory");
    }

    @Override
    public FaultResponse report(FaultRecord fault) {
        faults.add(fault);
        return handler.apply(fault);
    }

    @Override
    public FaultResponse report(FaultRecord fault, TranslationContext context) {
        guilty.add(context);
        return report(fault);
    }

    @Override
    public boolean pageRequest(PageRequest request) {
        if (takesRequests) {
            requests.add(request);
        }
        return takesRequests;
    }

    long table() {
        long table = freeTable;
        freeTable += 0x1000;
        return table;
    }

    /** A stage-1 context of 39 bits over an empty table. */
    TranslationContext stage1(long root, boolean upperHalf) {
        TranslationContext context = unit.createContext(new ContextRequest(1, upperHalf, false, 0));
        context.install(new ArmStage1(root, 64 - 39, upperHalf ? 2 : 0, 3, 1, 1, 5, upperHalf, 0xf404ff44L));
        return context;
    }

    TranslationContext stage2(long root) {
        TranslationContext context = unit.createContext(new ContextRequest(2, false, false, 0));
        context.install(new ArmStage2(root, 64 - 39, 1, 0, 3, 1, 1, 5));
        return context;
    }

    DeviceRecord device(String name, int... streamIds) {
        List<Integer> ids = new ArrayList<>();
        for (int id : streamIds) {
            ids.add(id);
        }
        DeviceRecord device = new DeviceRecord(name, ids, 0);
        unit.addDevice(device);
        return device;
    }

    DeviceRecord attached(String name, int streamId, TranslationContext context) {
        DeviceRecord device = device(name, streamId);
        unit.attach(device, Attachment.to(context));
        return device;
    }

    /** Maps one page of 4 KiB in tables that start at level 1. */
    void map(long root, long iova, long leaf) {
        long table = root;
        for (int shift = 30; shift > 12; shift -= 9) {
            long entry = table + (iova >>> shift & 511) * 8;
            if (memory.read64(entry) == 0) {
                memory.write64(entry, table() | TABLE);
            }
            table = memory.read64(entry) & 0xffff_ffff_f000L;
        }
        memory.write64(table + (iova >>> 12 & 511) * 8, leaf);
    }

    /** The word that a device reads, or -1 when the read does not complete. */
    long word(int streamId, long iova) {
        byte[] data = new byte[4];
        return model.transact(streamId, Dma.NO_PASID, iova, 0, data, 0, 4) == Dma.OK
                ? data[0] & 0xff | (data[1] & 0xff) << 8 | (data[2] & 0xff) << 16 | (data[3] & 0xff) << 24
                : -1;
    }

    /** A service reference for tests: only its order counts. */
    @SuppressWarnings("unchecked")
    static <T> ServiceReference<T> reference(int ranking) {
        return (ServiceReference<T>) java.lang.reflect.Proxy.newProxyInstance(
                Machine.class.getClassLoader(),
                new Class<?>[] {ServiceReference.class},
                (proxy, method, arguments) -> switch (method.getName()) {
                    case "compareTo" -> Integer.compare(ranking, arguments[0].hashCode());
                    case "hashCode" -> ranking;
                    case "equals" -> proxy == arguments[0];
                    default -> "reference of ranking " + ranking;
                });
    }
}
