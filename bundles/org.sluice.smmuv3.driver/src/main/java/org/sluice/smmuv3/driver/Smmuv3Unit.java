package org.sluice.smmuv3.driver;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.sluice.api.Capability;
import org.sluice.api.Counters;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.api.Prot;
import org.sluice.api.ReservedRegion;
import org.sluice.spi.driver.Attachment;
import org.sluice.spi.driver.ContextRecord;
import org.sluice.spi.driver.ContextRequest;
import org.sluice.spi.driver.DeviceRecord;
import org.sluice.spi.driver.IommuUnit;
import org.sluice.spi.driver.ReservedRegionOperations;
import org.sluice.spi.driver.TranslationContext;
import org.sluice.spi.driver.UnitCapabilities;
import org.sluice.spi.driver.UnitHost;
import org.sluice.spi.pgtable.PageTableConfig;
import org.sluice.spi.pgtable.Quirk;

/**
 * One SMMUv3. The core serialises the calls; the contexts that it makes are for any thread. This class holds what is
 * attached and leaves the how to {@link ClientDevice}.
 */
class Smmuv3Unit implements IommuUnit, ReservedRegionOperations, Counters {
    /** Width of an IOVA in either half; more needs 64K pages and a descriptor format that no context asks for. */
    private static final int INPUT_BITS = 48;

    private static final String FORMAT = "ARM_64_LPAE_S1";

    /** Where MSI doorbells are mapped for clients that choose IOVAs by themselves, as Linux's drivers for Arm have it. */
    private static final ReservedRegion MSI_WINDOW =
            new ReservedRegion(0x800_0000, 0x10_0000, Prot.WRITE | Prot.NOEXEC | Prot.MMIO, ReservedRegion.Type.SW_MSI);

    private final String name;
    private final Features features;
    private final UnitHost host;
    private final ResetSequence reset;
    private final UnitMemory memory;
    private final CommandQueue queue;
    private final EventThread events;
    private final ConfigurationWriter writer;
    private final TagAllocator asids;
    private final UnitCapabilities capabilities;
    private final Map<Integer, ClientDevice> devicesByStream = new HashMap<>();
    private final Map<DeviceRecord, ClientDevice> devices = new HashMap<>();
    private final Map<Integer, Stage1Context> contexts = new HashMap<>();

    /** Contexts that the hardware was found to use and that nobody has asked for yet. */
    private final Map<Integer, ContextRecord> unclaimed = new HashMap<>();

    Smmuv3Unit(
            String name,
            Features features,
            UnitHost host,
            ResetSequence reset,
            UnitMemory memory,
            CommandQueue queue,
            EventThread events) {
        this.name = name;
        this.features = features;
        this.host = host;
        this.reset = reset;
        this.memory = memory;
        this.queue = queue;
        this.events = events;
        this.writer = new ConfigurationWriter(host.memory(), queue);
        this.asids = new TagAllocator("ASID", features.asidBits());
        this.capabilities = capabilities(features);
    }

    @Override
    public UnitCapabilities capabilities() {
        return capabilities;
    }

    @Override
    public TranslationContext createContext(ContextRequest request) {
        PageTableConfig table = tableConfig(request);
        int asid = asids.allocate();
        return addContext(request, asid, table);
    }

    @Override
    public TranslationContext adoptContext(ContextRecord record) {
        ContextRecord found = unclaimed.get(record.tag());
        if (found != null) {
            if (!found.equals(record)) {
                throw new IommuException(
                        Errno.EINVAL, "ASID " + record.tag() + " is in use for " + found + ", not for " + record);
            }
            unclaimed.remove(record.tag());
            return contexts.get(record.tag());
        }
        return restoreContext(record);
    }

    @Override
    public void freeContext(TranslationContext context) {
        Stage1Context stage1 = own(context);
        for (ClientDevice device : devices.values()) {
            if (device.uses(stage1)) {
                throw new IommuException(
                        Errno.EBUSY,
                        stage1 + " is attached to device " + device.record().name());
            }
        }
        stage1.invalidateAll();
        contexts.remove(stage1.asid());
        asids.free(stage1.asid());
    }

    @Override
    public void addDevice(DeviceRecord record) {
        for (int streamId : record.streamIds()) {
            memory.streams().requireCovered(streamId);
            ClientDevice owner = devicesByStream.get(streamId);
            if (owner != null) {
                throw new IommuException(
                        Errno.EBUSY,
                        String.format(
                                "StreamID 0x%x of device %s is device %s's",
                                streamId, record.name(), owner.record().name()));
            }
        }
        for (int streamId : record.streamIds()) {
            if (memory.streams().prepare(streamId)) {
                writer.forgetStream(streamId, false);
            }
        }
        addClient(record);
    }

    @Override
    public void removeDevice(DeviceRecord record) {
        device(record).remove();
        record.streamIds().forEach(devicesByStream::remove);
        devices.remove(record);
    }

    @Override
    public void attach(DeviceRecord record, Attachment attachment) {
        if (attachment.context() != null) {
            requireInstalled(own(attachment.context()));
        }
        device(record).attach(attachment);
    }

    @Override
    public void handOver() {
        events.stop();
    }

    @Override
    public void shutdown() {
        events.stop();
        reset.disable();
        devices.values().forEach(ClientDevice::freeTable);
        memory.free(host.allocator());
    }

    @Override
    public String subject() {
        return name;
    }

    @Override
    public Map<String, Long> read() {
        return Map.of(
                "driver.commands", queue.published(),
                "driver.commands.refused", queue.errors().refusedCommands(),
                "driver.events", events.queue().consumed(),
                "driver.events.overflows", events.queue().overflows());
    }

    /** Registers a device without touching the hardware. */
    final ClientDevice addClient(DeviceRecord record) {
        ClientDevice device =
                new ClientDevice(record, features, memory.streams(), writer, host.memory(), host.allocator());
        devices.put(record, device);
        record.streamIds().forEach(streamId -> devicesByStream.put(streamId, device));
        return device;
    }

    /** Makes a context that a predecessor's record describes; kept for {@link #adoptContext} if the hardware uses it. */
    final Stage1Context adoptFound(ContextRecord record) {
        Stage1Context context = contexts.get(record.tag());
        if (context == null) {
            context = restoreContext(record);
            unclaimed.put(record.tag(), record);
        } else if (!record.equals(unclaimed.get(record.tag()))) {
            throw new IommuException(
                    Errno.EINVAL,
                    "ASID " + record.tag() + " is recorded for " + unclaimed.get(record.tag()) + " and for " + record);
        }
        return context;
    }

    /** A device that was added. */
    final ClientDevice device(DeviceRecord record) {
        ClientDevice device = devices.get(record);
        if (device == null) {
            throw new IommuException(Errno.ENODEV, "device " + record.name() + " was not added");
        }
        return device;
    }

    /** Devices that were added. */
    final List<ClientDevice> devices() {
        return new ArrayList<>(devices.values());
    }

    /** The device that a stream belongs to, or null. */
    final ClientDevice deviceOf(int streamId) {
        return devicesByStream.get(streamId);
    }

    /** The context behind a contract object. */
    final Stage1Context own(TranslationContext context) {
        if (!(context instanceof Stage1Context stage1) || contexts.get(stage1.asid()) != stage1) {
            throw new IommuException(Errno.EINVAL, "context " + context + " is not of this unit");
        }
        return stage1;
    }

    /** Refuses a context that has no page table. */
    static void requireInstalled(Stage1Context context) {
        if (!context.isInstalled()) {
            throw new IommuException(Errno.EINVAL, context + " has no page table installed");
        }
    }

    /** The thread that reports faults. */
    final EventThread events() {
        return events;
    }

    private Stage1Context restoreContext(ContextRecord record) {
        if (record.stage() != 1) {
            throw new IommuException(Errno.EOPNOTSUPP, "stage " + record.stage() + " contexts are not supported");
        }
        asids.reserve(record.tag());
        Stage1Context context = addContext(record.request(), record.tag(), record.table());
        if (record.walker() != null) {
            context.install(record.walker());
        }
        return context;
    }

    private Stage1Context addContext(ContextRequest request, int asid, PageTableConfig table) {
        Stage1Context context = new Stage1Context(request, asid, table, queue, features.rangeInvalidation());
        contexts.put(asid, context);
        return context;
    }

    private PageTableConfig tableConfig(ContextRequest request) {
        if (request.stage() > 1) {
            throw new IommuException(
                    Errno.EOPNOTSUPP,
                    "a context of stage " + request.stage() + " was asked for; this driver makes stage 1 only");
        }
        long sizes = request.pageSizes() == 0 ? features.pageSizes() : request.pageSizes() & features.pageSizes();
        if (sizes == 0) {
            throw new IommuException(
                    Errno.EOPNOTSUPP,
                    String.format(
                            "page sizes 0x%x were asked for, the SMMU has 0x%x",
                            request.pageSizes(), features.pageSizes()));
        }
        int quirks = request.upperHalf() ? Quirk.ARM_TTBR1 : 0;
        return new PageTableConfig(FORMAT, sizes, INPUT_BITS, features.outputBits(), features.coherent(), quirks);
    }

    @Override
    public List<ReservedRegion> reservedRegions(DeviceRecord device) {
        return List.of(MSI_WINDOW);
    }

    private static UnitCapabilities capabilities(Features features) {
        int pasidBits = ContextTable.substreamBits(features, features.substreamBits());
        Set<Capability> capabilities = EnumSet.of(Capability.NOEXEC, Capability.DEFERRED_FLUSH);
        if (features.coherent()) {
            capabilities.add(Capability.CACHE_COHERENCY);
        }
        if (pasidBits > 0) {
            capabilities.add(Capability.PASID);
        }
        return new UnitCapabilities(
                true,
                false,
                false,
                pasidBits,
                StreamTable.coveredBits(features),
                features.pageSizes(),
                INPUT_BITS,
                features.outputBits(),
                capabilities);
    }
}
