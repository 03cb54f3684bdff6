package org.sluice.core.space;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.sluice.api.Capability;
import org.sluice.api.DmaDirection;
import org.sluice.api.DmaMapper;
import org.sluice.api.DomainType;
import org.sluice.api.ScatterList;
import org.sluice.core.TestMachine;
import org.sluice.core.dma.DmaDomain;
import org.sluice.core.gate.SwapGate;
import org.sluice.core.iova.FlushQueue;
import org.sluice.core.iova.IovaAllocator;
import org.sluice.core.unit.DmaDoor;

/** What DMA mapping adds to map and unmap allocates nothing on the Java heap once warm. */
class DmaAllocationTest {
    private static final int WARM = 20_000;
    private static final int COUNTED = 50_000;
    private static final DmaDirection BOTH = DmaDirection.BIDIRECTIONAL;

    private final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    private TestMachine machine;

    @AfterEach
    void stop() {
        if (machine != null) {
            machine.close();
        }
    }

    private long bytesPerOperation(Runnable operation) {
        for (int i = 0; i < WARM; i++) {
            operation.run();
        }
        long thread = Thread.currentThread().getId();
        long before = threads.getThreadAllocatedBytes(thread);
        for (int i = 0; i < COUNTED; i++) {
            operation.run();
        }
        return (threads.getThreadAllocatedBytes(thread) - before) / COUNTED;
    }

    @Test
    void anIovaPairAllocatesNothing() {
        SwapGate gate = new SwapGate();
        IovaAllocator iovas = new IovaAllocator(gate, 0, (1L << 48) - 1, 4096, () -> {});
        FlushQueue queue =
                new FlushQueue(FlushQueue.Bounds.PER_THREAD, gate, iovas, () -> {}, (nanos, action) -> {}, () -> {});
        assertThat(bytesPerOperation(() -> {
                    long[] pin = gate.enter();
                    iovas.free(pin, iovas.allocate(pin, 0x3000, -1L), 0x3000);
                    iovas.free(pin, iovas.allocate(pin, 0x40000, -1L), 0x40000);
                    queue.add(pin, iovas.allocate(pin, 4096, -1L), 4096);
                    gate.leave(pin);
                    if (queue.isOverdue()) {
                        queue.flush();
                    }
                }))
                .isZero();
    }

    /** The fake device and driver allocate themselves; so the same through the space is what is compared with. */
    @Test
    void dmaMapAndUnmapAllocateNoMoreThanMapAndUnmap() {
        machine = TestMachine.withRealTables(it -> it.driver.capabilities = Set.of(Capability.DEFERRED_FLUSH));
        var domain = machine.domain(DomainType.DMA);
        domain.attach(machine.device("nic"));
        DmaMapper dma = machine.device("nic").dma();
        DmaDomain state = DmaDoor.of(domain);
        state.iovas().reserve(0x10_0000, 0x1f_ffff, Long.MAX_VALUE / 4);
        long plain = bytesPerOperation(() -> {
            domain.space().map(0x10_0000, 0x9_0000_0000L, 0x4000, 3);
            domain.space().unmap(0x10_0000, 0x4000);
        });
        long mapped = bytesPerOperation(() -> dma.unmap(dma.map(0x9_0000_0010L, 0x3000, BOTH), 0x3000, BOTH));
        assertThat(mapped).isLessThanOrEqualTo(plain);
    }

    @Test
    void lazyUnmapAndScatterListsAllocateNothing() {
        machine = TestMachine.withRealTables(it -> it.driver.capabilities = Set.of(Capability.DEFERRED_FLUSH));
        var domain = machine.domain(DomainType.DMA_FQ);
        domain.attach(machine.device("nic"));
        DmaMapper dma = machine.device("nic").dma();
        ScatterList segments = new ScatterList().add(0x9_0000_0000L, 0x1000).add(0x9_0001_0000L, 0x1800);
        ScatterList out = new ScatterList();
        assertThat(bytesPerOperation(() -> {
                    dma.unmap(dma.map(0x9_0000_0010L, 0x3000, BOTH), 0x3000, BOTH);
                    dma.mapSg(segments, BOTH, 0, out);
                    dma.unmapSg(out, BOTH, 0);
                }))
                .isLessThanOrEqualTo(64); // the fake hardware allocates in each flush, which is one in 128 operations
    }
}
