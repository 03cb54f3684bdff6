package org.sluice.smmuv3.driver;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.IntUnaryOperator;
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
import org.sluice.spi.driver.PageRequest;
import org.sluice.spi.driver.PageResponse;
import org.sluice.spi.driver.PageResponseOperations;
import org.sluice.spi.driver.PowerOperations;
import org.sluice.spi.driver.ReservedRegionOperations;
import org.sluice.spi.driver.TranslationContext;
import org.sluice.spi.driver.UnitCapabilities;
import org.sluice.spi.quirk.AppliedHooks;
import org.sluice.spi.quirk.HookedUnit;

/**
 * One SMMUv3. The core serialises the calls; the contexts that it makes are for any thread, and one of those may have to block
 * a device, so the monitor of this object guards devices and contexts. It is never held while waiting for a fault handler.
 * This class holds what is attached and leaves the how to {@link ClientDevice}.
 */
class Smmuv3Unit
        implements IommuUnit,
                PageResponseOperations,
                PowerOperations,
                ReservedRegionOperations,
                HookedUnit,
                Counters,
                DeviceShutOut {
    /** Where MSI doorbells are mapped for clients that choose IOVAs by themselves, as Linux's drivers for Arm have it. */
    private static final ReservedRegion MSI_WINDOW =
            new ReservedRegion(0x800_0000, 0x10_0000, Prot.WRITE | Prot.NOEXEC | Prot.MMIO, ReservedRegion.Type.SW_MSI);

    private final UnitParts parts;
    private final Contexts contexts;
    private final DeviceCaches caches;
    private final ConfigurationWriter writer;
    private final UnitCapabilities capabilities;
    private final PageRequests pageRequests;
    private final UnitFaults faults;
    private final UnitPower power;
    private final Map<Integer, ClientDevice> devicesByStream = new HashMap<>();
    private final Map<DeviceRecord, ClientDevice> devices = new HashMap<>();
    private volatile long shutOut;

    Smmuv3Unit(UnitParts parts) {
        this.parts = parts;
        this.caches = new DeviceCaches(parts.queue());
        this.contexts = new Contexts(parts.features(), parts.contiguous(), parts.queue(), this);
        this.writer = new ConfigurationWriter(parts.host().memory(), parts.queue(), parts.hooks()::hasPrefetch);
        this.capabilities = contexts.tables().capabilities(parts.servesGuests());
        this.pageRequests = new PageRequests(parts.host(), parts.queue(), parts.log(), this::wantsPasidInResponse);
        this.faults = new UnitFaults(parts, pageRequests, this::clientOf, this::shutOutSilent);
        this.power = new UnitPower(parts, faults);
    }

    @Override
    public final UnitCapabilities capabilities() {
        return capabilities;
    }

    @Override
    public final synchronized TranslationContext createContext(ContextRequest request) {
        return contexts.create(request);
    }

    @Override
    public final synchronized TranslationContext adoptContext(ContextRecord record) {
        return contexts.adopt(record);
    }

    @Override
    public final synchronized void freeContext(TranslationContext context) {
        UnitContext own = contexts.own(context);
        for (ClientDevice device : devices.values()) {
            if (device.uses(own)) {
                throw new IommuException(
                        Errno.EBUSY,
                        own + " is attached to device " + device.record().name());
            }
        }
        contexts.free(own);
    }

    @Override
    public final synchronized void addDevice(DeviceRecord record) {
        power.requireOn();
        StreamTable streams = parts.memory().streams();
        for (int streamId : record.streamIds()) {
            streams.requireCovered(streamId);
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
            if (streams.prepare(streamId)) {
                writer.forgetStream(streamId, false);
            }
        }
        addClient(record);
    }

    @Override
    public final synchronized void removeDevice(DeviceRecord record) {
        power.requireOn();
        device(record).remove();
        record.streamIds().forEach(devicesByStream::remove);
        devices.remove(record);
    }

    @Override
    public final synchronized void attach(DeviceRecord record, Attachment attachment) {
        power.requireOn();
        ClientDevice device = device(record);
        if (attachment.context() != null) {
            requireInstalled(contexts.own(attachment.context()));
            parts.hooks().requireTranslation(record);
        }
        device.attach(attachment);
        shutOutSilent();
    }

    @Override
    public final void respond(PageRequest request, PageResponse response) {
        pageRequests.respond(request, response);
    }

    @Override
    public final void drain(DeviceRecord record, int pasid) {
        synchronized (this) {
            device(record);
        }
        if (!faults.thread().awaitHandled()) {
            throw new IommuException(
                    Errno.ETIMEDOUT,
                    "the handler of a fault that was recorded before the drain of device " + record.name()
                            + " has not returned for 1 s");
        }
    }

    @Override
    public final void suspend() {
        synchronized (this) {
            power.requireOn();
            devices.values().forEach(ClientDevice::suspend);
            try {
                power.stop();
            } catch (IommuException timeout) {
                devices.values().forEach(ClientDevice::resume);
                throw timeout;
            }
        }
        power.finishRecords();
        synchronized (this) {
            power.off();
        }
    }

    @Override
    public final synchronized void resume() {
        power.on();
        devices.values().forEach(ClientDevice::resume);
    }

    @Override
    public final List<AppliedHooks> hooks() {
        return parts.hooks().applied();
    }

    @Override
    public final void handOver() {
        parts.hooks().close();
        faults.thread().stop();
    }

    @Override
    public final void shutdown() {
        faults.thread().stop();
        synchronized (this) {
            try {
                new ResetSequence(parts.registers()).disable();
            } finally {
                parts.hooks().deviceRemove();
            }
            devices.values().forEach(ClientDevice::abandon);
            parts.memory().free(parts.host().allocator());
        }
    }

    @Override
    public final String subject() {
        return parts.hardware().name();
    }

    @Override
    public final Map<String, Long> read() {
        Map<String, Long> counters = new HashMap<>(faults.counters());
        counters.put("driver.commands", parts.queue().published());
        counters.put("driver.devices.shutout", shutOut);
        return Map.copyOf(counters);
    }

    @Override
    public final DeviceCaches caches() {
        return caches;
    }

    @Override
    public final void shutOutSilent() {
        if (!caches.hasSilent()) {
            return;
        }
        synchronized (this) {
            Set<Integer> silent = caches.silent();
            for (int streamId : silent) {
                ClientDevice device = devicesByStream.get(streamId);
                if (device != null && !device.isShutOut()) {
                    parts.log()
                            .error(
                                    "device " + device.record().name()
                                            + " did not answer an invalidation of its cache: it is shut out until it is removed");
                    device.shutOut();
                    shutOut++;
                }
            }
            caches.settle(silent);
        }
    }

    /** See {@link org.sluice.spi.driver.PasidOperations#mmAttach}. */
    final synchronized void attachPasid(DeviceRecord record, int pasid, TranslationContext context) {
        power.requireOn();
        Stage1Context stage1 = ownStage1(context);
        requireInstalled(stage1);
        device(record).attachPasid(pasid, stage1);
        shutOutSilent();
    }

    /** See {@link org.sluice.spi.driver.PasidOperations#mmDetach}. */
    final void detachPasid(DeviceRecord record, int pasid, TranslationContext context) {
        synchronized (this) {
            power.requireOn();
            device(record).detachPasid(pasid, ownStage1(context));
            shutOutSilent();
        }
        faults.thread().awaitHandled();
    }

    /** See {@link org.sluice.spi.driver.PasidReplacement#mmReplace}. */
    final synchronized void replacePasid(
            DeviceRecord record, int pasid, TranslationContext from, TranslationContext to) {
        power.requireOn();
        Stage1Context next = ownStage1(to);
        requireInstalled(next);
        device(record).replacePasid(pasid, ownStage1(from), next);
        shutOutSilent();
    }

    /** See {@link org.sluice.spi.driver.NestingOperations#createNested}. */
    final synchronized TranslationContext createGuest(TranslationContext parent, long[] entry) {
        return contexts.createNested(parent, entry);
    }

    /** See {@link org.sluice.spi.driver.NestingOperations#invalidate}. */
    final int runGuestCommands(TranslationContext parent, long[] commands, IntUnaryOperator streamIds) {
        UnitContext own;
        synchronized (this) {
            own = contexts.own(parent);
        }
        int count = caches.run(new GuestCommands(own.tag(), streamIds), commands);
        shutOutSilent();
        return count;
    }

    /** Registers a device without touching the hardware. */
    final ClientDevice addClient(DeviceRecord record) {
        StreamRoute route = new StreamRoute(
                record,
                parts.features(),
                parts.memory().streams(),
                writer,
                parts.host().memory(),
                parts.host().allocator());
        DeviceSwitches switches = new DeviceSwitches(record, parts.features(), caches);
        boolean passes = parts.memory().reserved().containsAny(record.streamIds());
        ClientDevice device =
                new ClientDevice(record, switches, route, writer, passes ? Attachment.IDENTITY : Attachment.BLOCKED);
        devices.put(record, device);
        record.streamIds().forEach(streamId -> devicesByStream.put(streamId, device));
        return device;
    }

    /** The contexts; under the lock. */
    final Contexts contexts() {
        return contexts;
    }

    /** Devices that were added; under the lock. */
    final List<ClientDevice> devices() {
        return new ArrayList<>(devices.values());
    }

    /** The device that a stream belongs to, or null; under the lock. */
    final ClientDevice deviceOf(int streamId) {
        return devicesByStream.get(streamId);
    }

    /** The thread that reports faults. */
    final EventThread events() {
        return faults.thread();
    }

    private ClientDevice device(DeviceRecord record) {
        ClientDevice device = devices.get(record);
        if (device == null) {
            throw new IommuException(Errno.ENODEV, "device " + record.name() + " was not added");
        }
        return device;
    }

    private Stage1Context ownStage1(TranslationContext context) {
        if (contexts.own(context) instanceof Stage1Context stage1) {
            return stage1;
        }
        throw new IommuException(Errno.EINVAL, context + " is not of stage 1: PASIDs are resolved there");
    }

    private String clientOf(int streamId) {
        synchronized (this) {
            ClientDevice device = devicesByStream.get(streamId);
            return device == null ? "(unassigned sid)" : device.record().name();
        }
    }

    private boolean wantsPasidInResponse(int streamId) {
        synchronized (this) {
            ClientDevice device = devicesByStream.get(streamId);
            return device != null && device.record().port().wantsPasidInResponse();
        }
    }

    private static void requireInstalled(UnitContext context) {
        if (!context.isInstalled()) {
            throw new IommuException(Errno.EINVAL, context + " has no page table installed");
        }
    }

    @Override
    public List<ReservedRegion> reservedRegions(DeviceRecord device) {
        return List.of(MSI_WINDOW);
    }
}
