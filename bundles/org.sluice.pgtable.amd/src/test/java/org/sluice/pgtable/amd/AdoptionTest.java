package org.sluice.pgtable.amd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.sluice.pgtable.amd.Configs.G1;
import static org.sluice.pgtable.amd.Configs.G512;
import static org.sluice.pgtable.amd.Configs.K4;
import static org.sluice.pgtable.amd.Configs.M2;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
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

    @ParameterizedTest
    @ValueSource(ints = {30, 39, 48, 57, 64})
    void adoptedTablesMapTheSameAndNothingIsWritten(int inputBits) {
        PageTable old = new AmdV1Format().create(Configs.of(inputBits), host);
        for (int shift = 12; shift < Math.min(inputBits - 1, 52); shift++) {
            old.mapPages(1L << shift, 1L << shift, 1L << shift, 1, RW);
        }
        old.mapPages(old.lastIova() + 1 - 3 * K4, 0x5000, K4, 3, Prot.READ);
        byte[] before = tablesInMemory();
        PageTable successor = new AmdV1Format()
                .adopt(Configs.of(inputBits), old.walkerConfig().root(), host);

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
        host.sync(gather);
        assertThat(host.allocatedBytes()).isZero();
    }

    private byte[] tablesInMemory() {
        byte[] bytes = new byte[1 << 20];
        host.memory().read(root, bytes, 0, bytes.length);
        return bytes;
    }

    @Test
    void levelsAreSeenFromTheRootHoweverEmptyATreeIs() {
        PageTable old = new AmdV1Format().create(Configs.of(64), host);
        IotlbGather gather = new IotlbGather();
        assertSameWalkerConfig(old);
        old.mapPages(0, 0, G1, 1, RW);
        assertSameWalkerConfig(old);
        old.unmapPages(0, G1, 1, gather);
        old.mapPages(5 * G512, 0, G512, 1, RW);
        old.mapPages(0, 0, G512, 1, RW);
        assertSameWalkerConfig(old);
        old.unmapPages(0, 1L << 48, 1, gather);
        old.unmapPages(5 * G512, G512, 1, gather);
        assertThat(old.survey().leaves()).isZero();
        assertSameWalkerConfig(old);
    }

    private void assertSameWalkerConfig(PageTable old) {
        assertThat(new AmdV1Format()
                        .adopt(Configs.of(64), old.walkerConfig().root(), host)
                        .walkerConfig())
                .isEqualTo(old.walkerConfig());
    }

    @Test
    void rootThatIsNotAlignedOrNotMemoryIsRefused() {
        for (long bad : new long[] {root + 64, root + 8, 0, -4096, TestHost.POOL.last() + 1}) {
            assertThatThrownBy(() -> new AmdV1Format().adopt(Configs.of(48), bad, host))
                    .isInstanceOf(IommuException.class)
                    .hasMessageStartingWith("EINVAL")
                    .hasMessageContaining(String.format("0x%x", bad));
        }
    }

    @Test
    void entryThatCannotBeIsRefusedWithItsAddressAndValue() {
        long rw = 3L << 61;
        long middle = root + 0x1000;
        long leaves = root + 0x2000;
        assertRefused(root, 0x5000, "neither empty");
        assertRefused(root, rw | middle | 0x201, "3 to 6 levels"); // the root would be of 2 levels
        assertRefused(root, rw | middle | 0xc01, "3 to 6 levels"); // of 7
        assertRefused(root, rw | 0x4000_0000L | 0x401, "not memory");
        assertRefused(root, middle | 0x401, "restricts");
        assertRefused(root, rw | root | 0x401, "twice");
        host.memory().write64(root, rw | middle | 0x401);
        assertRefused(root + 8, rw | middle | 0x401, "twice");
        assertRefused(root + 8, rw | 0x4020_0001L, "multiple"); // 1G at a 2M address
        assertRefused(middle, rw | leaves | 0x401, "next level 2");
        host.memory().write64(middle, rw | leaves | 0x201);
        assertRefused(leaves, rw | 0x5201, "next level 1"); // a table where pages are
        assertRefused(leaves, rw | 0x7e01, "equal entries"); // 64K, but only one entry of 16
        assertRefused(leaves, rw | 0xffe01, "not at this level"); // 2M
        assertRefused(leaves, rw | 1L << 51 | 0x1ffffffffe01L, "not at this level");
        for (int i = 16; i < 32; i++) {
            host.memory().write64(leaves + 8L * i, rw | 0x7e01);
        }
        PageTable adopted = new AmdV1Format().adopt(Configs.of(48), root, host);
        assertThat(adopted.survey().leavesBySize()).containsOnlyKeys(0x10000L);
        assertThatThrownBy(() -> new AmdV1Format().adopt(Configs.of(48, K4 | M2), root, host))
                .hasMessageContaining("0x10000");
        assertRefused(leaves + 8 * 20, 0, "equal entries");
    }

    @Test
    void leafAboveTheOutputSizeIsRefused() {
        PageTable old = new AmdV1Format().create(Configs.of(48), host);
        old.mapPages(0, 1L << 40, K4, 1, RW);
        assertThatThrownBy(() -> new AmdV1Format()
                        .adopt(
                                new PageTableConfig("AMD_V1", -4096L, 48, 40, true, 0),
                                old.walkerConfig().root(),
                                host))
                .hasMessageContaining("EINVAL")
                .hasMessageContaining("0xffffffffff");
    }

    private void assertRefused(long at, long entry, String why) {
        long before = host.memory().read64(at);
        host.memory().write64(at, entry);
        assertThatThrownBy(() -> new AmdV1Format().adopt(Configs.of(48), root, host))
                .isInstanceOfSatisfying(
                        IommuException.class, e -> assertThat(e.errno()).isEqualTo(Errno.EINVAL))
                .hasMessageContaining(why);
        host.memory().write64(at, before);
    }
}
