package org.sluice.pgtable.amd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.sluice.pgtable.amd.Configs.K4;
import static org.sluice.pgtable.amd.Configs.M2;

import org.junit.jupiter.api.Test;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.api.IotlbGather;
import org.sluice.api.Prot;
import org.sluice.pgtable.testkit.TestHost;
import org.sluice.spi.pgtable.MappingException;
import org.sluice.spi.pgtable.PageTable;
import org.sluice.spi.pgtable.PageTableConfig;

/** Errors, limits, and what is left when memory for tables runs out. */
class PageTableRulesTest {
    private static final int RW = Prot.READ | Prot.WRITE;

    private final TestHost host = new TestHost();
    private final PageTable table =
            new AmdV1Format().create(new PageTableConfig("AMD_V1", -4096L, 40, 44, true, 0), host);
    private final IotlbGather gather = new IotlbGather();

    @Test
    void configurationIsNarrowedToWhatBothAddressesHaveRoomFor() {
        assertThat(table.config().pageSizes()).isEqualTo((1L << 40) - 4096);
        assertThat(table.lastIova()).isEqualTo((1L << 40) - 1);
        assertThat(new AmdV1Format().create(Configs.of(64), host).lastIova()).isEqualTo(-1);
        assertThat(new AmdV1Format().create(Configs.of(64), host).config().pageSizes())
                .isEqualTo((1L << 53) - 4096);
        PageTableConfig wide = new PageTableConfig("AMD_V1", 4096, 48, 56, false, 0);
        assertThat(new AmdV1Format().create(wide, host).config().outputBits()).isEqualTo(52);
    }

    @Test
    void configurationThatCannotBeIsEinvalAndNothingIsAllocated() {
        long before = host.allocatedBytes();
        refused(new PageTableConfig("AMD_V2", 4096, 48, 48, true, 0), "AMD_V2");
        refused(new PageTableConfig("AMD_V1", 4096, 48, 48, true, 1), "0x1");
        refused(new PageTableConfig("AMD_V1", 4096, 65, 48, true, 0), "65");
        refused(new PageTableConfig("AMD_V1", 4096, 12, 48, true, 0), "12");
        refused(new PageTableConfig("AMD_V1", 4096, 48, 12, true, 0), "12");
        refused(new PageTableConfig("AMD_V1", 0x800, 48, 48, true, 0), "0x800");
        assertThat(host.allocatedBytes()).isEqualTo(before);
    }

    private void refused(PageTableConfig config, String what) {
        assertThatThrownBy(() -> new AmdV1Format().create(config, host))
                .isInstanceOfSatisfying(
                        IommuException.class, e -> assertThat(e.errno()).isEqualTo(Errno.EINVAL))
                .hasMessageContaining(what);
    }

    @Test
    void argumentsThatCannotBeAreRefusedByName() {
        refused(Errno.EINVAL, "0x3000", 0, 0, 0x3000, 1, RW);
        refused(Errno.EINVAL, "0x10000000000", 0, 0, 1L << 40, 1, RW);
        refused(Errno.EINVAL, "0x1800", 0x1800, 0, K4, 1, RW);
        refused(Errno.EINVAL, "0x1800", 0, 0x1800, K4, 1, RW);
        refused(Errno.EINVAL, "0x1000", 0x1000, 0, 2 * K4, 1, RW);
        refused(Errno.EINVAL, "page count 0", 0, 0, K4, 0, RW);
        refused(Errno.EINVAL, "page count -1", 0, 0, K4, -1, RW);
        refused(Errno.EINVAL, "CACHE", 0, 0, K4, 1, Prot.CACHE);
        refused(Errno.EINVAL, "0x40", 0, 0, K4, 1, RW | 0x40);
        refused(Errno.ERANGE, "0x10000000000", 1L << 40, 0, K4, 1, RW);
        refused(Errno.ERANGE, "0xffffffffff", (1L << 40) - K4, 0, K4, 2, RW);
        refused(Errno.ERANGE, "0x100000000000", 0, 1L << 44, K4, 1, RW);
        refused(Errno.ERANGE, "0xfffffffffff", 0, (1L << 44) - K4, K4, 2, RW);
        assertThat(table.survey().tables()).isEqualTo(1);
    }

    private void refused(Errno errno, String what, long iova, long paddr, long pgsize, long count, int prot) {
        assertThatThrownBy(() -> table.mapPages(iova, paddr, pgsize, count, prot))
                .isInstanceOfSatisfying(MappingException.class, e -> {
                    assertThat(e.errno()).isEqualTo(errno);
                    assertThat(e.mapped()).isZero();
                })
                .hasMessageContaining(what);
    }

    @Test
    void unmapReturnsZeroForMistakes() {
        table.mapPages(0, 0, K4, 1, RW);
        assertThat(table.unmapPages(0, 0x3000, 1, gather)).isZero();
        assertThat(table.unmapPages(0, 0, 1, gather)).isZero();
        assertThat(table.unmapPages(0x10, K4, 1, gather)).isZero();
        assertThat(table.unmapPages(0, K4, 0, gather)).isZero();
        assertThat(table.unmapPages(1L << 40, K4, 1, gather)).isZero();
        assertThat(gather.isEmpty()).isTrue();
        assertThat(table.unmapPages(0, K4, Long.MAX_VALUE, gather)).isEqualTo(K4);
    }

    @Test
    void firstAndLastAddressesOfTheWidestSpace() {
        PageTable wide = new AmdV1Format().create(Configs.of(64), host);
        wide.mapPages(0, (1L << 52) - K4, K4, 1, RW);
        wide.mapPages(-1L << 51, 0, 1L << 51, 1, RW);
        assertThat(wide.iovaToPhys(0)).isEqualTo((1L << 52) - K4);
        assertThat(wide.iovaToPhys(-1)).isEqualTo((1L << 51) - 1);
        assertThat(wide.unmapPages(-1L << 51, K4, Long.MAX_VALUE, gather)).isEqualTo(1L << 51);
        assertThat(gather.end()).isEqualTo(-1);
    }

    @Test
    void mapOverAMappedPageInTheMiddleOfARunSaysHowFarItCame() {
        table.mapPages(M2, 0, K4, 1, RW);
        assertThatThrownBy(() -> table.mapPages(0, 0, K4, 1024, RW))
                .isInstanceOfSatisfying(MappingException.class, e -> {
                    assertThat(e.errno()).isEqualTo(Errno.EEXIST);
                    assertThat(e.mapped()).isEqualTo(M2);
                });
        assertThatThrownBy(() -> table.mapPages(M2, 0, 2 * K4, 1, RW)).hasMessageStartingWith("EEXIST");
    }

    @Test
    void whenMemoryRunsOutAtAnyTableTheCallerCanUndoAndNothingLeaks() {
        // From 3 levels: three new tops, then a way down at each of two leaf tables.
        for (long allocations = 0; ; allocations++) {
            TestHost scarce = new TestHost();
            PageTable wide = new AmdV1Format().create(Configs.of(64), scarce);
            long iova = (1L << 60) - K4;
            scarce.failAfter(allocations);
            long mapped;
            try {
                mapped = wide.mapPages(iova, 0, K4, 2, RW);
            } catch (MappingException scarcity) {
                assertThat(scarcity.errno()).isEqualTo(Errno.ENOMEM);
                mapped = scarcity.mapped();
            }
            assertThat(wide.survey().mappedBytes()).isEqualTo(mapped);
            assertThat(wide.survey().tableBytes()).isEqualTo(scarce.allocatedBytes());
            if (mapped != 0) {
                assertThat(wide.unmapPages(iova, K4, 2, gather)).isEqualTo(mapped);
            }
            assertThat(wide.survey().leaves()).isZero();
            wide.free();
            assertThat(scarce.allocatedBytes()).isZero();
            if (mapped == 2 * K4) {
                assertThat(allocations).isEqualTo(3 + 5 + 5);
                return;
            }
        }
    }

    @Test
    void createThatFindsNoMemoryIsEnomem() {
        TestHost scarce = new TestHost();
        scarce.failAfter(0);
        assertThatThrownBy(() -> new AmdV1Format().create(Configs.of(48), scarce))
                .isInstanceOfSatisfying(
                        IommuException.class, e -> assertThat(e.errno()).isEqualTo(Errno.ENOMEM));
        assertThat(scarce.allocatedBytes()).isZero();
    }
}
