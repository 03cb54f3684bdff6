package org.sluice.pgtable.arm;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.sluice.api.Prot;
import org.sluice.pgtable.testkit.TestHost;
import org.sluice.spi.pgtable.PageTable;
import org.sluice.spi.pgtable.PageTableConfig;
import org.sluice.spi.pgtable.Quirk;

/** Descriptors as Linux writes them (linux-iommu.md section 2.1), read back from memory raw. */
class GoldenDescriptorTest {
    private static final long IOVA = 0x1_4000_0000L;
    private static final int RW = Prot.READ | Prot.WRITE;

    private final TestHost host = new TestHost();

    @ParameterizedTest
    @CsvSource({
        "READ WRITE CACHE NOEXEC, 0,      0060000012345f47",
        "READ CACHE,              0,      0000000012345fc7",
        "READ WRITE,              0,      0000000012345e43",
        "READ WRITE MMIO NOEXEC,  0,      0060000012345e4b",
        "READ WRITE CACHE PRIV,   0,      0000000012345f07",
        "READ WRITE CACHE,        ARM_HD, 0008000012345f47",
        "WRITE CACHE,             0,      0000000012345f47",
        "READ CACHE,              ARM_HD, 0000000012345fc7",
        "READ WRITE CACHE,        ARM_NS, 0000000012345f67",
    })
    void pageDescriptorIsLinuxs(String prot, String quirk, String descriptor) {
        int quirks = quirk.equals("ARM_HD") ? Quirk.ARM_HD : quirk.equals("ARM_NS") ? Quirk.ARM_NS : 0;
        PageTable table = Formats.create(Configs.of(Configs.SIZES_4K, 48, 48, quirks), host);

        assertThat(table.mapPages(IOVA, 0x1234_5000L, 4096, 1, prot(prot))).isEqualTo(4096);

        assertThat(leaf(table, 12, IOVA, 3)).isEqualTo(Long.parseUnsignedLong(descriptor, 16));
    }

    @ParameterizedTest
    @CsvSource({
        "READ WRITE CACHE NOEXEC, 0,         00600000123457ff",
        "READ CACHE,              0,         000000001234577f",
        "READ WRITE,              0,         00000000123456d7",
        "READ WRITE MMIO,         0,         00000000123456c7",
        "READ WRITE CACHE,        ARM_S2FWB, 00000000123457db",
        "WRITE CACHE,             0,         00000000123457bf",
        "READ WRITE CACHE PRIV,   0,         00000000123457ff",
        "READ WRITE MMIO,         ARM_S2FWB, 00000000123456c7",
    })
    void pageDescriptorOfStage2IsLinuxs(String prot, String quirk, String descriptor) {
        int quirks = quirk.equals("ARM_S2FWB") ? Quirk.ARM_S2FWB : 0;
        PageTable table =
                Formats.create(Configs.stage2(Configs.SIZES_4K, 48, 48).withQuirks(quirks), host);

        assertThat(table.mapPages(IOVA, 0x1234_5000L, 4096, 1, prot(prot))).isEqualTo(4096);

        assertThat(leaf(table, 12, IOVA, 3)).isEqualTo(Long.parseUnsignedLong(descriptor, 16));
    }

    @ParameterizedTest
    @CsvSource({
        "READ WRITE CACHE,   00000000123452c5",
        "READ CACHE NOEXEC,  0060000012345245",
        "READ WRITE MMIO,    00000000123452c9",
        "READ WRITE,         00000000123452c1",
        "WRITE CACHE PRIV,   0000000012345285",
    })
    void pageDescriptorOfMaliIsLinuxs(String prot, String descriptor) {
        PageTable table = Formats.create(Configs.of4K(MaliFormat.NAME, 33, 40), host);

        assertThat(table.mapPages(IOVA, 0x1234_5000L, 4096, 1, prot(prot))).isEqualTo(4096);

        assertThat(leaf(table, 12, IOVA, 3)).isEqualTo(Long.parseUnsignedLong(descriptor, 16));
    }

    @ParameterizedTest
    @CsvSource({
        "ARM_32_LPAE_S1, READ WRITE CACHE NOEXEC, 0060000012345f47",
        "ARM_32_LPAE_S1, READ CACHE,              0000000012345fc7",
        "ARM_32_LPAE_S2, READ WRITE CACHE NOEXEC, 00600000123457ff",
        "ARM_32_LPAE_S2, READ WRITE,              00000000123456d7",
    })
    void pageDescriptorOfTheNarrowFormatsIsThatOfTheWideOnes(String format, String prot, String descriptor) {
        PageTable table = Formats.create(Configs.of4K(format, 32, 40), host);

        table.mapPages(0x8000_0000L, 0x1234_5000L, 4096, 1, prot(prot));

        assertThat(leaf(table, 12, 0x8000_0000L, 3)).isEqualTo(Long.parseUnsignedLong(descriptor, 16));
    }

    @Test
    void concatenatedTopTablesAreOneBehindTheOther() {
        PageTable table = Formats.create(Configs.stage2(Configs.SIZES_4K, 42, 42), host);
        long iova = 5L << 39 | 3L << 30;
        table.mapPages(iova, 0x4000_0000L, 1 << 30, 1, RW);
        long secondTop = table.walkerConfig().root() + 5 * 4096;
        assertThat(host.memory().read64(secondTop + 8 * 3)).isEqualTo(0x4000_06d5L);
    }

    @Test
    void blockOf2MIsLinuxs() {
        PageTable table = Formats.create(Configs.of(Configs.SIZES_4K), host);
        table.mapPages(IOVA, 0x4000_0000L, 2 << 20, 1, RW | Prot.CACHE | Prot.NOEXEC);
        assertThat(leaf(table, 12, IOVA, 2)).isEqualTo(0x0060000040000f45L);
    }

    @Test
    void granuleOf64KFoldsTheUpperAddressBits() {
        PageTable table = Formats.create(Configs.of(Configs.SIZES_64K, 52, 52, 0), host);
        table.mapPages(IOVA, 0xf_1234_5678_0000L, 1 << 16, 1, RW);
        assertThat(leaf(table, 16, IOVA, 3) & 0xffff_ffff_f000L).isEqualTo(0x1234_5678_f000L);
        assertThat(table.iovaToPhys(IOVA + 5)).isEqualTo(0xf_1234_5678_0005L);
    }

    @Test
    void runOf64KPagesCarriesOverThe48thAddressBit() {
        PageTable table = Formats.create(Configs.of(Configs.SIZES_64K, 52, 52, 0), host);
        long paddr = (3L << 48) - 0x2_0000;
        table.mapPages(IOVA, paddr, 1 << 16, 4, RW);
        for (int page = 0; page < 4; page++) {
            assertThat(table.iovaToPhys(IOVA + page * 0x1_0000L)).isEqualTo(paddr + page * 0x1_0000L);
        }
        assertThat(leaf(table, 16, IOVA + 0x1_0000, 3) & 0xffff_ffff_f000L).isEqualTo(0xffff_ffff_2000L);
        assertThat(leaf(table, 16, IOVA + 0x2_0000, 3) & 0xffff_ffff_f000L).isEqualTo(0x3000L);
    }

    @Test
    void tableDescriptorsCarryNsTableWithArmNsAndTheSyncBitWithoutCoherence() {
        PageTableConfig plain = Configs.of(Configs.SIZES_4K);
        assertThat(firstTable(plain) & 0xfff0_0000_0000_0fffL).isEqualTo(3);
        assertThat(firstTable(plain.withQuirks(Quirk.ARM_NS)) >>> 60).isEqualTo(8);
        PageTableConfig incoherent = new PageTableConfig(Stage1Format.NAME, Configs.SIZES_4K, 48, 48, false, 0);
        assertThat(firstTable(incoherent) >>> 52).isEqualTo(8);
    }

    private long firstTable(PageTableConfig config) {
        PageTable table = Formats.create(config, host);
        table.mapPages(0, 0, 4096, 1, RW);
        return host.memory().read64(table.walkerConfig().root());
    }

    /** A walk by hand from the root: the descriptor at a level. */
    private long leaf(PageTable table, int granuleShift, long iova, int level) {
        int bits = granuleShift - 3;
        int levels = Configs.levels(table.config());
        long at = table.walkerConfig().root();
        for (int here = 4 - levels; ; here++) {
            long index = iova >>> granuleShift + (3 - here) * bits & (1L << bits) - 1;
            long descriptor = host.memory().read64(at + 8 * index);
            if (here == level) {
                return descriptor;
            }
            assertThat(descriptor & 3).isEqualTo(3);
            at = descriptor & 0xffff_ffff_f000L;
        }
    }

    private static int prot(String words) {
        int prot = 0;
        for (String word : words.split(" ")) {
            prot |= word.equals("READ")
                    ? Prot.READ
                    : word.equals("WRITE")
                            ? Prot.WRITE
                            : word.equals("CACHE")
                                    ? Prot.CACHE
                                    : word.equals("NOEXEC") ? Prot.NOEXEC : word.equals("MMIO") ? Prot.MMIO : Prot.PRIV;
        }
        return prot;
    }
}
