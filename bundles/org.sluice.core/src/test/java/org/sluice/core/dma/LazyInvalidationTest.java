package org.sluice.core.dma;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.sluice.api.Capability;
import org.sluice.api.DmaDirection;
import org.sluice.api.DmaLimits;
import org.sluice.api.DmaMapper;
import org.sluice.api.Domain;
import org.sluice.api.DomainType;
import org.sluice.core.TestMachine;
import org.sluice.core.iova.FlushQueue;
import org.sluice.core.unit.DefaultPolicy;
import org.sluice.core.unit.DmaDoor;
import org.sluice.spi.board.DmaProperties;

/** Domains of type DMA_FQ: the device may reach what was unmapped until a flush, and its IOVA is nobody else's before. */
@Timeout(120)
class LazyInvalidationTest {
    private static final long BUFFER = 0x9_0000_0000L;
    private static final long HOUR = 3_600_000_000_000L;

    private TestMachine machine;
    private DmaMapper dma;

    private Domain lazy(FlushQueue.Bounds bounds, Set<Capability> capabilities) {
        machine = TestMachine.withRealTables(bounds, DefaultPolicy.BLOCKED, it -> {
            it.driver.capabilities = capabilities;
            it.board.dma("nic", DmaProperties.ORDINARY);
        });
        Domain domain = machine.domain(DomainType.DMA_FQ);
        domain.attach(machine.device("nic"));
        dma = machine.device("nic").dma();
        return domain;
    }

    private Domain lazy(int entries) {
        return lazy(new FlushQueue.Bounds(entries, HOUR, true), Set.of(Capability.DEFERRED_FLUSH));
    }

    @AfterEach
    void stop() {
        machine.close();
    }

    private long reach(long address) {
        return machine.hardware.dma(TestMachine.NIC, -1, address);
    }

    @Test
    void whatWasUnmappedMayBeReachedUntilTheFlushAndNotAfter() {
        Domain domain = lazy(256);
        long address = dma.map(BUFFER, 0x1000, DmaDirection.TO_DEVICE);
        assertThat(reach(address)).isEqualTo(BUFFER); // now it is in the TLB
        dma.unmap(address, 0x1000, DmaDirection.TO_DEVICE);
        assertThat(domain.space().iovaToPhys(address)).isZero();
        assertThat(reach(address)).isEqualTo(BUFFER);
        DmaDoor.of(domain).queue().flush();
        assertThat(reach(address)).isZero();
    }

    @Test
    void anIovaIsNotUsedAgainBeforeTheFlush() {
        lazy(256);
        Set<Long> used = new HashSet<>();
        for (int i = 0; i < 256; i++) {
            long address = dma.map(BUFFER + i * 0x1000L, 0x1000, DmaDirection.TO_DEVICE);
            assertThat(used.add(address)).isTrue();
            assertThat(reach(address)).isEqualTo(BUFFER + i * 0x1000L);
            dma.unmap(address, 0x1000, DmaDirection.TO_DEVICE);
        }
    }

    @Test
    void aFullRingIsFlushedByTheThreadThatFillsIt() {
        Domain domain = lazy(64);
        for (int i = 0; i < 1000; i++) {
            long address = dma.map(BUFFER, 0x1000, DmaDirection.TO_DEVICE);
            assertThat(reach(address)).isEqualTo(BUFFER);
            dma.unmap(address, 0x1000, DmaDirection.TO_DEVICE);
        }
        FlushQueue queue = DmaDoor.of(domain).queue();
        assertThat(queue.flushes()).isEqualTo(1000 / 65);
        assertThat(queue.overflows()).isEqualTo(1000 / 65);
        assertThat(queue.size()).isLessThanOrEqualTo(64);
    }

    @Test
    void theClockFlushesWhatWaits() throws InterruptedException {
        Domain domain = lazy(new FlushQueue.Bounds(256, 1_000_000, true), Set.of(Capability.DEFERRED_FLUSH));
        long address = dma.map(BUFFER, 0x40000, DmaDirection.TO_DEVICE);
        reach(address);
        dma.unmap(address, 0x40000, DmaDirection.TO_DEVICE);
        while (DmaDoor.of(domain).queue().size() != 0) {
            Thread.sleep(1);
        }
        assertThat(reach(address)).isZero();
        assertThat(DmaDoor.of(domain).iovas().takenBytes()).isZero();
    }

    @Test
    void tablesThatFallOutAreFreedByTheFlush() {
        Domain domain = lazy(256);
        long before = machine.counter("tables.live");
        long address = dma.map(BUFFER + 0x1000, 0x200000, DmaDirection.TO_DEVICE); // not congruent: 512 pages
        long mapped = machine.counter("tables.live");
        dma.unmap(address, 0x200000, DmaDirection.TO_DEVICE);
        assertThat(machine.counter("tables.live")).isEqualTo(mapped);
        DmaDoor.of(domain).queue().flush();
        assertThat(machine.counter("tables.live")).isLessThan(mapped).isGreaterThanOrEqualTo(before);
    }

    @Test
    void noIovaLeftMakesAFlushBeforeTheCallerIsTurnedAway() {
        Domain domain = lazy(256);
        dma.setLimits(DmaLimits.NONE.withAddressBits(20));
        for (int i = 0; i < 100; i++) {
            long address = dma.map(BUFFER, 0x8_0000, DmaDirection.TO_DEVICE);
            dma.unmap(address, 0x8_0000, DmaDirection.TO_DEVICE);
        }
        assertThat(DmaDoor.of(domain).queue().flushes()).isEqualTo(99);
    }

    @Test
    void withoutTheCapabilityItIsStrict() {
        Domain domain = lazy(new FlushQueue.Bounds(256, HOUR, true), Set.of());
        assertThat(DmaDoor.of(domain).queue()).isNull();
        long address = dma.map(BUFFER, 0x1000, DmaDirection.TO_DEVICE);
        reach(address);
        dma.unmap(address, 0x1000, DmaDirection.TO_DEVICE);
        assertThat(reach(address)).isZero();
    }

    @Test
    void threadsMayShareOneRing() throws InterruptedException {
        Domain domain = lazy(new FlushQueue.Bounds(32, HOUR, false), Set.of(Capability.DEFERRED_FLUSH));
        Thread other = new Thread(() -> {
            for (int i = 0; i < 20; i++) {
                dma.unmap(dma.map(BUFFER, 0x1000, DmaDirection.TO_DEVICE), 0x1000, DmaDirection.TO_DEVICE);
            }
        });
        other.start();
        other.join();
        for (int i = 0; i < 20; i++) {
            dma.unmap(dma.map(BUFFER, 0x1000, DmaDirection.TO_DEVICE), 0x1000, DmaDirection.TO_DEVICE);
        }
        assertThat(DmaDoor.of(domain).queue().flushes()).isEqualTo(1);
    }
}
