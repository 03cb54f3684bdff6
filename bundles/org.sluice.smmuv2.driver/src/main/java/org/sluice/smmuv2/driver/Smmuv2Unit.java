package org.sluice.smmuv2.driver;

import java.util.BitSet;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.sluice.api.Capability;
import org.sluice.api.Counters;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.driver.base.UnitLog;
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
import org.sluice.spi.driver.StallControl;
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
class Smmuv2Unit implements IommuUnit, ClientSwitching, PageResponseOperations, StallControl, HookedUnit, Counters {
    private final IommuHardware hardware;
    private final Features features;
    private final Space space;
    private final HookedRegisters registers;
    private final Maintenance maintenance;
    private final Banks banks;
    private final Streams streams;
    private final Formats formats;
    private final Contexts contexts;
    private final UnitCapabilities capabilities;
    private final Map<DeviceRecord, Client> clients = new LinkedHashMap<>();
    private final Map<Integer, DeviceRecord> owners = new HashMap<>();

    private InterruptLines.Subscription powerUps = () -> {};
    private FaultThread thread;
    private volatile Hooks hooks;

    Smmuv2Unit(
            IommuHardware hardware,
            HookedRegisters registers,
            Features features,
            Smmuv2Limits limits,
            Hooks hooks,
            UnitLog log) {
        this.hardware = hardware;
        this.registers = registers;
        this.features = features;
        this.hooks = hooks;
        space = new Space(registers);
        maintenance = new Maintenance(space, hardware.power(), this::implementation);
        banks = new Banks(space, limits, features.interrupts(), this::implementation);
        streams = new Streams(space, features, limits.streamEntries(), this::implementation);
        formats = new Formats(features, limits, this::implementation);
        contexts = new Contexts(
                features,
                limits,
                formats,
                maintenance,
                new BankTranslation(space, hardware.power(), banks, features.translationOperations(), log));
        Set<Capability> abilities = EnumSet.of(Capability.NOEXEC, Capability.DEFERRED_FLUSH);
        if (features.coherent()) {
            abilities.add(Capability.CACHE_COHERENCY);
        }
        capabilities = new UnitCapabilities(
                features.stage1(),
                features.stage2(),
                features.nested(),
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
        return contexts.create(request);
    }

    @Override
    public TranslationContext adoptContext(ContextRecord record) {
        return contexts.adopt(record);
    }

    Contexts contexts() {
        return contexts;
    }

    @Override
    public void freeContext(TranslationContext context) {
        BankContext mine = contexts.own(context);
        for (Client client : clients.values()) {
            if (client.context() == mine) {
                throw new IommuException(
                        Errno.EBUSY,
                        mine + " is used by device " + client.record().name());
            }
        }
        for (Client client : clients.values()) {
            if (mine instanceof TableContext table && client.tables().contains(table)) {
                revoke(client, table);
            }
        }
        contexts.free(mine);
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
        Attachment.Kind kind = hooks.defaultRoute(device)
                .orElse(
                        device.streamIds().stream().anyMatch(streams::isKept)
                                ? Attachment.Kind.IDENTITY
                                : Attachment.Kind.BLOCKED);
        int added = 0;
        try {
            for (int streamId : device.streamIds()) {
                streams.add(device, streamId, route(kind, null));
                owners.put(streamId, device);
                added++;
            }
        } catch (RuntimeException failed) {
            for (int streamId : device.streamIds().subList(0, added)) {
                streams.undo(streamId);
                owners.remove(streamId);
            }
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
            next = contexts.own(attachment.context());
            if (!next.isInstalled()) {
                throw new IommuException(Errno.EINVAL, next + " has no page table installed");
            }
            giveBank(next, device);
        }
        client.setAttachment(attachment);
        for (int streamId : device.streamIds()) {
            streams.route(device, streamId, route(attachment.kind(), next));
        }
        if (before != next) {
            release(client, before);
        }
    }

    // the bank of the stage 2 comes first: the CBAR of a guest's names it
    private void giveBank(BankContext context, DeviceRecord device) {
        if (context instanceof GuestContext guest) {
            giveBank(guest.parent(), device);
        }
        if (context.bank() != BankContext.NO_BANK) {
            return;
        }
        try {
            banks.give(context, device);
        } catch (RuntimeException refused) {
            takeBackUnused(context);
            throw refused;
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
        for (TableContext table : client.tables()) {
            table.invalidateAll();
            table.setBank(BankContext.NO_BANK);
        }
        client.tables().clear();
        takeBackUnused(context);
    }

    private void takeBackUnused(BankContext context) {
        boolean used = clients.values().stream()
                .anyMatch(client -> client.context() != null && client.context().rests(context));
        if (!used && banks.owner(context.bank()) == context) {
            banks.takeBack(context);
        }
        if (context instanceof GuestContext guest) {
            takeBackUnused(guest.parent());
        }
    }

    @Override
    public void allowTable(DeviceRecord device, TranslationContext context, int asid) {
        Client client = client(device);
        BankContext kernel = client.context();
        if (kernel == null || !kernel.isUpperHalf()) {
            throw new IommuException(
                    Errno.EINVAL,
                    device.name() + " is not attached to a domain of the upper half: nothing of its own would stay"
                            + " mapped when it loads another table");
        }
        if (!(contexts.own(context) instanceof TableContext table)) {
            throw new IommuException(Errno.EINVAL, device.name() + " cannot load the tables of a " + context);
        }
        table.setLoadedAsid(asid);
        table.setBank(kernel.bank());
        if (!banks.isLowerHalfOn(kernel.bank())) {
            banks.enableLowerHalf(kernel.bank(), (ArmStage1) table.walker());
        }
        client.tables().add(table);
    }

    private void revoke(Client client, TableContext table) {
        client.tables().remove(table);
        if (client.tables().isEmpty() && client.context() instanceof TableContext kernel) {
            banks.disableLowerHalf(table.bank(), kernel.tag());
        }
    }

    @Override
    public void setStall(DeviceRecord device, boolean stall) {
        BankContext context = client(device).context();
        if (context == null) {
            throw new IommuException(
                    Errno.EINVAL,
                    device.name() + " is attached to no context: it has no bank whose faults could stall");
        }
        banks.setStall(context.bank(), stall);
    }

    /** The context whose table a device had loaded when it faulted; null for the bank's own. */
    TableContext loadedBy(ContextFaults fault) {
        BankContext owner = banks.owner(fault.bank());
        if (owner == null || !owner.isUpperHalf() || fault.address() < 0) {
            return null;
        }
        // by root, because tables may share an ASID
        return contexts.ofStage1().stream()
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
            streams.reset(new BitSet());
            banks.reset();
            maintenance.all();
        }
    }
}
