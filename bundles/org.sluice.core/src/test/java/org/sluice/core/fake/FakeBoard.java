package org.sluice.core.fake;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.memory.ResidentMemoryFactory;
import org.sluice.spi.board.Board;
import org.sluice.spi.board.BusPosition;
import org.sluice.spi.board.DmaProperties;
import org.sluice.spi.board.Endpoint;
import org.sluice.spi.board.IommuHardware;
import org.sluice.spi.bus.DevicePort;
import org.sluice.spi.memory.MemoryRegion;
import org.sluice.spi.memory.PageAllocator;
import org.sluice.spi.memory.PhysicalMemory;

/** A board with real memory and fake IOMMUs. */
public final class FakeBoard implements Board {
    private final PhysicalMemory memory;
    private final PageAllocator allocator;
    private final List<IommuHardware> iommus = new ArrayList<>();
    private final List<Endpoint> endpoints = new ArrayList<>();
    private final Map<String, DmaProperties> dma = new HashMap<>();

    /** Allocations that succeed before one fails; negative for no failure. */
    public final AtomicInteger allocationsUntilFailure = new AtomicInteger(-1);

    /** What makes allocations fail. */
    public final Injection injection = new Injection();

    public FakeBoard(Journal journal) {
        ResidentMemoryFactory factory = new ResidentMemoryFactory();
        MemoryRegion pool = new MemoryRegion(0x4000_0000L, 0x400_0000L);
        memory = factory.create(List.of(pool));
        allocator = new JournalAllocator(factory.allocator(memory, pool), journal, allocationsUntilFailure, injection);
    }

    /** Every device stalls, except for the far one. */
    private static DevicePort stalls(String name) {
        return new DevicePort() {
            @Override
            public boolean canStall() {
                return !name.equals("far");
            }
        };
    }

    public FakeBoard iommu(String name) {
        return iommu(name, FakeDriver.COMPATIBLE);
    }

    public FakeBoard iommu(String name, String compatible) {
        iommus.add(new IommuHardware(name, compatible, null, null, Map.of()));
        return this;
    }

    public FakeBoard endpoint(String name, String compatible, String iommu, int stream, int pasidBits, int group) {
        endpoints.add(new Endpoint(name, compatible, iommu, List.of(stream), pasidBits, group, null, stalls(name)));
        return this;
    }

    /** What firmware says of an endpoint's DMA. */
    public FakeBoard dma(String endpoint, DmaProperties properties) {
        dma.put(endpoint, properties);
        return this;
    }

    @Override
    public DmaProperties dmaProperties(Endpoint endpoint) {
        return dma.getOrDefault(endpoint.name(), DmaProperties.ORDINARY);
    }

    public FakeBoard endpoint(String name, String compatible, String iommu, int stream, BusPosition position) {
        endpoints.add(new Endpoint(name, compatible, iommu, List.of(stream), 0, -1, null, DevicePort.NONE, position));
        return this;
    }

    @Override
    public String name() {
        return "fake";
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

    /** Writes down what is freed, and fails when it is told to. */
    private record JournalAllocator(
            PageAllocator real, Journal journal, AtomicInteger untilFailure, Injection injection)
            implements PageAllocator {
        private void failIfDue() {
            injection.point("a page");
            if (untilFailure.get() >= 0 && untilFailure.getAndDecrement() == 0) {
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
            journal.add("free page");
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
