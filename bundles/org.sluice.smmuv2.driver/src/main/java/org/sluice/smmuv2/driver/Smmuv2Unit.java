package org.sluice.smmuv2.driver;

import java.util.EnumSet;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.sluice.api.Capability;
import org.sluice.api.Counters;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.smmuv2.arch.StreamToContext;
import org.sluice.spi.board.IommuHardware;
import org.sluice.spi.bus.InterruptLines;
import org.sluice.spi.driver.Attachment;
import org.sluice.spi.driver.ClientSwitching;
import org.sluice.spi.driver.ContextRecord;
import org.sluice.spi.driver.ContextRequest;
import org.sluice.spi.driver.DeviceRecord;
import org.sluice.spi.driver.IommuUnit;
import org.sluice.spi.driver.PageRequest;
import org.sluice.spi.driver.PageResponse;
import org.sluice.spi.driver.PageResponseOperations;
import org.sluice.spi.driver.TranslationContext;
import org.sluice.spi.driver.UnitCapabilities;
import org.sluice.spi.pgtable.ArmStage1;
import org.sluice.spi.quirk.AppliedHooks;
import org.sluice.spi.quirk.HookedUnit;
import org.sluice.spi.quirk.Smmuv2Limits;

/**
 * One SMMUv2. The core serialises the calls; the contexts that it makes are for any thread.
 *
 * <p>A bank goes to a context with its first device and comes back with its last. Contexts of tables that a device loads by
 * itself have no bank of their own: they are invalidated by ASID through the bank of the device.
 */
final class Smmuv2Unit implements IommuUnit, ClientSwitching, PageResponseOperations, HookedUnit, Counters {
    private static final int ASID_BITS = 16;
    private static final int NARROW_TAG_BITS = 8;

    private final IommuHardware hardware;
    private final Features features;
    private final Space space;
    private final HookedRegisters registers;
    private final Maintenance maintenance;
    private final Banks banks;
    private final Streams streams;
    private final Formats formats;
    private final Tags asids;
    private final Tags vmids;
    private final UnitCapabilities capabilities;
    private final Map<DeviceRecord, Client> clients = new LinkedHashMap<>();
    private final Map<Integer, DeviceRecord> owners = new HashMap<>();
    private final Map<Integer, BankContext> byAsid = new ConcurrentHashMap<>();
    private final Map<Integer, BankContext> byVmid = new ConcurrentHashMap<>();
    /** Contexts that the hardware was found to use and that nobody has asked for yet. */
    private final Map<ContextRecord, BankContext> unclaimed = new HashMap<>();

    private InterruptLines.Subscription powerUps = () -> {};
    private FaultThread thread;
    private volatile Hooks hooks;

    Smmuv2Unit(IommuHardware hardware, HookedRegisters registers, Features features, Smmuv2Limits limits, Hooks hooks) {
        this.hardware = hardware;
        this.registers = registers;
        this.features = features;
        this.hooks = hooks;
        space = new Space(registers);
        maintenance = new Maintenance(space, hardware.power(), this::implementation);
        banks = new Banks(space, limits, features.interrupts(), this::implementation);
        streams = new Streams(space, features, limits.streamEntries(), this::implementation);
        formats = new Formats(features, limits);
        asids = new Tags("ASID", limits.firstAsid(), limits.tags(), limits.aarch64() ? ASID_BITS : NARROW_TAG_BITS);
        vmids = new Tags("VMID", limits.firstVmid(), limits.tags(), features.wideVmids() ? ASID_BITS : NARROW_TAG_BITS);
        Set<Capability> abilities = EnumSet.of(Capability.NOEXEC, Capability.DEFERRED_FLUSH);
        if (features.coherent()) {
            abilities.add(Capability.CACHE_COHERENCY);
        }
        capabilities = new UnitCapabilities(
                features.stage1(),
                features.stage2(),
                false,
                0,
                features.streamBits(),
                formats.pageSizes(),
                formats.inputBits(),
                formats.outputBits(),
                abilities);
    }

    /** From here on faults are served and power is watched. */
    void start(FaultThread faults) {
        thread = faults;
        powerUps = hardware.power().onPowerUp(maintenance::everything);
        faults.start(hardware.interrupts(), features.interrupts());
    }

    /** The hooks of the moment. */
    Hooks implementation() {
        return hooks;
    }

    /** Other hooks from now on. */
    void use(Hooks next) {
        registers.use(next);
        hooks = next;
    }

    boolean isPowered() {
        return hardware.power().isOn();
    }

    Space space() {
        return space;
    }

    Banks banks() {
        return banks;
    }

    Streams streams() {
        return streams;
    }

    Maintenance maintenance() {
        return maintenance;
    }

    @Override
    public UnitCapabilities capabilities() {
        return capabilities;
    }

    @Override
    public List<AppliedHooks> hooks() {
        return hooks.applied();
    }

    @Override
    public TranslationContext createContext(ContextRequest request) {
        int stage = formats.stage(request);
        var table = formats.table(request, stage);
        int tag = tags(stage).take();
        return add(new BankContext(request, stage, tag, table, maintenance));
    }

    @Override
    public TranslationContext adoptContext(ContextRecord record) {
        BankContext found = unclaimed.remove(record);
        return found != null ? found : restore(record);
    }

    /** Makes a context that the hardware was found to use; kept for {@link #adoptContext}. */
    BankContext adoptFound(ContextRecord record) {
        return unclaimed.computeIfAbsent(record, this::restore);
    }

    private BankContext restore(ContextRecord record) {
        tags(record.stage()).reserve(record.tag());
        BankContext context =
                add(new BankContext(record.request(), record.stage(), record.tag(), record.table(), maintenance));
        if (record.walker() != null) {
            context.install(record.walker());
        }
        return context;
    }

    private BankContext add(BankContext context) {
        contexts(context.stage()).put(context.tag(), context);
        return context;
    }

    private Tags tags(int stage) {
        return stage == 1 ? asids : vmids;
    }

    private Map<Integer, BankContext> contexts(int stage) {
        return stage == 1 ? byAsid : byVmid;
    }

    private BankContext own(TranslationContext context) {
        if (!(context instanceof BankContext mine) || contexts(mine.stage()).get(mine.tag()) != mine) {
            throw new IommuException(Errno.EINVAL, "context " + context + " is not of this unit");
        }
        return mine;
    }

    @Override
    public void freeContext(TranslationContext context) {
        BankContext mine = own(context);
        for (Client client : clients.values()) {
            if (client.context() == mine) {
                throw new IommuException(
                        Errno.EBUSY,
                        mine + " is used by device " + client.record().name());
            }
        }
        for (Client client : clients.values()) {
            if (client.tables().contains(mine)) {
                revoke(client, mine);
            }
        }
        mine.invalidateAll();
        contexts(mine.stage()).remove(mine.tag());
        tags(mine.stage()).giveBack(mine.tag());
    }

    @Override
    public void addDevice(DeviceRecord device) {
        for (int streamId : device.streamIds()) {
            DeviceRecord owner = owners.get(streamId);
            if (owner != null) {
                throw new IommuException(
                        Errno.EBUSY,
                        String.format("StreamID 0x%x of %s is %s's", streamId, device.name(), owner.name()));
            }
        }
        Attachment.Kind kind = hooks.defaultRoute(device).orElse(Attachment.Kind.BLOCKED);
        int added = 0;
        try {
            for (int streamId : device.streamIds()) {
                streams.add(device, streamId, route(kind, null));
                owners.put(streamId, device);
                added++;
            }
        } catch (RuntimeException failed) {
            device.streamIds().subList(0, added).forEach(this::forget);
            throw failed;
        }
        Client client = new Client(device);
        client.setAttachment(kind == Attachment.Kind.IDENTITY ? Attachment.IDENTITY : Attachment.BLOCKED);
        clients.put(device, client);
        hooks.deviceAdded(device);
    }

    /** Registers a device whose entries were found. */
    Client found(DeviceRecord device, Attachment attachment) {
        Client client = new Client(device);
        client.setAttachment(attachment);
        clients.put(device, client);
        device.streamIds().forEach(streamId -> owners.put(streamId, device));
        return client;
    }

    private void forget(int streamId) {
        streams.remove(streamId);
        owners.remove(streamId);
    }

    @Override
    public void removeDevice(DeviceRecord device) {
        Client client = client(device);
        device.streamIds().forEach(this::forget);
        BankContext last = client.context();
        client.setAttachment(Attachment.BLOCKED);
        clients.remove(device);
        release(client, last);
    }

    @Override
    public void attach(DeviceRecord device, Attachment attachment) {
        Client client = client(device);
        BankContext before = client.context();
        BankContext next = null;
        if (attachment.context() != null) {
            next = own(attachment.context());
            if (next.walker() == null) {
                throw new IommuException(Errno.EINVAL, next + " has no page table installed");
            }
            if (next.bank() == BankContext.NO_BANK) {
                banks.give(next, device);
            }
        }
        client.setAttachment(attachment);
        for (int streamId : device.streamIds()) {
            streams.route(device, streamId, route(attachment.kind(), next));
        }
        if (before != next) {
            release(client, before);
        }
    }

    /** The S2CR of a route, before hooks. */
    static long route(Attachment.Kind kind, BankContext context) {
        return switch (kind) {
            case BLOCKED -> StreamToContext.withType(0, StreamToContext.TYPE_FAULT);
            case IDENTITY -> StreamToContext.withType(0, StreamToContext.TYPE_BYPASS);
            case TRANSLATED ->
                StreamToContext.withCbndx(StreamToContext.withType(0, StreamToContext.TYPE_TRANSLATE), context.bank());
        };
    }

    // a bank that nobody uses any more goes back, and what its device may have loaded goes with it
    private void release(Client client, BankContext context) {
        if (context == null) {
            return;
        }
        for (BankContext table : client.tables()) {
            table.invalidateAll();
            table.setBank(BankContext.NO_BANK);
        }
        client.tables().clear();
        boolean used = clients.values().stream().anyMatch(other -> other.context() == context);
        if (!used && context.bank() != BankContext.NO_BANK) {
            banks.takeBack(context);
        }
    }

    @Override
    public void allowTable(DeviceRecord device, TranslationContext context, int asid) {
        Client client = client(device);
        BankContext kernel = client.context();
        if (kernel == null || !kernel.request().upperHalf()) {
            throw new IommuException(
                    Errno.EINVAL,
                    device.name() + " is not attached to a domain of the upper half: nothing of its own would stay"
                            + " mapped when it loads another table");
        }
        BankContext table = own(context);
        table.setLoadedAsid(asid);
        table.setBank(kernel.bank());
        if (!banks.isLowerHalfOn(kernel.bank())) {
            banks.enableLowerHalf(kernel.bank(), (ArmStage1) table.walker());
        }
        client.tables().add(table);
    }

    private void revoke(Client client, BankContext table) {
        client.tables().remove(table);
        if (client.tables().isEmpty()) {
            banks.disableLowerHalf(table.bank(), client.context().tag());
        }
    }

    /** The context whose table a device had loaded when it faulted; null for the bank's own. */
    BankContext loadedBy(ContextFaults fault) {
        BankContext owner = banks.owner(fault.bank());
        if (owner == null || !owner.request().upperHalf() || fault.address() < 0) {
            return null;
        }
        // by root, because tables may share an ASID
        return byAsid.values().stream()
                .filter(table -> table.bank() == fault.bank() && table != owner)
                .filter(table -> table.walker().root() == fault.root())
                .findFirst()
                .orElse(null);
    }

    @Override
    public void respond(PageRequest request, PageResponse response) {
        thread.answer(request.group(), response == PageResponse.SUCCESS);
    }

    @Override
    public void drain(DeviceRecord device, int pasid) {
        if (!thread.awaitRound()) {
            throw new IommuException(
                    Errno.ETIMEDOUT, "a fault handler of " + device.name() + " has not returned for 1 s");
        }
    }

    private Client client(DeviceRecord device) {
        Client client = clients.get(device);
        if (client == null) {
            throw new IommuException(Errno.ENODEV, "device " + device.name() + " was not added");
        }
        return client;
    }

    @Override
    public String subject() {
        return hardware.name();
    }

    @Override
    public Map<String, Long> read() {
        return Map.of("driver.faults", thread.faults());
    }

    @Override
    public void handOver() {
        powerUps.close();
        thread.stop();
    }

    @Override
    public void shutdown() {
        handOver();
        if (hardware.power().isOn()) {
            streams.reset();
            banks.reset();
            maintenance.all();
        }
    }
}
