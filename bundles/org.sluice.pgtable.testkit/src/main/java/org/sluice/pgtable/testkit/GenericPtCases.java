package org.sluice.pgtable.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.sluice.api.IotlbGather;
import org.sluice.api.Prot;
import org.sluice.spi.pgtable.MappingException;
import org.sluice.spi.pgtable.PageTable;
import org.sluice.spi.pgtable.PageTableConfig;
import org.sluice.spi.pgtable.PageTableFormat;

/**
 * The domain cases of generic_pt's KUnit suite (linux-iommu.md section 5.5) that apply to one page table. A subclass has a
 * static method {@code configs()} with its configurations.
 */
public abstract class GenericPtCases {
    private static final long K4 = 4096;
    private static final long M2 = 2 << 20;
    private static final long G1 = 1 << 30;
    private static final int RW = Prot.READ | Prot.WRITE;

    private final TestHost host = new TestHost();
    private final IotlbGather gather = new IotlbGather();
    private PageTable table;

    /** For the cases of a format. */
    protected GenericPtCases() {}

    /**
     * The format of a configuration.
     *
     * @param config one of them
     * @return the format
     */
    protected abstract PageTableFormat format(PageTableConfig config);

    private void create(PageTableConfig config) {
        table = format(config).create(config, host);
    }

    @AfterEach
    public void noPageLeaks() {
        host.sync(gather);
        host.freeRetired();
        assertThat(table.survey().tableBytes()).isEqualTo(host.allocatedBytes());
        table.free();
        assertThat(host.allocatedBytes()).isZero();
    }

    /** Maps as the core does: the largest size that alignment and length allow, as often as it fits. */
    private void map(long iova, long paddr, long bytes) {
        for (long done = 0; done != bytes; ) {
            long size = largest(iova + done | paddr + done, bytes - done);
            done += table.mapPages(iova + done, paddr + done, size, 1, RW);
        }
    }

    private long largest(long alignment, long bytes) {
        long sizes = table.config().pageSizes() & (Long.highestOneBit(bytes) << 1) - 1;
        return Long.highestOneBit(alignment == 0 ? sizes : sizes & (Long.lowestOneBit(alignment) << 1) - 1);
    }

    private long unmap(long iova, long bytes) {
        long done = 0;
        while (done < bytes) {
            long got = table.unmapPages(iova + done, largest(iova + done, bytes - done), 1, gather);
            if (got == 0) {
                break;
            }
            done += got;
        }
        return done;
    }

    @ParameterizedTest
    @MethodSource("configs")
    final void mapSimple(PageTableConfig config) {
        create(config);
        for (long sizes = table.config().pageSizes(); sizes != 0; sizes &= sizes - 1) {
            long size = Long.lowestOneBit(sizes);
            long paddr = 2 * size & (1L << 39) - 1;
            assertThat(table.mapPages(size, paddr, size, 1, RW)).isEqualTo(size);
            assertThat(table.iovaToPhys(size)).isEqualTo(paddr);
            assertThat(table.iovaToPhys(2 * size - 1)).isEqualTo(paddr + size - 1);
            assertThat(table.iovaToPhys(size - 1)).isZero();
            assertThat(table.iovaToPhys(2 * size)).isZero();
            assertThat(table.unmapPages(size, size, 1, gather)).isEqualTo(size);
            assertThat(table.survey().leaves()).isZero();
        }
    }

    @ParameterizedTest
    @MethodSource("configs")
    final void pgsizeBoundary(PageTableConfig config) {
        create(config);
        map(0xfef8_0000L, 0x20_8b95_d000L, 0x2_0000);
        for (long offset = 0; offset < 0x2_0000; offset += K4) {
            assertThat(table.iovaToPhys(0xfef8_0000L + offset)).isEqualTo(0x20_8b95_d000L + offset);
        }
        assertThat(table.survey().leavesBySize()).isEqualTo(Map.of(K4, 32L));
        assertThat(unmap(0xfef8_0000L, 0x2_0000)).isEqualTo(0x2_0000);
    }

    @ParameterizedTest
    @MethodSource("configs")
    final void mixedIs14And3And3Leaves(PageTableConfig config) {
        create(config);
        map(0x3_fe40_0000L, 0x3_fe40_0000L, 0x4_c060_0000L - 0x3_fe40_0000L);
        StringBuilder sizes = new StringBuilder();
        table.walk(0, -1, (iova, paddr, size, entry, prot) -> {
            assertThat(paddr).isEqualTo(iova);
            sizes.append(size == G1 ? 'G' : size == M2 ? 'M' : '?');
            return true;
        });
        assertThat(sizes).hasToString("M".repeat(14) + "GGG" + "MMM").hasSize(20);
        assertThat(unmap(0x3_fe40_0000L, 0xc220_0000L)).isEqualTo(0xc220_0000L);
        assertThat(table.survey().leaves()).isZero();
    }

    @ParameterizedTest
    @MethodSource("configs")
    final void mapTableToOa(PageTableConfig config) {
        create(config);
        map(G1, 0, 3 * K4);
        map(G1 + 5 * M2, 0, M2);
        assertThat(unmap(G1, 3 * K4)).isEqualTo(3 * K4);
        assertThat(unmap(G1 + 5 * M2, M2)).isEqualTo(M2);
        assertThat(table.mapPages(G1, 2 * G1, G1, 1, RW)).isEqualTo(G1);
        assertThat(table.iovaToPhys(G1 + 5)).isEqualTo(2 * G1 + 5);
        assertThat(host.retired).extracting(TestHost.Retired::size).containsExactlyInAnyOrder(M2, G1);
    }

    @ParameterizedTest
    @MethodSource("configs")
    final void unmapSplit(PageTableConfig config) {
        create(config);
        for (long sizes = table.config().pageSizes() & ~K4; sizes != 0; sizes &= sizes - 1) {
            long size = Long.lowestOneBit(sizes);
            table.mapPages(size, 0, size, 1, RW);
            assertThat(table.unmapPages(size + K4, K4, 1, gather)).as("inside").isZero();
            assertThat(table.unmapPages(size + size / 2, K4, 1, gather))
                    .as("inside")
                    .isZero();
            assertThat(table.iovaToPhys(size + 5)).isEqualTo(5);
            assertThat(table.unmapPages(size, K4, 1, gather)).as("all of it").isEqualTo(size);
            assertThat(gather.start()).isEqualTo(size);
            assertThat(gather.end()).isEqualTo(2 * size - 1);
            assertThat(gather.pageSize()).isIn(K4, size);
            assertThat(table.survey().leaves()).isZero();
            host.sync(gather);
        }
    }

    @ParameterizedTest
    @MethodSource("configs")
    final void randomMap(PageTableConfig config) {
        create(config);
        Random random = new Random(config.hashCode());
        TreeMap<Long, Long> mapped = new TreeMap<>();
        for (int round = 0; round < 1000; round++) {
            long start = (random.nextLong() & (1L << 36) - 1) & -K4;
            long bytes = K4 * (1 + random.nextInt(round % 50 == 0 ? 1 << 19 : 4096));
            if (mapped.floorKey(start + bytes - 1) == null
                    || mapped.floorEntry(start + bytes - 1).getValue() <= start) {
                map(start, start, bytes);
                mapped.put(start, start + bytes);
            } else {
                long other = mapped.floorKey(start + bytes - 1);
                assertThat(table.iovaToPhys(other)).isEqualTo(other);
                assertThat(unmap(other, mapped.get(other) - other)).isEqualTo(mapped.remove(other) - other);
                assertThat(table.iovaToPhys(other)).isZero();
                host.sync(gather);
            }
        }
        long bytes = mapped.entrySet().stream()
                .mapToLong(range -> range.getValue() - range.getKey())
                .sum();
        assertThat(table.survey().mappedBytes()).isEqualTo(bytes).isPositive();
        mapped.forEach((start, end) -> assertThat(unmap(start, end - start)).isEqualTo(end - start));
        assertThat(table.survey().leaves()).isZero();
    }

    @ParameterizedTest
    @MethodSource("configs")
    final void overMapIsRefusedAndChangesNothing(PageTableConfig config) {
        create(config);
        map(M2, 0, 4 * K4);
        long digest = table.survey().digest();
        for (long[] over : new long[][] {{M2, K4}, {M2 + 3 * K4, K4}, {M2, M2}, {0, G1}}) {
            assertThat(refusalOf(over[0], over[1])).startsWith("EEXIST");
        }
        assertThat(table.survey().digest()).isEqualTo(digest);
    }

    private String refusalOf(long iova, long size) {
        try {
            table.mapPages(iova, 0, size, 1, RW);
            return "mapped";
        } catch (MappingException refused) {
            return refused.getMessage();
        }
    }
}
