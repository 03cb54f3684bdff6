package org.sluice.pgtable.apple;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.sluice.pgtable.apple.Configs.K16;
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
import org.sluice.spi.pgtable.DartTables;
import org.sluice.spi.pgtable.MappingException;
import org.sluice.spi.pgtable.PageTable;
import org.sluice.spi.pgtable.PageTableConfig;

/** Errors, limits, and what is left when memory for tables runs out. */
class PageTableRulesTest {
    private static final int RW = Prot.READ | Prot.WRITE;

    private final TestHost host = new TestHost();
    private final IotlbGather gather = new IotlbGather();

    static List<PageTableConfig> configs() {
        return Configs.EACH;
    }

    @Test
    void configurationThatCannotBeIsEinvalAndNothingIsAllocated() {
        refused(new PageTableConfig("APPLE_DART2", K4, 32, 36, true, 0), "APPLE_DART2");
        refused(new PageTableConfig("APPLE_DART", K4, 32, 36, true, 1), "0x1");
        refused(new PageTableConfig("APPLE_DART", K4, 32, 36, false, 0), "coherent");
        refused(new PageTableConfig("APPLE_DART", K4, 32, 40, true, 0), "40");
        refused(new PageTableConfig("APPLE_DART", K4, 37, 36, true, 0), "37");
        refused(new PageTableConfig("APPLE_DART", K4 | K16, 32, 36, true, 0), "0x5000");
        refused(new PageTableConfig("APPLE_DART", 64 << 10, 32, 36, true, 0), "0x10000");
        refused(new PageTableConfig("APPLE_DART", K4, 12, 36, true, 0), "12");
        refused(new PageTableConfig("APPLE_DART", K4, 42, 42, true, 0), "13 to 41"); // five levels
        assertThatThrownBy(
                        () -> new Dart2Format().create(new PageTableConfig("APPLE_DART2", K4, 32, 42, true, 0), host))
                .hasMessageContaining("EINVAL")
                .hasMessageContaining("0x1000");
        assertThat(host.allocatedBytes()).isZero();
    }

    private void refused(PageTableConfig config, String what) {
        assertThatThrownBy(() -> new Dart1Format().create(config, host))
                .isInstanceOfSatisfying(
                        IommuException.class, e -> assertThat(e.errno()).isEqualTo(Errno.EINVAL))
                .hasMessageContaining(what);
    }

    @Test
    void outputAddressesAreNarrowedToWhatADartHolds() {
        PageTableConfig wide = new PageTableConfig("APPLE_DART", K4, 32, 42, true, 0);
        PageTable table = new Dart1Format().create(wide, host);
        assertThat(table.config().outputBits()).isEqualTo(36);
        refused(table, Errno.ERANGE, "0x1000000000", 0, 1L << 36, K4, 1, RW);
    }

    @ParameterizedTest
    @MethodSource("configs")
    void argumentsThatCannotBeAreRefusedByName(PageTableConfig config) {
        PageTable table = Configs.create(config, host);
        long page = config.pageSizes();
        long end = 1L << config.inputBits();
        long paddrEnd = 1L << config.outputBits();
        refused(table, Errno.EINVAL, "0x200000", 0, 0, 2 << 20, 1, RW);
        refused(table, Errno.EINVAL, "0x800", 0x800, 0, page, 1, RW);
        refused(table, Errno.EINVAL, "0x800", 0, 0x800, page, 1, RW);
        refused(table, Errno.EINVAL, "page count 0", 0, 0, page, 0, RW);
        refused(table, Errno.EINVAL, "CACHE", 0, 0, page, 1, Prot.CACHE);
        refused(table, Errno.EINVAL, "0x40", 0, 0, page, 1, RW | 0x40);
        refused(table, Errno.ERANGE, String.format("0x%x", end), end, 0, page, 1, RW);
        refused(table, Errno.ERANGE, String.format("0x%x", end - 1), end - page, 0, page, 2, RW);
        refused(table, Errno.ERANGE, String.format("0x%x", paddrEnd - 1), 0, paddrEnd - page, page, 2, RW);
        assertThat(table.survey().tables())
                .isEqualTo(((DartTables) table.walkerConfig()).ttbrs().size());
    }

    private static void refused(
            PageTable table, Errno errno, String what, long iova, long paddr, long pgsize, long count, int prot) {
        assertThatThrownBy(() -> table.mapPages(iova, paddr, pgsize, count, prot))
                .isInstanceOfSatisfying(MappingException.class, e -> {
                    assertThat(e.errno()).isEqualTo(errno);
                    assertThat(e.mapped()).isZero();
                })
                .hasMessageContaining(what);
    }

    @ParameterizedTest
    @MethodSource("configs")
    void firstAndLastAddress(PageTableConfig config) {
        PageTable table = Configs.create(config, host);
        long page = config.pageSizes();
        long last = (1L << config.inputBits()) - page;
        long paddr = (1L << config.outputBits()) - page;
        assertThat(table.firstIova()).isZero();
        assertThat(table.lastIova()).isEqualTo(last + page - 1);
        assertThat(table.mapPages(0, paddr, page, 1, RW)).isEqualTo(page);
        assertThat(table.mapPages(last, paddr, page, 1, RW)).isEqualTo(page);
        assertThat(table.iovaToPhys(0)).isEqualTo(paddr);
        assertThat(table.iovaToPhys(last + page - 1)).isEqualTo(paddr + page - 1);
        assertThat(table.iovaToPhys(last + page)).isZero();
        assertThat(table.unmapPages(last, page, 5, gather)).isEqualTo(page);
        assertThat(table.unmapPages(0, page, Long.MAX_VALUE, gather)).isEqualTo(page);
        assertThat(gather.tableCount()).isZero();
    }

    @Test
    void unmapReturnsZeroForMistakesAndHoles() {
        PageTable table = new Dart1Format().create(Configs.dart1(K4, 32), host);
        table.mapPages(0, 0, K4, 3, RW);
        assertThat(table.unmapPages(0, K16, 1, gather)).isZero();
        assertThat(table.unmapPages(0x10, K4, 1, gather)).isZero();
        assertThat(table.unmapPages(0, K4, 0, gather)).isZero();
        assertThat(table.unmapPages(1L << 32, K4, 1, gather)).isZero();
        assertThat(table.unmapPages(0x3000, K4, 1, gather)).isZero();
        assertThat(table.unmapPages(1 << 30, K4, 1, gather)).isZero();
        assertThat(gather.isEmpty()).isTrue();
        assertThat(table.unmapPages(K4, K4, 9, gather)).isEqualTo(2 * K4);
        assertThat(gather.start()).isEqualTo(K4);
        assertThat(gather.end()).isEqualTo(3 * K4 - 1);
        assertThat(gather.pageSize()).isEqualTo(K4);
    }

    @Test
    void mapOverAMappedPageInTheMiddleOfARunNamesItAndSaysHowFarItCame() {
        PageTable table = new Dart1Format().create(Configs.dart1(K4, 32), host);
        table.mapPages(0x203000, 0x9000, K4, 1, RW);
        assertThatThrownBy(() -> table.mapPages(0, 0, K4, 1024, RW))
                .isInstanceOfSatisfying(MappingException.class, e -> {
                    assertThat(e.errno()).isEqualTo(Errno.EEXIST);
                    assertThat(e.mapped()).isEqualTo(2 << 20);
                })
                .hasMessageContaining("0x203000")
                .hasMessageContaining("0xfff0000009003");
    }

    @ParameterizedTest
    @MethodSource("configs")
    void whenMemoryRunsOutAtAnyTableTheCallerCanUndoAndNothingLeaks(PageTableConfig config) {
        long page = config.pageSizes();
        // A run over the border between two tables of pages, both in one table above.
        long iova = page * (page / 8) - page;
        for (long allocations = 1; ; allocations++) {
            TestHost scarce = new TestHost();
            PageTable table = Configs.create(config, scarce);
            scarce.failAfter(allocations - 1);
            long mapped;
            try {
                mapped = table.mapPages(iova, 0, page, 2, RW);
            } catch (MappingException scarcity) {
                assertThat(scarcity.errno()).isEqualTo(Errno.ENOMEM);
                mapped = scarcity.mapped();
            }
            assertThat(table.survey().mappedBytes()).isEqualTo(mapped);
            assertThat(table.survey().tableBytes()).isEqualTo(scarce.allocatedBytes());
            assertThat(table.unmapPages(iova, page, 2, gather)).isEqualTo(mapped);
            table.free();
            assertThat(scarce.allocatedBytes()).isZero();
            if (mapped == 2 * page) {
                assertThat(allocations).isGreaterThanOrEqualTo(3);
                return;
            }
        }
    }

    @Test
    void createThatFindsNoMemoryIsEnomem() {
        host.failAfter(0);
        assertThatThrownBy(() -> new Dart2Format().create(Configs.dart2(36), host))
                .isInstanceOfSatisfying(
                        IommuException.class, e -> assertThat(e.errno()).isEqualTo(Errno.ENOMEM));
        assertThat(host.allocatedBytes()).isZero();
    }

    @Test
    void tableThatLostTheRaceToBeInstalledIsFreedAndTheOtherIsUsed() {
        PageTable table = new Dart1Format().create(Configs.dart1(K4, 36), host);
        host.interruptAllocation(() -> table.mapPages(0x1000, 0x5000, K4, 1, RW));
        assertThat(table.mapPages(0x2000, 0x6000, K4, 1, RW)).isEqualTo(K4);
        assertThat(table.iovaToPhys(0x1000)).isEqualTo(0x5000);
        assertThat(table.survey().leaves()).isEqualTo(2);
        assertThat(table.survey().tableBytes()).isEqualTo(host.allocatedBytes());
    }
}
