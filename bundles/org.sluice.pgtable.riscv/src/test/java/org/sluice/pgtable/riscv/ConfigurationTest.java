package org.sluice.pgtable.riscv;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.pgtable.testkit.TestHost;
import org.sluice.spi.pgtable.PageTable;
import org.sluice.spi.pgtable.PageTableConfig;
import org.sluice.spi.pgtable.PageTableFormat;
import org.sluice.spi.pgtable.Quirk;
import org.sluice.spi.pgtable.RadixTable;

/** What the walker is told, and how wishes are narrowed. */
class ConfigurationTest {
    private final TestHost host = new TestHost();

    @ParameterizedTest
    @CsvSource({"39, 3, 8", "48, 4, 9", "57, 5, 10"})
    void walkerIsToldRootLevelsAndMode(int bits, int levels, int mode) {
        PageTable table = format(bits).create(Configs.of(format(bits), bits), host);
        assertThat(table.walkerConfig())
                .isEqualTo(new RadixTable(table.walkerConfig().root(), levels, mode));
        assertThat(table.walkerConfig().root() % 4096).isZero();
        assertThat(host.allocatedBytes()).isEqualTo(4096);
        assertThat(table.firstIova()).isZero();
        assertThat(table.lastIova()).as("two halves").isEqualTo(-1);
        PageTable lower = format(bits).create(Configs.of(format(bits), bits - 1), host);
        assertThat(lower.firstIova()).isZero();
        assertThat(lower.lastIova()).as("one range").isEqualTo((1L << bits - 1) - 1);
    }

    @Test
    void sizesAreNarrowedToWhatTheFormatCarries() {
        PageTableConfig all = Configs.of(Configs.SV39, -4096L, 64, 64);
        PageTableConfig narrowed = Configs.SV39.create(all, host).config();
        assertThat(narrowed.inputBits()).isEqualTo(39);
        assertThat(narrowed.outputBits()).isEqualTo(56);
        assertThat(narrowed.pageSizes()).isEqualTo(0x4021_1000L);
        assertThat(Configs.SV48
                        .create(Configs.of(Configs.SV48, -4096L, 48, 56), host)
                        .config()
                        .pageSizes())
                .isEqualTo(0x80_4021_1000L);
        assertThat(Configs.SV57
                        .create(Configs.of(Configs.SV57, -4096L, 57, 56), host)
                        .config()
                        .pageSizes())
                .isEqualTo(0x1_0080_4021_1000L);
        assertThat(Configs.SV48
                        .create(Configs.of(Configs.SV48, -4096L, 29, 56), host)
                        .config()
                        .pageSizes())
                .as("1G is more than 29 bits")
                .isEqualTo(0x21_1000L);
    }

    @Test
    void rangeOf64KIsUsedOnlyIfOffered() {
        PageTable plain = Configs.SV39.create(Configs.of(Configs.SV39, 0x4020_1000L, 39, 56), host);
        assertThat(plain.config().pageSizes()).isEqualTo(0x4020_1000L);
        assertThatThrownBy(() -> plain.mapPages(0, 0, 64 << 10, 1, 1)).hasMessageStartingWith("EINVAL");
    }

    @Test
    void whatTheFormatCannotDoIsEinvalAndAllocatesNothing() {
        assertRefused(Configs.of(Configs.SV48, 48), Configs.SV48.name());
        assertRefused(Configs.of(Configs.SV39, 39).withQuirks(Quirk.ARM_TTBR1), "0x20");
        assertRefused(Configs.of(Configs.SV39, 39).withPageSizes(0), "0x0");
        assertRefused(Configs.of(Configs.SV39, 39).withPageSizes(0x4021_0000L), "0x40210000");
        assertRefused(Configs.of(Configs.SV39, 12), "input addresses of 12 bits");
        assertRefused(Configs.of(Configs.SV39, -1), "-1 bits");
        assertRefused(Configs.of(Configs.SV39, Configs.SIZES, 39, 0), "output addresses of 0 bits");
        assertThat(host.allocatedBytes()).isZero();
    }

    private static PageTableFormat format(int bits) {
        return bits == 39 ? Configs.SV39 : bits == 48 ? Configs.SV48 : Configs.SV57;
    }

    private void assertRefused(PageTableConfig config, String named) {
        assertThatThrownBy(() -> Configs.SV39.create(config, host))
                .isInstanceOfSatisfying(
                        IommuException.class, e -> assertThat(e.errno()).isEqualTo(Errno.EINVAL))
                .hasMessageContaining(named);
    }
}
