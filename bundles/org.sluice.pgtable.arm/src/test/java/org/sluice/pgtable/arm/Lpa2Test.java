package org.sluice.pgtable.arm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.sluice.api.Prot;
import org.sluice.pgtable.testkit.TestHost;
import org.sluice.spi.pgtable.ArmStage1;
import org.sluice.spi.pgtable.ArmStage2;
import org.sluice.spi.pgtable.PageTable;
import org.sluice.spi.pgtable.PageTableConfig;
import org.sluice.spi.pgtable.Quirk;

/**
 * Addresses of 52 bits. Descriptors and register fields by hand from Arm DDI 0487, section D8.3 (output address [49:12] in
 * place, [51:50] in descriptor bits [9:8], no SH) and the fields DS, SL0 and SL2 of TCR and VTCR.
 */
class Lpa2Test {
    private static final int RW = Prot.READ | Prot.WRITE;
    private static final long IOVA = 0x1_4000_0000L;

    private final TestHost host = new TestHost();

    @ParameterizedTest
    @CsvSource({
        // format, granule, level, bytes, physical address: descriptor
        "ARM_64_LPAE_S1, 4K,  3,  0x1000,       0xfabcd12345000, 0063abcd12345f47",
        "ARM_64_LPAE_S1, 4K,  3,  0x1000,       0x7abcd12345000, 0063abcd12345d47",
        "ARM_64_LPAE_S1, 4K,  3,  0x1000,       0x8000012345000, 0060000012345e47",
        "ARM_64_LPAE_S1, 4K,  3,  0x1000,       0x12345000,      0060000012345c47",
        "ARM_64_LPAE_S1, 4K,  2,  0x200000,     0xc000040000000, 0060000040000f45",
        "ARM_64_LPAE_S1, 4K,  0,  0x8000000000, 0x8008000000000, 0060008000000e45",
        "ARM_64_LPAE_S1, 16K, 3,  0x4000,       0xfabcd12344000, 0063abcd12344f47",
        "ARM_64_LPAE_S1, 16K, 1,  0x1000000000, 0x5001000000000, 0061001000000d45",
        "ARM_64_LPAE_S2, 4K,  3,  0x1000,       0xfabcd12345000, 0063abcd123457ff",
        "ARM_64_LPAE_S2, 4K,  3,  0x1000,       0x12345000,      00600000123454ff",
        "ARM_64_LPAE_S2, 16K, 2,  0x2000000,    0xb000002000000, 00630000020006fd",
    })
    void addressBits51And50StandWhereShareabilityWas(
            String format, String granule, int level, String bytes, String paddr, String descriptor) {
        PageTable table = create(format, granule, 52, 52);
        long size = Long.decode(bytes);
        long iova = 0xa_0000_0000_0000L;

        table.mapPages(iova, Long.decode(paddr), size, 1, RW | Prot.CACHE | Prot.NOEXEC);

        assertThat(new RawWalk(host.memory(), table).descriptor(iova, level))
                .isEqualTo(Long.parseUnsignedLong(descriptor, 16));
        assertThat(table.iovaToPhys(iova + size - 1)).isEqualTo(Long.decode(paddr) + size - 1);
        table.walk(0, -1, (at, target, length, raw, prot) -> {
            assertThat(prot).isEqualTo(RW | Prot.CACHE | Prot.NOEXEC);
            return true;
        });
    }

    @Test
    void memoryTypesAreToldWithoutShareability() {
        for (String format : new String[] {Stage1Format.NAME, Stage2Format.NAME}) {
            PageTable table = create(format, "4K", 52, 52);
            int[] prots = {RW, RW | Prot.CACHE, RW | Prot.MMIO, Prot.READ | Prot.CACHE | Prot.NOEXEC};
            for (int i = 0; i < prots.length; i++) {
                table.mapPages(IOVA + i * 0x1000L, 0xf_0000_0000_0000L + i * 0x1000L, 0x1000, 1, prots[i]);
            }
            int[] next = {0};
            table.walk(0, -1, (at, target, length, raw, prot) -> {
                assertThat(prot).as("%s %d", format, next[0]).isEqualTo(prots[next[0]++]);
                return true;
            });
            assertThat(next[0]).isEqualTo(prots.length);
        }
    }

    @Test
    void cachedDeviceMemoryThatCouldNotBeToldIsRefused() {
        for (String format : new String[] {Stage1Format.NAME, Stage2Format.NAME}) {
            PageTable table = create(format, "4K", 52, 52);
            table.mapPages(IOVA, 0, 0x1000, 1, RW);
            for (long count : new long[] {1, 20}) {
                assertThatThrownBy(() -> table.mapPages(IOVA + 0x1000, 0, 0x1000, count, RW | Prot.MMIO | Prot.CACHE))
                        .hasMessageStartingWith("EINVAL")
                        .hasMessageContaining("READ|WRITE|CACHE|MMIO")
                        .hasMessageContaining("ARM_LPA2");
            }
            assertThat(table.survey().leaves()).isEqualTo(1);
        }
    }

    @ParameterizedTest
    @CsvSource({
        // granule, IAS, OAS: T0SZ, TG0, TG1, IPS, bytes of the top table, levels
        "4K,  52, 52, 12, 0, 2, 6, 128,   5",
        "4K,  49, 52, 15, 0, 2, 6, 64,    5",
        "4K,  48, 52, 16, 0, 2, 6, 4096,  4",
        "4K,  52, 48, 12, 0, 2, 5, 128,   5",
        "16K, 52, 52, 12, 2, 1, 6, 256,   4",
        "16K, 48, 52, 16, 2, 1, 6, 64,    4",
        "16K, 47, 48, 17, 2, 1, 5, 16384, 3",
    })
    void stage1TellsTheWalkerTheLayout(
            String granule, int inputBits, int outputBits, int tsz, int tg0, int tg1, int ips, long bytes, int levels) {
        for (int half : new int[] {0, Quirk.ARM_TTBR1}) {
            long before = host.allocatedBytes();
            PageTable table =
                    Formats.create(Configs.of(sizes(granule), inputBits, outputBits, half | Quirk.ARM_LPA2), host);
            long root = table.walkerConfig().root();
            assertThat(table.walkerConfig())
                    .isEqualTo(new ArmStage1(
                            root, tsz, half == 0 ? tg0 : tg1, 3, 1, 1, ips, half != 0, 0xf404ff44L, true));
            assertThat(host.allocatedBytes() - before).isEqualTo(bytes);
            table.mapPages(table.firstIova(), 0, Long.lowestOneBit(sizes(granule)), 1, RW);
            assertThat(table.survey().tables()).isEqualTo(levels);
        }
    }

    @ParameterizedTest
    @CsvSource({
        // granule, IAS, OAS: T0SZ, SL0, SL2, TG0, PS, bytes of the top tables
        "4K,  52, 52, 12, 0, 1, 0, 6, 128",
        "4K,  52, 48, 12, 2, 0, 0, 5, 65536",
        "4K,  50, 48, 14, 2, 0, 0, 5, 16384",
        "4K,  48, 48, 16, 2, 0, 0, 5, 4096",
        "4K,  42, 42, 22, 1, 0, 0, 3, 32768",
        "16K, 52, 52, 12, 3, 0, 2, 6, 256",
        "16K, 48, 52, 16, 3, 0, 2, 6, 64",
        "16K, 48, 48, 16, 2, 0, 2, 5, 32768",
        "16K, 51, 48, 13, 2, 0, 2, 5, 262144",
    })
    void stage2StartsWhereTheOutputSizeAllows(
            String granule, int inputBits, int outputBits, int tsz, int sl0, int sl2, int tg, int ps, long bytes) {
        PageTable table = create(Stage2Format.NAME, granule, inputBits, outputBits);
        long root = table.walkerConfig().root();
        assertThat(table.walkerConfig()).isEqualTo(new ArmStage2(root, tsz, sl0, tg, 3, 1, 1, ps, sl2, true));
        assertThat(host.allocatedBytes()).isEqualTo(bytes);
        assertThat(root % bytes).isZero();
    }

    @Test
    void moreThanSixteenTopTablesAreEinval() {
        assertThatThrownBy(() -> create(Stage2Format.NAME, "16K", 52, 48))
                .hasMessageStartingWith("EINVAL")
                .hasMessageContaining("52 bits")
                .hasMessageContaining("51");
        assertThatThrownBy(() -> create(Stage2Format.NAME, "4K", 52, 42)).hasMessageStartingWith("EINVAL");
        assertThat(host.allocatedBytes()).isZero();
    }

    @Test
    void runCarriesOverThe50thAddressBit() {
        PageTable table = create(Stage1Format.NAME, "4K", 48, 52);
        long paddr = (3L << 50) - 0x2000;
        table.mapPages(IOVA, paddr, 0x1000, 4, RW);
        RawWalk walk = new RawWalk(host.memory(), table);
        for (int page = 0; page < 4; page++) {
            assertThat(table.iovaToPhys(IOVA + page * 0x1000L)).isEqualTo(paddr + page * 0x1000L);
        }
        assertThat(walk.descriptor(IOVA + 0x1000, 3)).isEqualTo(0x0003_ffff_ffff_fe43L);
        assertThat(walk.descriptor(IOVA + 0x2000, 3)).isEqualTo(0xf43L);
    }

    @Test
    void lastAddressOfBothSizesIsReachedAndTheNextIsNot() {
        PageTable table = create(Stage1Format.NAME, "4K", 52, 52);
        long last = (1L << 52) - 0x1000;
        assertThat(table.mapPages(last, last, 0x1000, 1, RW)).isEqualTo(0x1000);
        assertThat(table.iovaToPhys(last + 7)).isEqualTo(last + 7);
        assertThatThrownBy(() -> table.mapPages(1L << 52, 0, 0x1000, 1, RW)).hasMessageStartingWith("ERANGE");
        assertThatThrownBy(() -> table.mapPages(0, 1L << 52, 0x1000, 1, RW)).hasMessageStartingWith("ERANGE");
    }

    @Test
    void blocksOneLevelFurtherUpAreOfLpa2Only() {
        long all = Configs.SIZES_4K | 1L << 39;
        assertThat(Formats.create(Configs.of(all, 52, 52, 0), host).config().pageSizes())
                .isEqualTo(Configs.SIZES_4K);
        assertThat(Formats.create(Configs.of(all, 52, 52, Quirk.ARM_LPA2), host)
                        .config()
                        .pageSizes())
                .isEqualTo(all);
    }

    /** DS says nothing about the 64K granule, whose descriptors have held 52 bits since LPA. */
    @ParameterizedTest
    @CsvSource({"0", "0x80000"})
    void granuleOf64KHolds52BitsInBothStagesWithoutLpa2(String quirk) {
        int quirks = Integer.decode(quirk);
        long sizes = Configs.SIZES_64K | 1L << 42;
        PageTable stage1 = Formats.create(Configs.of(sizes, 52, 52, quirks), host);
        assertThat(stage1.walkerConfig())
                .isEqualTo(new ArmStage1(stage1.walkerConfig().root(), 12, 1, 3, 1, 1, 6, false, 0xf404ff44L));
        assertThat(stage1.config().quirks()).isZero();
        PageTableConfig config = Configs.stage2(sizes, 52, 52).withQuirks(quirks);
        long before = host.allocatedBytes();
        PageTable stage2 = Formats.create(config, host);
        assertThat(host.allocatedBytes() - before).isEqualTo(8192);
        assertThat(stage2.walkerConfig())
                .isEqualTo(new ArmStage2(stage2.walkerConfig().root(), 12, 2, 1, 3, 1, 1, 6));

        stage1.mapPages(1L << 51, 0xc_0400_0000_0000L, 1L << 42, 1, RW);
        assertThat(new RawWalk(host.memory(), stage1).descriptor(1L << 51, 1)).isEqualTo(0x0000_0400_0000_ce41L);
        stage2.mapPages(1L << 51, 0xf_1234_5678_0000L, 1L << 16, 1, RW);
        assertThat(new RawWalk(host.memory(), stage2).descriptor(1L << 51, 3)).isEqualTo(0x0000_1234_5678_f6d7L);
    }

    @Test
    void narrowFormatsAndMaliKnowNothingOfIt() {
        for (String format : new String[] {Stage1Format32.NAME, Stage2Format32.NAME, MaliFormat.NAME}) {
            assertThatThrownBy(() -> Formats.create(Configs.of4K(format, 32, 40).withQuirks(Quirk.ARM_LPA2), host))
                    .hasMessageStartingWith("EINVAL")
                    .hasMessageContaining("0x80000");
        }
    }

    private PageTable create(String format, String granule, int inputBits, int outputBits) {
        long blocks = granule.equals("4K") ? 1L << 39 : 1L << 36;
        return Formats.create(
                new PageTableConfig(format, sizes(granule) | blocks, inputBits, outputBits, true, Quirk.ARM_LPA2),
                host);
    }

    private static long sizes(String granule) {
        return granule.equals("4K") ? Configs.SIZES_4K : Configs.SIZES_16K;
    }
}
