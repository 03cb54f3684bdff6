package org.sluice.pgtable.amd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.sluice.pgtable.amd.Configs.G1;
import static org.sluice.pgtable.amd.Configs.G512;
import static org.sluice.pgtable.amd.Configs.K4;
import static org.sluice.pgtable.amd.Configs.M2;

import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.sluice.api.IotlbGather;
import org.sluice.pgtable.testkit.AdoptionCases;
import org.sluice.spi.pgtable.PageTable;
import org.sluice.spi.pgtable.PageTableConfig;
import org.sluice.spi.pgtable.PageTableFormat;

/** Tables that are in memory already, and entries that cannot be. */
class AdoptionTest extends AdoptionCases {
    AdoptionTest() {
        super(Configs.of(48), 64);
    }

    @Override
    protected List<PageTableConfig> each() {
        return IntStream.of(30, 39, 48, 57, 64).mapToObj(Configs::of).toList();
    }

    @Override
    protected PageTableFormat format(PageTableConfig config) {
        return new AmdV1Format();
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
        assertThat(adopt(Configs.of(64), old.walkerConfig().root()).walkerConfig())
                .isEqualTo(old.walkerConfig());
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
        PageTable adopted = adopt(Configs.of(48), root);
        assertThat(adopted.survey().leavesBySize()).containsOnlyKeys(0x10000L);
        assertThatThrownBy(() -> adopt(Configs.of(48, K4 | M2), root)).hasMessageContaining("0x10000");
        host.memory().write64(leaves + 8 * 20, 0);
        assertThatThrownBy(() -> adopt(Configs.of(48), root)).hasMessageContaining("equal entries");
    }
}
