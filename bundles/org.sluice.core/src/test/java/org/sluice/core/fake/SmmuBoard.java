package org.sluice.core.fake;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.board.base.FannedInterrupts;
import org.sluice.memory.ResidentMemoryFactory;
import org.sluice.smmuv3.model.Smmuv3ModelFactory;
import org.sluice.spi.board.Board;
import org.sluice.spi.board.Dma;
import org.sluice.spi.board.Endpoint;
import org.sluice.spi.board.IommuHardware;
import org.sluice.spi.board.IommuModel;
import org.sluice.spi.board.ModelRequest;
import org.sluice.spi.bus.RegisterFile;
import org.sluice.spi.memory.MemoryRegion;
import org.sluice.spi.memory.PageAllocator;
import org.sluice.spi.memory.PhysicalMemory;

/** A board with several SMMUv3s over one memory, each with one device; commands may get lost, and allocations fail. */
public final class SmmuBoard implements Board, AutoCloseable {
    public static final String COMPATIBLE = "arm,smmu-v3";
    private static final long CMDQ_PROD = 0x98;
    private static final MemoryRegion MEMORY = new MemoryRegion(0x4000_0000L, 0x1000_0000L);
    private static final MemoryRegion POOL = new MemoryRegion(0x4000_0000L, 0x800_0000L);

    /** Memory that no table is in. */
    public static final long BUFFERS = 0x4800_0000L;

    private final PhysicalMemory memory;
    private final PageAllocator allocator;
    private final List<IommuModel> models = new ArrayList<>();
    private final List<IommuHardware> iommus = new ArrayList<>();
    private final List<Endpoint> endpoints = new ArrayList<>();

    /** Doorbells that still reach the SMMU of this name before it hears none; negative for all. */
    public final Map<String, AtomicInteger> doorbellsLeft = new ConcurrentHashMap<>();

    /** Allocations that succeed before one fails; negative for no failure. */
    public final AtomicInteger allocationsLeft = new AtomicInteger(-1);

    public SmmuBoard() {
        ResidentMemoryFactory factory = new ResidentMemoryFactory();
        memory = factory.create(List.of(MEMORY));
        allocator = new FailingAllocator(factory.allocator(memory, POOL), allocationsLeft);
    }

    /** Adds an SMMU with a device. */
    public SmmuBoard smmu(String name, String device, int streamId, Map<String, Object> properties) {
        FannedInterrupts lines = new FannedInterrupts();
        IommuModel model = new Smmuv3ModelFactory().create(new ModelRequest(name, memory, memory, lines, properties));
        models.add(model);
        doorbellsLeft.put(name, new AtomicInteger(-1));
        iommus.add(new IommuHardware(
                name, COMPATIBLE, new Doorbells(model.registers(), doorbellsLeft.get(name)), lines, Map.of()));
        endpoints.add(new Endpoint(device, "", name, List.of(streamId), 8, -1, new Port(model, streamId)));
        return this;
    }

    /** DMA of a device. */
    public Dma dma(String device) {
        return endpoints.stream()
                .filter(endpoint -> endpoint.name().equals(device))
                .findFirst()
                .orElseThrow()
                .dma();
    }

    @Override
    public String name() {
        return "smmus";
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

    /** Registers whose command doorbell may stop working. */
    private record Doorbells(RegisterFile real, AtomicInteger left) implements RegisterFile {
        @Override
        public int read32(long offset) {
            return real.read32(offset);
        }

        @Override
        public long read64(long offset) {
            return real.read64(offset);
        }

        @Override
        public void write32(long offset, int value) {
            if (offset != CMDQ_PROD || left.get() < 0 || left.getAndUpdate(n -> Math.max(n - 1, 0)) > 0) {
                real.write32(offset, value);
            }
        }

        @Override
        public void write64(long offset, long value) {
            real.write64(offset, value);
        }
    }

    private record FailingAllocator(PageAllocator real, AtomicInteger left) implements PageAllocator {
        private void failIfDue() {
            if (left.get() >= 0 && left.getAndDecrement() == 0) {
                throw new IommuException(Errno.ENOMEM, "this allocation was chosen to fail");
            }
        }

        @Override
        public long allocate(long bytes, long alignment) {
            failIfDue();
            return real.allocate(bytes, alignment);
        }

        @Override
        public long allocateBelow(long bytes, long alignment, long lastAddress) {
            failIfDue();
            return real.allocateBelow(bytes, alignment, lastAddress);
        }

        @Override
        public void free(long address, long bytes) {
            real.free(address, bytes);
        }

        @Override
        public boolean isAllocated(long address, long bytes) {
            return real.isAllocated(address, bytes);
        }

        @Override
        public long allocatedBytes() {
            return real.allocatedBytes();
        }
    }
}
