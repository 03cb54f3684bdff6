package org.sluice.pgtable.arm;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.sluice.api.IotlbGather;
import org.sluice.api.Prot;
import org.sluice.memory.ResidentMemoryFactory;
import org.sluice.pgtable.testkit.TestHost;
import org.sluice.spi.memory.MemoryRegion;
import org.sluice.spi.memory.PhysicalMemory;
import org.sluice.spi.pgtable.PageTable;
import org.sluice.spi.pgtable.TableHost;

/** Tables in windows that cannot all be kept: the short way must never take one window for another. */
class FarWindowsTest {
    private static final long K4 = 4096;
    private static final long M2 = 2 << 20;
    private static final int RW = Prot.READ | Prot.WRITE;
    private static final int TABLES = 64;

    /** Windows of these have numbers that agree in as many bits as are looked at. */
    private static final List<MemoryRegion> REGIONS = List.of(
            new MemoryRegion(1L << 31, 8 << 20),
            new MemoryRegion((1L << 31) + (1L << 36), 8 << 20),
            new MemoryRegion((1L << 31) + (1L << 37), 8 << 20));

    /** Allocates from the regions in turn. */
    private static final class InTurn implements TableHost {
        private final PhysicalMemory memory = new ResidentMemoryFactory().create(REGIONS);
        private final List<TestHost> hosts =
                REGIONS.stream().map(region -> new TestHost(memory, region)).toList();
        private int turn;

        @Override
        public PhysicalMemory memory() {
            return memory;
        }

        @Override
        public long allocateTable(long bytes, long alignment, long lastAddress) {
            return hosts.get(turn++ % hosts.size()).allocateTable(bytes, alignment, lastAddress);
        }

        @Override
        public void freeTable(long address, long bytes) {
            for (int i = 0; i < REGIONS.size(); i++) {
                if (address - REGIONS.get(i).base() >= 0
                        && address - REGIONS.get(i).base() < REGIONS.get(i).size()) {
                    hosts.get(i).freeTable(address, bytes);
                }
            }
        }

        @Override
        public void retireTable(long iova, long size, long granule, long address, long bytes) {
            freeTable(address, bytes);
        }

        private long allocatedBytes() {
            return hosts.stream().mapToLong(TestHost::allocatedBytes).sum();
        }
    }

    @Test
    void everyPageIsWhereItWasMapped() {
        InTurn host = new InTurn();
        PageTable table = Formats.create(Configs.of(Configs.SIZES_4K), host);
        for (long page = 0; page < 12; page++) {
            for (int i = 0; i < TABLES; i++) {
                table.mapPages(i * M2 + page * K4, (i * 1000L + page) * K4, K4, 1, RW);
            }
        }
        for (int i = 0; i < TABLES; i++) {
            table.mapPages(i * M2 + 64 * K4, (i * 1000L + 64) * K4, K4, 400, RW);
        }
        for (int i = 0; i < TABLES; i++) {
            for (long page = 0; page < 512; page++) {
                boolean mapped = page < 12 || page >= 64 && page < 464;
                assertThat(table.iovaToPhys(i * M2 + page * K4 + 5))
                        .as("page %d of table %d", page, i)
                        .isEqualTo(mapped ? (i * 1000L + page) * K4 + 5 : 0);
            }
        }
        assertThat(table.survey().leaves()).isEqualTo(TABLES * 412L);
        IotlbGather gather = new IotlbGather();
        for (int i = 0; i < TABLES; i++) {
            assertThat(table.unmapPages(i * M2, K4, 12, gather)).isEqualTo(12 * K4);
            assertThat(table.unmapPages(i * M2 + 64 * K4, K4, 400, gather)).isEqualTo(400 * K4);
        }
        assertThat(table.survey().leaves()).isZero();
        table.free();
        assertThat(host.allocatedBytes()).isZero();
    }
}
