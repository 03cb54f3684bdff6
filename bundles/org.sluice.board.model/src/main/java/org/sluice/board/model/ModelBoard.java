package org.sluice.board.model;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.sluice.api.Counters;
import org.sluice.board.base.FannedInterrupts;
import org.sluice.board.base.Properties;
import org.sluice.spi.board.AtsModel;
import org.sluice.spi.board.Board;
import org.sluice.spi.board.Dma;
import org.sluice.spi.board.DmaProperties;
import org.sluice.spi.board.Endpoint;
import org.sluice.spi.board.IommuHardware;
import org.sluice.spi.board.IommuModel;
import org.sluice.spi.board.IommuModelFactory;
import org.sluice.spi.board.ModelRequest;
import org.sluice.spi.bus.DevicePort;
import org.sluice.spi.bus.PowerDomain;
import org.sluice.spi.bus.PowerSwitch;
import org.sluice.spi.bus.RegisterFile;
import org.sluice.spi.memory.MemoryFactory;
import org.sluice.spi.memory.PageAllocator;
import org.sluice.spi.memory.PhysicalMemory;

/** One board: memory, one IOMMU, endpoints. Immutable once made; any thread. */
final class ModelBoard implements Board, AutoCloseable {
    private final String name;
    private final PhysicalMemory memory;
    private final PageAllocator allocator;
    private final IommuModel model;
    private final Optional<SwitchedPower> power;
    private final List<IommuHardware> iommus;
    private final Map<String, DmaProperties> dma = new HashMap<>();
    private final List<Endpoint> endpoints;
    private final List<DeviceTlbPort> ports = new ArrayList<>();

    /**
     * Powers a board on.
     *
     * @throws org.sluice.api.IommuException EINVAL for what the memory or the model rejects
     */
    ModelBoard(BoardConfig config, MemoryFactory memories, IommuModelFactory models) {
        name = config.name();
        memory = memories.create(config.memory());
        allocator = memories.allocator(memory, config.pool());
        Injection injection = config.injection();
        FannedInterrupts interrupts = new FannedInterrupts();
        PhysicalMemory dmaMemory = injection == Injection.WRONG_PA ? new ShiftedMemory(memory) : memory;
        model = models.create(
                new ModelRequest(config.iommuName(), memory, dmaMemory, interrupts, config.modelProperties()));
        RegisterFile registers = switch (injection) {
            case SKIP_TLBI -> EditedCommands.withoutTlbInvalidation(model.registers(), memory);
            case STALE_CD -> EditedCommands.withoutContextInvalidation(model.registers(), memory);
            case DROP_SYNC -> new EarlySync(model.registers(), memory, interrupts);
            default -> model.registers();
        };
        power = config.switched() ? Optional.of(new SwitchedPower()) : Optional.empty();
        iommus = List.of(new IommuHardware(
                config.iommuName(),
                config.compatible(),
                power.map(domain -> domain.over(registers)).orElse(registers),
                interrupts,
                config.firmware(),
                power.map(PowerDomain.class::cast).orElse(PowerDomain.ALWAYS_ON),
                model.platform()));
        List<Endpoint> made = new ArrayList<>();
        for (EndpointConfig endpoint : config.endpoints()) {
            made.add(endpoint(endpoint, config.iommuName(), injection));
            dma.put(endpoint.name(), endpoint.dma());
        }
        endpoints = List.copyOf(made);
    }

    private Endpoint endpoint(EndpointConfig config, String iommu, Injection injection) {
        int streamId = config.streamIds().get(0);
        int world = config.secure() ? IommuModel.SECURE : 0;
        DevicePort port = port(config);
        TransactionBus bus = port instanceof DeviceTlbPort translating
                ? new TranslatingBus(model, streamId, translating)
                : (pasid, address, flags, data, offset, length) ->
                        model.transact(streamId, pasid, address, flags | world, data, offset, length);
        TransactionBus powered = power.map(domain -> domain.over(bus)).orElse(bus);
        Dma dma = new ModelDma(powered, config.name(), config.pasidBits());
        if (injection == Injection.SWAP_SSID) {
            dma = new SwappedSubstreams(dma, config.pasidBits());
        }
        return new Endpoint(
                config.name(),
                config.compatible(),
                iommu,
                config.streamIds(),
                config.pasidBits(),
                config.group(),
                dma,
                port);
    }

    private DevicePort port(EndpointConfig config) {
        if (config.tlbEntries() == 0) {
            return config.stalls() ? new StallingPort() : DevicePort.NONE;
        }
        AtsModel ats = model.ats()
                .orElseThrow(() -> Properties.invalid(
                        "endpoint " + config.name() + ": ats", config.tlbEntries(), "the IOMMU has no ATS"));
        DeviceTlbPort port = new DeviceTlbPort(config, ats);
        ports.add(port);
        return port;
    }

    /** The port of a device that is not of PCI. */
    private static final class StallingPort implements DevicePort {
        @Override
        public boolean canStall() {
            return true;
        }
    }

    @Override
    public DmaProperties dmaProperties(Endpoint endpoint) {
        return dma.getOrDefault(endpoint.name(), DmaProperties.ORDINARY);
    }

    @Override
    public Optional<PowerSwitch> powerSwitch(Endpoint endpoint) {
        return power.map(PowerSwitch.class::cast);
    }

    @Override
    public String name() {
        return name;
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
    public List<IommuHardware> iommus() {
        return iommus;
    }

    @Override
    public List<Endpoint> endpoints() {
        return endpoints;
    }

    /** What can be counted of the IOMMU; null where the model counts nothing. */
    Counters counters() {
        if (!(model instanceof Counters counters)) {
            return null;
        }
        return power.map(domain -> domain.beside(counters)).orElse(counters);
    }

    /** The model itself, for what it offers besides its registers. */
    IommuModel model() {
        return model;
    }

    /** Powers it off: transactions abort from then on. */
    @Override
    public void close() {
        model.close();
        ports.forEach(DeviceTlbPort::close);
    }
}
