package org.sluice.smmuv2.testkit.board;

import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import org.sluice.spi.board.Board;
import org.sluice.spi.board.Dma;
import org.sluice.spi.board.Endpoint;
import org.sluice.spi.board.IommuHardware;
import org.sluice.spi.board.IommuModel;
import org.sluice.spi.board.IommuModelFactory;
import org.sluice.spi.board.ModelRequest;
import org.sluice.spi.bus.InterruptLines;
import org.sluice.spi.bus.PowerDomain;
import org.sluice.spi.memory.MemoryFactory;
import org.sluice.spi.memory.MemoryRegion;
import org.sluice.spi.memory.PageAllocator;
import org.sluice.spi.memory.PhysicalMemory;

/** Memory, one SMMUv2 and a device for each stream, each in a group of its own. Any thread. */
public final class Smmuv2Board implements Board, InterruptLines, AutoCloseable {
    private static final int PAGE_BYTES = 4096;

    private final String name;
    private final PhysicalMemory memory;
    private final PageAllocator allocator;
    private final IommuModel model;
    private final IommuHardware hardware;
    private final List<Endpoint> endpoints;
    private final Map<String, List<Runnable>> lines = new ConcurrentHashMap<>();

    /**
     * Powers a board on.
     *
     * @param name of the board, before {@code -smmu} and {@code -devN} of its parts
     * @param compatible of the SMMU
     * @param properties of its model
     * @param streamIds of the devices
     * @param memories makes the memory
     * @param ram all of it
     * @param pool the part for tables
     * @param models makes the SMMU
     */
    public Smmuv2Board(
            String name,
            String compatible,
            Map<String, Object> properties,
            List<Integer> streamIds,
            MemoryFactory memories,
            MemoryRegion ram,
            MemoryRegion pool,
            IommuModelFactory models) {
        this.name = name;
        memory = memories.create(List.of(ram));
        allocator = memories.allocator(memory, pool);
        String iommu = name + "-smmu";
        model = models.create(new ModelRequest(
                iommu,
                memory,
                memory,
                line -> lines.getOrDefault(line, List.of()).forEach(Runnable::run),
                properties));
        hardware = new IommuHardware(
                iommu, compatible, model.registers(), this, Map.of(), PowerDomain.ALWAYS_ON, model.platform());
        endpoints = streamIds.stream()
                .map(id -> new Endpoint(name + "-dev" + id, "", iommu, List.of(id), 0, id, new Paged(id)))
                .toList();
    }

    /** A device's transfers, a page at a time. */
    private final class Paged implements Dma {
        private final int streamId;

        Paged(int streamId) {
            this.streamId = streamId;
        }

        @Override
        public int read(int pasid, long iova, byte[] target, int offset, int length, int flags) {
            return transfer(pasid, iova, target, offset, length, flags);
        }

        @Override
        public int write(int pasid, long iova, byte[] source, int offset, int length, int flags) {
            return transfer(pasid, iova, source, offset, length, flags | IommuModel.WRITE);
        }

        private int transfer(int pasid, long iova, byte[] data, int offset, int length, int flags) {
            int done = 0;
            int answer = OK;
            while (done < length && answer == OK) {
                int left = PAGE_BYTES - (int) (iova + done & PAGE_BYTES - 1);
                int part = Math.min(length - done, left);
                answer = model.transact(streamId, pasid, iova + done, flags, data, offset + done, part);
                done += part;
            }
            return answer;
        }
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
        return List.of(hardware);
    }

    @Override
    public List<Endpoint> endpoints() {
        return endpoints;
    }

    @Override
    public Subscription subscribe(String line, Runnable listener) {
        List<Runnable> listeners = lines.computeIfAbsent(line, key -> new CopyOnWriteArrayList<>());
        Runnable own = listener::run;
        listeners.add(own);
        return () -> listeners.remove(own);
    }

    @Override
    public void close() {
        model.close();
    }
}
