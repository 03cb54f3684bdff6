package org.sluice.pgtable.arm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.api.Prot;
import org.sluice.pgtable.testkit.TestHost;
import org.sluice.spi.pgtable.ArmStage1;
import org.sluice.spi.pgtable.ArmStage2;
import org.sluice.spi.pgtable.MaliTable;
import org.sluice.spi.pgtable.PageTable;
import org.sluice.spi.pgtable.PageTableConfig;
import org.sluice.spi.pgtable.Quirk;

/** Geometry and what the walker is told (linux-iommu.md section 2.2). */
class ConfigurationTest {
    private final TestHost host = new TestHost();

    @ParameterizedTest
    @CsvSource({
        // sizes offered, sizes used: 4K if offered, else the next smaller, else the next larger
        "0x40201000, 0x40201000",
        "0x60215000, 0x40201000",
        "0x20010000, 0x20010000",
        "0x02004000, 0x02004000",
        "0x22014000, 0x02004000",
        "0x00001000, 0x00001000",
        "0x40001000, 0x40001000",
        "0xfffffffffffff000, 0x40201000",
    })
    void granuleIsChosenAsLinuxDoes(String offered, String used) {
        PageTable table = create(Long.parseUnsignedLong(offered.substring(2), 16), 48, 48, 0);
        assertThat(table.config().pageSizes()).isEqualTo(Long.decode(used));
    }

    @ParameterizedTest
    @CsvSource({
        // granule, IAS, OAS: T0SZ, TG0, TG1, IPS, bytes of the top table
        "4K,  48, 48, 16, 0, 2, 5, 4096",
        "4K,  40, 40, 24, 0, 2, 2, 64",
        "4K,  39, 44, 25, 0, 2, 4, 4096",
        "4K,  32, 32, 32, 0, 2, 0, 64",
        "4K,  36, 36, 28, 0, 2, 1, 512",
        "4K,  42, 42, 22, 0, 2, 3, 64",
        "16K, 48, 48, 16, 2, 1, 5, 64",
        "16K, 47, 48, 17, 2, 1, 5, 16384",
        "16K, 36, 36, 28, 2, 1, 1, 16384",
        "64K, 48, 48, 16, 1, 3, 5, 512",
        "64K, 52, 52, 12, 1, 3, 6, 8192",
        "64K, 42, 42, 22, 1, 3, 3, 65536",
    })
    void walkerIsToldGeometryOfItsHalf(
            String granule, int inputBits, int outputBits, int tsz, int tg0, int tg1, int ips, long rootBytes) {
        long sizes = sizes(granule);
        for (boolean upper : new boolean[] {false, true}) {
            long before = host.allocatedBytes();
            PageTable table = create(sizes, inputBits, outputBits, upper ? Quirk.ARM_TTBR1 : 0);
            ArmStage1 walker = (ArmStage1) table.walkerConfig();
            assertThat(walker)
                    .isEqualTo(new ArmStage1(walker.root(), tsz, upper ? tg1 : tg0, 3, 1, 1, ips, upper, 0xf404ff44L));
            assertThat(host.allocatedBytes() - before).isEqualTo(rootBytes);
            assertThat(walker.root() % rootBytes).isZero();
        }
    }

    @ParameterizedTest
    @CsvSource({
        // granule, IAS = OAS: start level, tables, SL0, T0SZ, bytes of the top table
        "4K,  32, 1, 1,  1, 32, 64",
        "4K,  36, 1, 1,  1, 28, 512",
        "4K,  40, 1, 2,  1, 24, 8192",
        "4K,  42, 1, 8,  1, 22, 32768",
        "4K,  44, 0, 1,  2, 20, 256",
        "4K,  48, 0, 1,  2, 16, 4096",
        "16K, 36, 2, 1,  1, 28, 16384",
        "16K, 40, 2, 16, 1, 24, 262144",
        "16K, 42, 1, 1,  2, 22, 512",
        "16K, 44, 1, 1,  2, 20, 2048",
        "16K, 48, 1, 2,  2, 16, 32768",
        "64K, 36, 2, 1,  1, 28, 1024",
        "64K, 40, 2, 1,  1, 24, 16384",
        "64K, 42, 2, 1,  1, 22, 65536",
        "64K, 44, 1, 1,  2, 20, 64",
        "64K, 48, 1, 1,  2, 16, 512",
    })
    void stage2StartsWhereLinuxDoes(
            String granule, int bits, int start, int topTables, int sl, int tsz, long rootBytes) {
        long sizes = sizes(granule);
        PageTable table = Formats.create(Configs.stage2(sizes, bits, bits), host);
        int tg = granule.equals("4K") ? 0 : granule.equals("16K") ? 2 : 1;
        int ps = List.of(32, 36, 40, 42, 44, 48).indexOf(bits);
        long root = table.walkerConfig().root();
        assertThat(table.walkerConfig()).isEqualTo(new ArmStage2(root, tsz, sl, tg, 3, 1, 1, ps));
        assertThat(host.allocatedBytes()).isEqualTo(rootBytes);
        assertThat(root % rootBytes).isZero();
        assertThat(Math.max(1, rootBytes / Long.lowestOneBit(sizes))).isEqualTo(topTables);

        table.mapPages(0, 0, Long.lowestOneBit(sizes), 1, Prot.READ);
        assertThat(table.survey().tables()).isEqualTo(4 - start);
    }

    @Test
    void narrowFormatsTellTheWalkerWhatTheWideOnesDo() {
        PageTable stage1 = Formats.create(Configs.of4K(Stage1Format32.NAME, 32, 40), host);
        assertThat(stage1.walkerConfig())
                .isEqualTo(new ArmStage1(stage1.walkerConfig().root(), 32, 0, 3, 1, 1, 2, false, 0xf404ff44L));
        PageTable stage2 = Formats.create(Configs.of4K(Stage2Format32.NAME, 40, 40), host);
        assertThat(stage2.walkerConfig())
                .isEqualTo(new ArmStage2(stage2.walkerConfig().root(), 24, 1, 0, 3, 1, 1, 2));
    }

    @Test
    void narrowFormatsRefuseMoreThanTheirBitsAndOfferOnly4KSizes() {
        assertRefused(Configs.of4K(Stage1Format32.NAME, 33, 40), "33 bits");
        assertRefused(Configs.of4K(Stage1Format32.NAME, 32, 42), "42 bits");
        assertRefused(Configs.of4K(Stage2Format32.NAME, 42, 40), "42 bits");
        assertRefused(Configs.of4K(Stage2Format32.NAME, 40, 44), "44 bits");
        assertRefused(Configs.of4K(MaliFormat.NAME, 49, 40), "49 bits");
        assertRefused(Configs.of4K(MaliFormat.NAME, 48, 44), "44 bits");
        assertRefused(Configs.of4K(MaliFormat.NAME, 48, 0), "0 bits");
        assertRefused(Configs.of4K(MaliFormat.NAME, 48, 40).withQuirks(Quirk.NO_WARN), "0x200");
        for (String format : List.of(Stage1Format32.NAME, Stage2Format32.NAME, MaliFormat.NAME)) {
            PageTableConfig config = Configs.of4K(format, 32, 40);
            assertThat(Formats.create(config.withPageSizes(Configs.SIZES_4K | Configs.SIZES_64K), host)
                            .config()
                            .pageSizes())
                    .isEqualTo(Configs.SIZES_4K);
            assertThatThrownBy(() -> Formats.create(config.withPageSizes(Configs.SIZES_16K), host))
                    .hasMessageContaining("EINVAL");
        }
    }

    @ParameterizedTest
    @CsvSource({"48, true, 0x17", "33, true, 0x17", "40, false, 0x7"})
    void maliAlwaysStartsAtLevel0AndKeepsItsRootOnAPage(int inputBits, boolean coherent, long bits) {
        host.allocateTable(64, 64, -1);
        PageTableConfig config = new PageTableConfig(MaliFormat.NAME, Configs.SIZES_4K, inputBits, 40, coherent, 0);
        PageTable table = Formats.create(config, host);
        long root = table.walkerConfig().root();
        assertThat(root % 4096).isZero();
        assertThat(table.walkerConfig()).isEqualTo(new MaliTable(root, root | bits, 0x888d88));
        table.mapPages(0, 0, 4096, 1, Prot.READ);
        assertThat(table.survey().tables()).isEqualTo(4);
    }

    @Test
    void stage2ThatIsNotCoherentIsWalkedOutsideTheCaches() {
        PageTableConfig config = new PageTableConfig(Stage2Format.NAME, Configs.SIZES_4K, 48, 48, false, 0);
        ArmStage2 walker = (ArmStage2) Formats.create(config, host).walkerConfig();
        assertThat(walker).isEqualTo(new ArmStage2(walker.root(), 16, 2, 0, 2, 0, 0, 5));
    }

    @ParameterizedTest
    @CsvSource({
        // coherent, quirk: SH, ORGN, IRGN
        "true,  false, 3, 1, 1",
        "false, false, 2, 0, 0",
        "false, true,  2, 1, 0",
    })
    void walkAttributesFollowCoherence(boolean coherent, boolean outer, int sh, int orgn, int irgn) {
        PageTableConfig config = new PageTableConfig(
                Stage1Format.NAME, Configs.SIZES_4K, 48, 48, coherent, outer ? Quirk.ARM_OUTER_WBWA : 0);
        ArmStage1 walker = (ArmStage1) Formats.create(config, host).walkerConfig();
        assertThat(walker.sh()).isEqualTo(sh);
        assertThat(walker.orgn()).isEqualTo(orgn);
        assertThat(walker.irgn()).isEqualTo(irgn);
    }

    @Test
    void sizesAreNarrowedToWhatTheGranuleCarries() {
        PageTableConfig narrowed = create(Configs.SIZES_4K, 64, 52, 0).config();
        assertThat(narrowed.inputBits()).isEqualTo(48);
        assertThat(narrowed.outputBits()).isEqualTo(48);
        assertThat(create(Configs.SIZES_64K | 1L << 42, 48, 48, 0).config().pageSizes())
                .isEqualTo(Configs.SIZES_64K);
        assertThat(create(Configs.SIZES_64K | 1L << 42, 52, 52, 0).config().pageSizes())
                .isEqualTo(Configs.SIZES_64K | 1L << 42);
        assertThat(create(Configs.SIZES_4K, 30, 32, 0).config().pageSizes())
                .as("1G needs a level that 30 bits do not have")
                .isEqualTo(1L << 12 | 1L << 21);
    }

    @Test
    void whatTheFormatCannotDoIsEinvalAndAllocatesNothing() {
        assertThatThrownBy(() -> new Stage1Format().create(Configs.stage2(Configs.SIZES_4K, 48, 48), host))
                .hasMessageContaining("ARM_64_LPAE_S2 is not ARM_64_LPAE_S1");
        PageTableConfig stage2 = Configs.stage2(Configs.SIZES_4K, 48, 48);
        for (int quirk : new int[] {Quirk.ARM_NS, Quirk.ARM_TTBR1, Quirk.ARM_HD, Quirk.ARM_OUTER_WBWA}) {
            assertRefused(stage2.withQuirks(quirk), String.format("0x%x", quirk));
        }
        assertRefused(Configs.stage2(Configs.SIZES_4K, 40, 39), "39 bits");
        assertRefused(Configs.of(Configs.SIZES_4K).withQuirks(Quirk.ARM_S2FWB), "0x100");
        assertRefused(Configs.of(Configs.SIZES_4K).withQuirks(Quirk.ARM_OUTER_WBWA), "ARM_OUTER_WBWA");
        assertRefused(Configs.of(0), "0x0");
        assertRefused(Configs.of(1L << 21), "0x200000");
        assertRefused(Configs.of(1L << 11 | 1L << 14), "0x800");
        for (int bits : new int[] {0, 31, 33, 39, 47}) {
            assertRefused(Configs.of(Configs.SIZES_4K, 32, bits, 0), bits + " bits");
        }
        assertRefused(Configs.of(Configs.SIZES_64K, 16, 48, 0), "16 bits");
        assertRefused(Configs.of(Configs.SIZES_4K, -1, 48, 0), "-1 bits");
        assertThat(host.allocatedBytes()).isZero();
    }

    private static long sizes(String granule) {
        return granule.equals("4K") ? Configs.SIZES_4K : granule.equals("16K") ? Configs.SIZES_16K : Configs.SIZES_64K;
    }

    private PageTable create(long sizes, int inputBits, int outputBits, int quirks) {
        return Formats.create(Configs.of(sizes, inputBits, outputBits, quirks), host);
    }

    private void assertRefused(PageTableConfig config, String named) {
        assertThatThrownBy(() -> Formats.create(config, host))
                .isInstanceOfSatisfying(
                        IommuException.class, e -> assertThat(e.errno()).isEqualTo(Errno.EINVAL))
                .hasMessageContaining(named);
    }
}
