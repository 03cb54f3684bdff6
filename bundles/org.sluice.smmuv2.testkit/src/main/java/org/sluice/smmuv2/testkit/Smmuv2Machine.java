package org.sluice.smmuv2.testkit;

import java.lang.reflect.Proxy;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import org.osgi.framework.ServiceReference;
import org.sluice.api.Counters;
import org.sluice.api.FaultResponse;
import org.sluice.memory.ResidentMemoryFactory;
import org.sluice.smmuv2.driver.Smmuv2Driver;
import org.sluice.smmuv2.model.Smmuv2ModelFactory;
import org.sluice.spi.board.Dma;
import org.sluice.spi.board.IommuHardware;
import org.sluice.spi.board.IommuModel;
import org.sluice.spi.board.IommuModelFactory;
import org.sluice.spi.board.ModelRequest;
import org.sluice.spi.bus.InterruptLines;
import org.sluice.spi.bus.PowerDomain;
import org.sluice.spi.bus.RegisterFile;
import org.sluice.spi.driver.Attachment;
import org.sluice.spi.driver.ContextRequest;
import org.sluice.spi.driver.DeviceRecord;
import org.sluice.spi.driver.FaultRecord;
import org.sluice.spi.driver.IommuUnit;
import org.sluice.spi.driver.PageRequest;
import org.sluice.spi.driver.PageResponseOperations;
import org.sluice.spi.driver.UnitHost;
import org.sluice.spi.driver.UnitRecord;
import org.sluice.spi.memory.MemoryRegion;
import org.sluice.spi.memory.PageAllocator;
import org.sluice.spi.memory.PhysicalMemory;
import org.sluice.spi.quirk.AppliedHooks;
import org.sluice.spi.quirk.HookedUnit;
import org.sluice.spi.quirk.Smmuv2Hooks;

/**
 * The SMMUv2 driver on a device model that has a vendor's bug, with or without the vendor's hooks: enough of a machine for a
 * test to map, to let a device read and to see what came of it. Several machines may share memory and model factory.
 *
 * <pre>{@code
 * try (Smmuv2Machine machine = Smmuv2Machine.of("arm,mmu-500").model("profile", "mmu-500").hooks(new MyErratum()).probe()) {
 *     Smmuv2Space space = machine.attached(7);
 *     space.map(0x1000, 0x8100_0000L, 0x1000);
 *     assertThat(machine.word(7, 0x1000)).isEqualTo(42);
 * }
 * }</pre>
 *
 * <p>Building is for one thread, as are {@link #device}, {@link #attach} and what they make; {@link #word},
 * {@link #addHooks} and {@link #removeHooks} are for any.
 */
public final class Smmuv2Machine implements UnitHost, InterruptLines, AutoCloseable {
    /** First byte of memory. */
    public static final long RAM = 0x8000_0000L;

    private static final long RAM_BYTES = 0x1000_0000L;
    /** Tables come from the upper half of memory; the lower half is the test's. */
    private static final long TABLES = RAM + RAM_BYTES / 2;

    private final String name;
    private final String compatible;
    private final Map<String, Object> modelProperties = new HashMap<>();
    private final Map<String, String> firmware = new HashMap<>();
    private final Map<Smmuv2Hooks, ServiceReference<Smmuv2Hooks>> references = new ConcurrentHashMap<>();
    private final LinkedBlockingQueue<FaultRecord> faults = new LinkedBlockingQueue<>();
    private final Map<String, List<Runnable>> lines = new ConcurrentHashMap<>();
    private final Smmuv2Driver driver = new Smmuv2Driver(null);
    private IommuModelFactory models = new Smmuv2ModelFactory();
    private PhysicalMemory memory;
    private IommuModel model;
    private IommuHardware hardware;
    private IommuUnit unit;
    private long freeTable = TABLES;

    private Smmuv2Machine(String name, String compatible) {
        this.name = name;
        this.compatible = compatible;
        memory = new ResidentMemoryFactory().create(List.of(new MemoryRegion(RAM, RAM_BYTES)));
    }

    /**
     * A machine whose IOMMU is called {@code smmu0}.
     *
     * @param compatible firmware's name for the IOMMU
     * @return not yet probed
     */
    public static Smmuv2Machine of(String compatible) {
        return of("smmu0", compatible);
    }

    /**
     * A machine.
     *
     * @param name of the IOMMU
     * @param compatible firmware's name for it
     * @return not yet probed
     */
    public static Smmuv2Machine of(String name, String compatible) {
        return new Smmuv2Machine(name, compatible);
    }

    /**
     * Sets properties of the device model, as its README lists them.
     *
     * @param pairs names and values in turn
     * @return this
     */
    public Smmuv2Machine model(Object... pairs) {
        for (int i = 0; i < pairs.length; i += 2) {
            modelProperties.put((String) pairs[i], pairs[i + 1]);
        }
        return this;
    }

    /**
     * Sets a firmware property of the IOMMU.
     *
     * @param key its name
     * @param value its value
     * @return this
     */
    public Smmuv2Machine firmware(String key, String value) {
        firmware.put(key, value);
        return this;
    }

    /**
     * Offers hooks.
     *
     * @param offered highest ranking first
     * @return this
     */
    public Smmuv2Machine hooks(Smmuv2Hooks... offered) {
        for (Smmuv2Hooks hooks : offered) {
            addHooks(hooks);
        }
        return this;
    }

    /**
     * Shares memory and model factory with another machine, and takes tables from a part of memory that it does not use.
     *
     * @param other not used for tables any more after this one is built
     * @return this
     */
    public Smmuv2Machine beside(Smmuv2Machine other) {
        models = other.models;
        memory = other.memory;
        freeTable = other.freeTable + (TABLES - RAM) / 4;
        return this;
    }

    /**
     * Makes the hardware and lets the driver bring it up.
     *
     * @return this
     */
    public Smmuv2Machine probe() {
        powerOn();
        unit = driver.probe(hardware, this);
        return this;
    }

    /**
     * Makes the hardware only.
     *
     * @return its registers, as firmware sees them
     */
    public RegisterFile powerOn() {
        if (hardware == null) {
            model = models.create(new ModelRequest(name, memory, memory, this::raise, modelProperties));
            hardware = new IommuHardware(
                    name, compatible, model.registers(), this, firmware, PowerDomain.ALWAYS_ON, model.platform());
        }
        return model.registers();
    }

    /**
     * Another instance of the driver takes the IOMMU over, as after an update.
     *
     * @param record what is attached
     */
    public void takeOver(UnitRecord record) {
        unit.handOver();
        Smmuv2Driver next = new Smmuv2Driver(null);
        references.forEach((hooks, reference) -> next.addHooks(reference, hooks));
        unit = next.adopt(hardware, this, record);
    }

    /**
     * Hooks appear.
     *
     * @param hooks ranked below those that are there
     */
    public void addHooks(Smmuv2Hooks hooks) {
        ServiceReference<Smmuv2Hooks> reference = reference(-references.size());
        references.put(hooks, reference);
        driver.addHooks(reference, hooks);
    }

    /**
     * Hooks vanish.
     *
     * @param hooks that are there
     */
    public void removeHooks(Smmuv2Hooks hooks) {
        driver.removeHooks(references.remove(hooks));
    }

    /**
     * What the driver says about hooks.
     *
     * @return those in use
     */
    public List<AppliedHooks> appliedHooks() {
        return ((HookedUnit) unit).hooks();
    }

    /**
     * The driver's object.
     *
     * @return the unit
     */
    public IommuUnit unit() {
        return unit;
    }

    /**
     * Faults that were reported and not taken yet.
     *
     * @return a queue
     */
    public LinkedBlockingQueue<FaultRecord> faults() {
        return faults;
    }

    /**
     * One of the counters of the device model.
     *
     * @param counter its name
     * @return how often, 0 for what never happened
     */
    public long count(String counter) {
        return ((Counters) model).read().getOrDefault(counter, 0L);
    }

    /**
     * Adds a device.
     *
     * @param streamId its stream, after which it is named
     * @return attached to nothing
     */
    public DeviceRecord device(int streamId) {
        DeviceRecord device = new DeviceRecord("dev" + streamId, List.of(streamId), 0);
        unit.addDevice(device);
        return device;
    }

    /**
     * Makes an empty space of stage 1.
     *
     * @return the space
     */
    public Smmuv2Space space() {
        return new Smmuv2Space(this, unit.createContext(new ContextRequest(1, false, false, 0)));
    }

    /**
     * Adds a device and attaches it to an empty space of its own.
     *
     * @param streamId its stream
     * @return the space
     */
    public Smmuv2Space attached(int streamId) {
        Smmuv2Space space = space();
        unit.attach(device(streamId), Attachment.to(space.context()));
        return space;
    }

    /**
     * Lets a device read four bytes. When they cannot be read, the fault is reported and forgotten before this returns: until
     * then the bank would abort whatever comes.
     *
     * @param streamId its stream
     * @param iova aligned to 4
     * @return the word, not negative in a test; or -1 when the read did not complete
     */
    public long word(int streamId, long iova) {
        byte[] data = new byte[Integer.BYTES];
        if (model.transact(streamId, Dma.NO_PASID, iova, 0, data, 0, data.length) != Dma.OK) {
            settle();
            return -1;
        }
        int word = 0;
        for (int i = data.length - 1; i >= 0; i--) {
            word = word << Byte.SIZE | data[i] & 0xff;
        }
        return word;
    }

    /**
     * The DMA port of a device, for an endpoint in software.
     *
     * @param streamId its stream
     * @return a port without PASIDs; accesses may cross pages
     */
    public Dma dma(int streamId) {
        return new Dma() {
            @Override
            public int read(int pasid, long iova, byte[] target, int offset, int length, int flags) {
                return move(iova, target, offset, length, flags);
            }

            @Override
            public int write(int pasid, long iova, byte[] source, int offset, int length, int flags) {
                return move(iova, source, offset, length, flags | IommuModel.WRITE);
            }

            private int move(long iova, byte[] data, int offset, int length, int flags) {
                int done = 0;
                while (done < length) {
                    int room = (int) (Smmuv2Space.PAGE - (iova + done & Smmuv2Space.PAGE - 1));
                    int part = Math.min(room, length - done);
                    int answer = model.transact(streamId, Dma.NO_PASID, iova + done, flags, data, offset + done, part);
                    if (answer != OK) {
                        settle();
                        return answer;
                    }
                    done += part;
                }
                return OK;
            }
        };
    }

    private void settle() {
        if (unit instanceof PageResponseOperations faulting) {
            faulting.drain(new DeviceRecord(name, List.of(), 0), Dma.NO_PASID);
        }
    }

    @Override
    public PhysicalMemory memory() {
        return memory;
    }

    /** An empty table of 4 KiB. */
    long table() {
        long table = freeTable;
        freeTable += Smmuv2Space.PAGE;
        return table;
    }

    private void raise(String line) {
        lines.getOrDefault(line, List.of()).forEach(Runnable::run);
    }

    @Override
    public Subscription subscribe(String line, Runnable listener) {
        List<Runnable> listeners = lines.computeIfAbsent(line, key -> new CopyOnWriteArrayList<>());
        listeners.add(listener);
        return () -> listeners.remove(listener);
    }

    @Override
    public PageAllocator allocator() {
        throw new AssertionError("an SMMUv2 keeps nothing in memory");
    }

    @Override
    public FaultResponse report(FaultRecord fault) {
        faults.add(fault);
        return FaultResponse.ABORT;
    }

    @Override
    public boolean pageRequest(PageRequest request) {
        return false;
    }

    // only its order counts
    @SuppressWarnings("unchecked")
    private static ServiceReference<Smmuv2Hooks> reference(int ranking) {
        return (ServiceReference<Smmuv2Hooks>) Proxy.newProxyInstance(
                Smmuv2Machine.class.getClassLoader(),
                new Class<?>[] {ServiceReference.class},
                (proxy, method, arguments) -> switch (method.getName()) {
                    case "compareTo" -> Integer.compare(ranking, arguments[0].hashCode());
                    case "hashCode" -> ranking;
                    case "equals" -> proxy == arguments[0];
                    default -> "reference of ranking " + ranking;
                });
    }

    @Override
    public void close() {
        if (unit != null) {
            unit.handOver();
        }
        if (model != null) {
            model.close();
        }
    }
}
