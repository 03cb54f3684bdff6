package org.sluice.itest;

import java.util.ArrayList;
import java.util.Dictionary;
import java.util.Hashtable;
import java.util.List;
import java.util.Map;
import org.osgi.framework.InvalidSyntaxException;
import org.osgi.framework.ServiceReference;
import org.osgi.framework.ServiceRegistration;
import org.sluice.board.base.FannedInterrupts;
import org.sluice.spi.board.Board;
import org.sluice.spi.board.Dma;
import org.sluice.spi.board.Endpoint;
import org.sluice.spi.board.IommuHardware;
import org.sluice.spi.board.IommuModel;
import org.sluice.spi.board.IommuModelFactory;
import org.sluice.spi.board.ModelRequest;
import org.sluice.spi.memory.MemoryFactory;
import org.sluice.spi.memory.MemoryRegion;
import org.sluice.spi.memory.PageAllocator;
import org.sluice.spi.memory.PhysicalMemory;

/** A board with two SMMUv3s over one memory, each with one device; made of what the container's bundles offer. */
final class TwinBoard implements Board, AutoCloseable {
    private static final String SMMUV3 = "arm,smmu-v3";
    private static final MemoryRegion MEMORY = new MemoryRegion(Machine.RAM, 0x1000_0000L);
    private static final MemoryRegion POOL = new MemoryRegion(Machine.RAM + 0x800_0000L, 0x800_0000L);

    private final PhysicalMemory memory;
    private final PageAllocator allocator;
    private final List<IommuModel> models = new ArrayList<>();
    private final List<IommuHardware> iommus = new ArrayList<>();
    private final List<Endpoint> endpoints = new ArrayList<>();
    private final ServiceRegistration<Board> registration;

    private TwinBoard(MemoryFactory memories, IommuModelFactory factory) {
        memory = memories.create(List.of(MEMORY));
        allocator = memories.allocator(memory, POOL);
        for (String side : List.of("left", "right")) {
            FannedInterrupts lines = new FannedInterrupts();
            IommuModel model =
                    factory.create(new ModelRequest(side + "-smmu", memory, memory, lines, Map.of("profile", "full")));
            models.add(model);
            iommus.add(new IommuHardware(side + "-smmu", SMMUV3, model.registers(), lines, Map.of()));
            endpoints.add(new Endpoint(side, "", side + "-smmu", List.of(0x10), 8, -1, new Port(model, 0x10)));
        }
        Dictionary<String, Object> properties = new Hashtable<>(Map.of(Board.NAME, name()));
        registration = Container.CONTEXT.registerService(Board.class, this, properties);
    }

    static TwinBoard powerOn() throws InvalidSyntaxException {
        ServiceReference<IommuModelFactory> factory = Container.CONTEXT
                .getServiceReferences(IommuModelFactory.class, "(" + IommuModelFactory.COMPATIBLE + "=" + SMMUV3 + ")")
                .iterator()
                .next();
        return new TwinBoard(Container.service(MemoryFactory.class), Container.CONTEXT.getService(factory));
    }

    /** DMA of a device. */
    Dma dma(String device) {
        return endpoints.stream()
                .filter(endpoint -> endpoint.name().equals(device))
                .findFirst()
                .orElseThrow()
                .dma();
    }

    @Override
    public String name() {
        return "twin";
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

    @Override
    public void close() {
        registration.unregister();
        models.forEach(IommuModel::close);
    }

    /** Accesses that lie within a page. */
    private record Port(IommuModel model, int streamId) implements Dma {
        @Override
        public int read(int pasid, long iova, byte[] target, int offset, int length, int flags) {
            return model.transact(streamId, pasid, iova, flags, target, offset, length);
        }

        @Override
        public int write(int pasid, long iova, byte[] source, int offset, int length, int flags) {
            return model.transact(streamId, pasid, iova, flags | IommuModel.WRITE, source, offset, length);
        }
    }
}
