package org.sluice.pgtable.apple;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.sluice.pgtable.apple.Configs.K4;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.api.IotlbGather;
import org.sluice.api.Prot;
import org.sluice.pgtable.testkit.TestHost;
import org.sluice.spi.pgtable.PageTable;
import org.sluice.spi.pgtable.PageTableConfig;

/** A page table object over tables that are in memory already. */
class AdoptionTest {
    private static final int RW = Prot.READ | Prot.WRITE;

    private final TestHost host = new TestHost();
    private final long root = TestHost.POOL.base();

    static List<PageTableConfig> configs() {
        return Configs.EACH;
    }

    @ParameterizedTest
    @MethodSource("configs")
    void adoptedTablesMapTheSameAndNothingIsWritten(PageTableConfig config) {
        PageTable old = Configs.create(config, host);
        long page = config.pageSizes();
        for (int shift = Long.numberOfTrailingZeros(page); shift < config.inputBits(); shift++) {
            old.mapPages(1L << shift, (1L << shift) & (1L << 35) - 1, page, 1, RW);
        }
        byte[] before = tablesInMemory();
        PageTable successor =
                Configs.format(config).adopt(config, old.walkerConfig().root(), host);

        assertThat(tablesInMemory()).isEqualTo(before);
        assertThat(successor.survey()).isEqualTo(old.survey());
        assertThat(successor.survey().digest()).isNotZero();
        assertThat(successor.walkerConfig()).isEqualTo(old.walkerConfig());
        assertThat(successor.config()).isEqualTo(old.config());
        IotlbGather gather = new IotlbGather();
        successor.walk(
                0, -1, (iova, paddr, size, descriptor, prot) -> successor.unmapPages(iova, size, 1, gather) == size);
        assertThat(successor.survey().leaves()).isZero();
        successor.free();
        assertThat(host.allocatedBytes()).isZero();
    }

    private byte[] tablesInMemory() {
        byte[] bytes = new byte[1 << 20];
        host.memory().read(root, bytes, 0, bytes.length);
        return bytes;
    }

    @Test
    void rootThatIsNotAlignedOrNotMemoryIsRefused() {
        for (long bad : new long[] {root + 0x1000, root + 8, 0, -4096, TestHost.POOL.last() + 1}) {
            assertThatThrownBy(() -> new Dart1Format().adopt(Configs.dart1(K4, 32), bad, host))
                    .isInstanceOf(IommuException.class)
                    .hasMessageStartingWith("EINVAL")
                    .hasMessageContaining(String.format("0x%x", bad));
        }
    }

    @Test
    void entryThatCannotBeIsRefusedWithItsAddressAndValue() {
        long table = root + 0x4000; // behind the four top tables
        assertRefused(root, 0x5000, "neither empty");
        assertRefused(root, 0x4000_0001L, "not memory");
        assertRefused(root, table | 0x81, "more than an address");
        assertRefused(root, root + 0x1000 | 1, "twice");
        host.memory().write64(root, table | 1);
        assertRefused(root + 8, table | 1, "twice");
        assertRefused(table, 0x000f_fe00_0000_5001L, "part"); // sub-pages up to 0xffe
        assertRefused(table, 0x001f_ff00_0000_5001L, "part"); // from 1
        host.memory().write64(table, 0x000f_ff00_0000_5001L); // whole, although sub-pages are not disabled
        host.memory().write64(table + 8, 0x000f_fe00_0000_6083L); // disabled
        PageTable adopted = new Dart1Format().adopt(Configs.dart1(K4, 32), root, host);
        assertThat(adopted.iovaToPhys(0x1005)).isEqualTo(0x6005);
        assertThat(adopted.survey().leaves()).isEqualTo(2);
    }

    @Test
    void entryBeyondTheInputAddressesIsRefused() {
        PageTable old = new Dart1Format().create(Configs.dart1(K4, 30), host);
        old.mapPages(1 << 29, 0, K4, 1, RW);
        long there = old.walkerConfig().root();
        assertThatThrownBy(() -> new Dart1Format().adopt(Configs.dart1(K4, 29), there, host))
                .hasMessageContaining("EINVAL")
                .hasMessageContaining("0x1fffffff");
    }

    private void assertRefused(long at, long entry, String why) {
        long before = host.memory().read64(at);
        host.memory().write64(at, entry);
        assertThatThrownBy(() -> new Dart1Format().adopt(Configs.dart1(K4, 32), root, host))
                .isInstanceOfSatisfying(
                        IommuException.class, e -> assertThat(e.errno()).isEqualTo(Errno.EINVAL))
                .hasMessageContaining(String.format("0x%x", at))
                .hasMessageContaining(String.format("0x%016x", entry))
                .hasMessageContaining(why);
        host.memory().write64(at, before);
    }
}
