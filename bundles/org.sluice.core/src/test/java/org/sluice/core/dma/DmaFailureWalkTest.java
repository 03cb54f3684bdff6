package org.sluice.core.dma;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.function.LongSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.sluice.api.AddressSpace;
import org.sluice.api.DmaDirection;
import org.sluice.api.DmaLimits;
import org.sluice.api.DmaMapper;
import org.sluice.api.Domain;
import org.sluice.api.DomainType;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.api.Prot;
import org.sluice.api.ReservedRegion;
import org.sluice.api.ScatterList;
import org.sluice.core.TestMachine;
import org.sluice.core.unit.DmaDoor;
import org.sluice.spi.board.DmaProperties;

/**
 * Each operation is tried with its first memory allocation failing, then with its second, and so on until it succeeds; as
 * Linux's {@code fail_nth} does. Each failure is ENOMEM, leaves nothing mapped and no IOVA taken, and the next try is as good
 * as the first.
 */
@Timeout(120)
class DmaFailureWalkTest {
    private static final long BUFFER = 0x9_0000_0000L;
    private static final int RW = Prot.READ | Prot.WRITE;
    private static final DmaDirection BOTH = DmaDirection.BIDIRECTIONAL;

    private final TestMachine machine = TestMachine.withRealTables(it -> {
        it.board.dma("disk", new DmaProperties(true, true, DmaLimits.NONE, List.of()));
        it.board.dma(
                "gpu",
                new DmaProperties(
                        true,
                        false,
                        DmaLimits.NONE,
                        List.of(new ReservedRegion(0x3fff_f000L, 0x2000, RW, ReservedRegion.Type.DIRECT))));
    });
    private final DmaMapper dma = machine.device("nic").dma();
    private Domain domain;

    @BeforeEach
    void attach() {
        domain = machine.domain(DomainType.DMA);
        domain.attach(machine.device("nic"));
    }

    @AfterEach
    void stop() {
        machine.close();
    }

    /** Walks through the failures of one operation. */
    private void walk(int atLeast, LongSupplier operation) {
        int failures = 0;
        while (true) {
            long tables = machine.counter("tables.bytes");
            long allocated = machine.board.allocator().allocatedBytes();
            machine.board.allocationsUntilFailure.set(failures);
            try {
                operation.getAsLong();
                assertThat(machine.board.allocationsUntilFailure.getAndSet(-1))
                        .as("the operation went on although an allocation had failed")
                        .isNotNegative();
                break;
            } catch (IommuException failed) {
                machine.board.allocationsUntilFailure.set(-1);
                assertThat(failed.errno()).isEqualTo(Errno.ENOMEM);
                assertThat(leaves()).isEmpty();
                DmaDoor.of(domain).iovas().flushCaches(60_000_000_000L);
                assertThat(DmaDoor.of(domain).iovas().takenBytes()).isZero();
                // Tables may stay for the next map, and nothing else.
                assertThat(machine.board.allocator().allocatedBytes() - allocated)
                        .isEqualTo(machine.counter("tables.bytes") - tables);
                failures++;
            }
        }
        assertThat(failures).isGreaterThanOrEqualTo(atLeast);
    }

    private List<Long> leaves() {
        List<Long> leaves = new ArrayList<>();
        domain.space().walk(0, domain.space().lastIova(), (iova, paddr, size, descriptor, prot) -> leaves.add(iova));
        return leaves;
    }

    @Test
    void map() {
        AddressSpace space = domain.space();
        walk(3, () -> {
            space.map(0x3fff_f000L, BUFFER, 0x40_2000, RW); // across a gigabyte, not congruent
            return 0;
        });
        assertThat(space.iovaToPhys(0x4020_0000L)).isEqualTo(BUFFER + 0x20_1000);
    }

    @Test
    void mapSg() {
        AddressSpace space = domain.space();
        ScatterList segments = new ScatterList();
        for (int i = 0; i < 4; i++) {
            segments.add(BUFFER + i * 0x100_0000L, 0x1f_f000);
        }
        walk(3, () -> space.mapSg(0x3fe0_1000L, segments, RW));
        assertThat(space.iovaToPhys(0x3fe0_1000L + 3 * 0x1f_f000L)).isEqualTo(BUFFER + 0x300_0000L);
    }

    @Test
    void dmaMap() {
        walk(2, () -> dma.map(BUFFER + 0x123, 0x30_0000, BOTH));
        assertThat(DmaDoor.of(domain).iovas().takenBytes()).isEqualTo(0x30_1000);
    }

    @Test
    void dmaMapSg() {
        ScatterList segments = new ScatterList();
        for (int i = 0; i < 3; i++) {
            segments.add(BUFFER + i * 0x100_0000L + 0x1800, 0x1f_f000); // not congruent to 2 MiB
        }
        ScatterList out = new ScatterList();
        walk(3, () -> dma.mapSg(segments, BOTH, 0, out));
        assertThat(out.size()).isEqualTo(3);
    }

    @Test
    void coherentMemory() {
        walk(3, () -> dma.allocate(0x2000).address());
    }

    @Test
    void bouncedMap() {
        domain.attach(machine.device("disk"));
        long page = machine.board.allocator().allocate(0x4000, 4096);
        // Three allocations: bounce pages, which are kept, and two tables.
        long before = machine.board.allocator().allocatedBytes() - machine.counter("tables.bytes");
        DmaMapper untrusted = machine.device("disk").dma();
        int failures = 0;
        for (boolean done = false; !done; ) {
            machine.board.allocationsUntilFailure.set(failures);
            try {
                untrusted.map(page + 0x100, 0x2200, BOTH);
                done = true;
            } catch (IommuException failed) {
                assertThat(failed.errno()).isEqualTo(Errno.ENOMEM);
                assertThat(leaves()).isEmpty();
                assertThat(((DeviceDma) untrusted).bouncePages()).isZero();
                failures++;
            } finally {
                machine.board.allocationsUntilFailure.set(-1);
            }
        }
        assertThat(failures).isGreaterThanOrEqualTo(2);
        assertThat(machine.board.allocator().allocatedBytes() - machine.counter("tables.bytes") - before)
                .isEqualTo(16 * 4096);
    }

    @Test
    void attachWithDirectRegions() {
        for (int failures = 0; ; failures++) {
            machine.board.allocationsUntilFailure.set(failures);
            try {
                domain.attach(machine.device("gpu"));
                break;
            } catch (IommuException failed) {
                assertThat(failed.errno()).isEqualTo(Errno.ENOMEM);
                assertThat(domain.devices()).containsExactly(machine.device("nic"));
                assertThat(leaves()).isEmpty();
                assertThat(failures).isLessThan(10);
            } finally {
                machine.board.allocationsUntilFailure.set(-1);
            }
        }
        assertThat(machine.hardware.dma(TestMachine.GPU, -1, 0x4000_0000L)).isEqualTo(0x4000_0000L);
    }
}
