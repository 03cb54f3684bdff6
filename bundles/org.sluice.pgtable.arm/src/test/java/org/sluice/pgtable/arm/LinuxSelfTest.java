package org.sluice.pgtable.arm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.sluice.api.Errno;
import org.sluice.api.IotlbGather;
import org.sluice.api.Prot;
import org.sluice.pgtable.testkit.TestHost;
import org.sluice.spi.pgtable.MappingException;
import org.sluice.spi.pgtable.PageTable;
import org.sluice.spi.pgtable.PageTableConfig;

/** The steps of Linux's io-pgtable-arm self-test and of its v7s one (linux-iommu.md sections 5.1, 5.2). */
class LinuxSelfTest {
    private static final long GIB = 1L << 30;
    private static final int RW = Prot.READ | Prot.WRITE;

    static List<PageTableConfig> configs() {
        return Configs.selfTest();
    }

    @ParameterizedTest
    @MethodSource("configs")
    void everyStepHolds(PageTableConfig config) {
        TestHost host = new TestHost();
        PageTable table = Formats.create(config, host);
        IotlbGather gather = new IotlbGather();

        assertThat(table.iovaToPhys(42)).isZero();
        assertThat(table.iovaToPhys(GIB + 42)).isZero();
        assertThat(table.iovaToPhys(2 * GIB + 42)).isZero();

        long stride = Configs.isShort(config) ? 1 << 24 : GIB;
        long[] sizes = sizes(table.config().pageSizes());
        for (int n = 0; n < sizes.length; n++) {
            long iova = n * stride;
            long size = sizes[n];
            assertThat(table.mapPages(iova, iova, size, 1, RW | Prot.NOEXEC | Prot.CACHE))
                    .isEqualTo(size);
            assertThatThrownBy(() -> table.mapPages(iova, iova + size, size, 1, RW | Prot.NOEXEC))
                    .isInstanceOfSatisfying(MappingException.class, e -> {
                        assertThat(e.errno()).isEqualTo(Errno.EEXIST);
                        assertThat(e.mapped()).isZero();
                    });
            assertThat(table.iovaToPhys(iova + 42)).isEqualTo(iova + 42);
        }
        for (int n = 0; n < sizes.length; n++) {
            long iova = n * stride;
            assertThat(table.unmapPages(iova, sizes[n], 1, gather)).isEqualTo(sizes[n]);
            assertThat(gather.start()).isEqualTo(iova);
            assertThat(gather.end()).isEqualTo(iova + sizes[n] - 1);
            assertThat(gather.pageSize()).isEqualTo(sizes[n]);
            host.sync(gather);
            assertThat(table.iovaToPhys(iova + 42)).isZero();
            assertThat(table.mapPages(iova, iova, sizes[n], 1, Prot.WRITE)).isEqualTo(sizes[n]);
            assertThat(table.iovaToPhys(iova + 42)).isEqualTo(iova + 42);
        }
        for (int n = 0; n < sizes.length; n++) {
            assertThat(table.unmapPages(n * stride, sizes[n], 1, gather)).isEqualTo(sizes[n]);
        }

        long largest = sizes[sizes.length - 1];
        long last = (1L << config.inputBits()) - largest;
        assertThat(table.mapPages(last, last, largest, 1, RW)).isEqualTo(largest);
        assertThat(table.iovaToPhys(last + 42)).isEqualTo(last + 42);
        assertThat(table.unmapPages(last, largest, 1, gather)).isEqualTo(largest);
        assertThat(table.iovaToPhys(last + 42)).isZero();

        host.sync(gather);
        table.free();
        assertThat(host.allocatedBytes()).isZero();
    }

    private static long[] sizes(long bitmap) {
        return LongStream.range(0, 64)
                .map(bit -> 1L << bit)
                .filter(size -> (bitmap & size) != 0)
                .toArray();
    }
}
