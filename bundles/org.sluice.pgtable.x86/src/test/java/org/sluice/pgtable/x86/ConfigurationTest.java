package org.sluice.pgtable.x86;

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
    @CsvSource({
        // format, input bits: levels, mode, last IOVA
        "X86_64, 39, 4, 0, 0x7fffffffff",
        "X86_64, 47, 4, 0, 0x7fffffffffff",
        "X86_64, 48, 4, 0, -1",
        "X86_64, 56, 5, 1, 0xffffffffffffff",
        "X86_64, 57, 5, 1, -1",
        "X86_64, 64, 5, 1, -1",
        "VTDSS,  30, 3, 1, 0x3fffffff",
        "VTDSS,  39, 3, 1, 0x7fffffffff",
        "VTDSS,  40, 4, 2, 0xffffffffff",
        "VTDSS,  48, 4, 2, 0xffffffffffff",
        "VTDSS,  57, 5, 3, 0x1ffffffffffffff",
        "VTDSS,  64, 5, 3, 0x1ffffffffffffff",
    })
    void inputBitsChooseLevelsAndMode(String name, int bits, int levels, int mode, String last) {
        PageTableFormat format = name.equals("X86_64") ? Configs.FIRST : Configs.SECOND;
        PageTable table = format.create(new PageTableConfig(name, Configs.SIZES, bits, 52, true, 0), host);
        assertThat(table.walkerConfig())
                .isEqualTo(new RadixTable(table.walkerConfig().root(), levels, mode));
        assertThat(table.walkerConfig().root() % 4096).isZero();
        assertThat(host.allocatedBytes()).isEqualTo(4096);
        assertThat(table.firstIova()).isZero();
        assertThat(table.lastIova()).isEqualTo(Long.decode(last));
    }

    @Test
    void sizesAreNarrowedToWhatTheFormatCarries() {
        PageTableConfig narrowed = Configs.FIRST
                .create(Configs.of(Configs.FIRST, -4096L, 64, 64), host)
                .config();
        assertThat(narrowed.inputBits()).isEqualTo(57);
        assertThat(narrowed.outputBits()).isEqualTo(52);
        assertThat(narrowed.pageSizes()).isEqualTo(0x4020_1000L);
        assertThat(Configs.SECOND
                        .create(Configs.of(Configs.SECOND, -4096L, 29, 52), host)
                        .config()
                        .pageSizes())
                .as("1G is more than 29 bits")
                .isEqualTo(0x20_1000L);
        assertThat(Configs.SECOND
                        .create(Configs.of(Configs.SECOND, 4096, 48, 52), host)
                        .config()
                        .pageSizes())
                .isEqualTo(4096);
    }

    @Test
    void whatTheFormatCannotDoIsEinvalAndAllocatesNothing() {
        assertRefused(Configs.of(Configs.SECOND, 48), "VTDSS");
        assertRefused(Configs.of(Configs.FIRST, 48).withQuirks(Quirk.ARM_TTBR1), "0x20");
        assertRefused(Configs.of(Configs.FIRST, 48).withQuirks(Quirk.FORCE_COHERENCE), "0x10000");
        assertRefused(Configs.of(Configs.FIRST, 48).withPageSizes(0), "0x0");
        assertRefused(Configs.of(Configs.FIRST, 48).withPageSizes(0x4020_0000L), "0x40200000");
        assertRefused(Configs.of(Configs.FIRST, 12), "input addresses of 12 bits");
        assertRefused(Configs.of(Configs.FIRST, -1), "-1 bits");
        assertRefused(Configs.of(Configs.FIRST, Configs.SIZES, 48, 0), "output addresses of 0 bits");
        assertThat(host.allocatedBytes()).isZero();
    }

    private void assertRefused(PageTableConfig config, String named) {
        assertThatThrownBy(() -> Configs.FIRST.create(config, host))
                .isInstanceOfSatisfying(
                        IommuException.class, e -> assertThat(e.errno()).isEqualTo(Errno.EINVAL))
                .hasMessageContaining(named);
    }
}
