package org.sluice.pgtable.arm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.api.IotlbGather;
import org.sluice.api.Prot;
import org.sluice.memory.ResidentMemoryFactory;
import org.sluice.pgtable.testkit.TestHost;
import org.sluice.spi.memory.MemoryRegion;
import org.sluice.spi.pgtable.ArmShort;
import org.sluice.spi.pgtable.MappingException;
import org.sluice.spi.pgtable.PageTable;
import org.sluice.spi.pgtable.PageTableConfig;
import org.sluice.spi.pgtable.Quirk;

/** What is particular to short descriptors (linux-iommu.md section 2.3), read back from memory raw. */
class ShortFormatTest {
    private static final long K4 = 1 << 12;
    private static final long K64 = 1 << 16;
    private static final long M1 = 1 << 20;
    private static final long M16 = 1 << 24;
    private static final int RW = Prot.READ | Prot.WRITE;
    private static final int MEDIATEK = Quirk.NO_PERMS | Quirk.ARM_MTK_EXT;

    private final TestHost host = new TestHost();
    private final IotlbGather gather = new IotlbGather();

    @ParameterizedTest
    @CsvSource({
        // size, READ=1 WRITE=2 CACHE=4 NOEXEC=8 MMIO=16 PRIV=32, quirks, descriptor
        "0x1000,    0xf,  0,   12345c7f",
        "0x1000,    0x5,  0,   12345e7e",
        "0x1000,    0x3,  0,   12345c72",
        "0x1000,    0x13, 0,   12345c36",
        "0x1000,    0x27, 0,   12345c5e",
        "0x1000,    0xf,  0x1, 12345c7f",
        "0x1000,    0xf,  0x2, 12345c4e",
        "0x10000,   0xf,  0,   12349c3d",
        "0x10000,   0x11, 0,   12340e35",
        "0x100000,  0xf,  0,   12331c1e",
        "0x100000,  0xf,  0x1, 123b1c1e",
        "0x100000,  0x5,  0,   12339c0e",
        "0x1000000, 0xf,  0,   12071c1e",
    })
    void leafIsLinuxsAndRepeatedWhereItMustBe(String size, String prot, String quirks, String descriptor) {
        PageTable table = create(Integer.decode(quirks));
        long bytes = Long.decode(size);
        long iova = 0x4567_8000L & -bytes;

        table.mapPages(iova, 0x1234_5000L & -bytes, bytes, 1, Integer.decode(prot));

        long step = bytes >= M1 ? M1 : K4;
        for (long at = iova; at < iova + bytes; at += step) {
            assertThat(entry(table, at, bytes < M1)).isEqualTo(Integer.parseUnsignedInt(descriptor, 16));
        }
        assertThat(entry(table, iova - step, bytes < M1 && (iova & M1 - 1) != 0))
                .isZero();
        assertThat(entry(table, iova + bytes, bytes < M1 && (iova + bytes & M1 - 1) != 0))
                .isZero();
    }

    @ParameterizedTest
    @CsvSource({
        "0x1000,    0x712345000, 12345e7e",
        "0x1000,    0x112345000, 12345e4e",
        "0x10000,   0x212340000, 12341c1d",
        "0x100000,  0x412300000, 1233102e",
        "0x1000000, 0x712000000, 1207123e",
    })
    void mediaTekPutsTheUpperAddressBitsWherePermissionsAre(String size, String paddr, String descriptor) {
        PageTable table = create(MEDIATEK);
        long bytes = Long.decode(size);
        long iova = 3L << 32;

        table.mapPages(iova, Long.decode(paddr), bytes, 1, RW | Prot.CACHE);

        assertThat(entry(table, iova, bytes < M1)).isEqualTo(Integer.parseUnsignedInt(descriptor, 16));
        assertThat(table.iovaToPhys(iova + bytes - 1)).isEqualTo(Long.decode(paddr) + bytes - 1);
    }

    @Test
    void tableIs1KiBAndCarriesNsTableWithArmNs() {
        PageTable plain = create(0);
        PageTable nonSecure = create(Quirk.ARM_NS);
        assertThat(host.allocatedBytes()).isEqualTo(2 * 16384);
        plain.mapPages(0, 0, K4, 1, RW);
        nonSecure.mapPages(0, 0, K4, 1, RW);
        assertThat(host.allocatedBytes()).isEqualTo(2 * (16384 + 1024));
        assertThat(host.memory().read32(plain.walkerConfig().root()) & 0x3ff).isEqualTo(1);
        assertThat(host.memory().read32(nonSecure.walkerConfig().root()) & 0x3ff)
                .isEqualTo(9);
    }

    @Test
    void walkerIsToldRegistersAsLinuxWritesThem() {
        for (boolean coherent : new boolean[] {true, false}) {
            PageTableConfig config = new PageTableConfig(ShortFormat.NAME, K4 | M1, 32, 32, coherent, 0);
            PageTable table = Formats.create(config, host);
            long root = table.walkerConfig().root();
            assertThat(root % 16384).isZero();
            assertThat(table.walkerConfig())
                    .isEqualTo(new ArmShort(root, (int) root | (coherent ? 0x6a : 2), 0, 0x4000_4000, 0x800b_8204));
        }
        ArmShort mediatek = (ArmShort) create(MEDIATEK).walkerConfig();
        assertThat(mediatek.ttbr()).isEqualTo((int) mediatek.root());
        assertThat(mediatek.root() % 65536).isZero();
    }

    @Test
    void tablesAreBelow4GiBUnlessMediaTeksTtbrExtends() {
        MemoryRegion pool = new MemoryRegion(0x3_4000_0000L, 1 << 20);
        TestHost high = new TestHost(new ResidentMemoryFactory().create(List.of(pool)), pool);
        for (int quirks : new int[] {0, MEDIATEK}) {
            assertThatThrownBy(() -> Formats.create(Configs.shortDescriptors(quirks), high))
                    .isInstanceOfSatisfying(
                            IommuException.class, e -> assertThat(e.errno()).isEqualTo(Errno.ENOMEM));
        }
        PageTable table = Formats.create(Configs.shortDescriptors(MEDIATEK | Quirk.ARM_MTK_TTBR_EXT), high);
        ArmShort walker = (ArmShort) table.walkerConfig();
        assertThat(walker.ttbr()).isEqualTo((int) walker.root() | 3);
        table.mapPages(0, 0x7_ffff_f000L, K4, 1, RW);
        assertThat(high.memory().read32(walker.root()) & 0x3ff)
                .as("bits 32 and 33 of the table's address")
                .isEqualTo(1 | 1 << 9 | 1 << 4);
        assertThat(table.iovaToPhys(5)).isEqualTo(0x7_ffff_f005L);
        PageTable adopted = Formats.adopt(table.config(), walker.root(), high);
        assertThat(adopted.survey()).isEqualTo(table.survey());
        table.free();
        assertThat(high.allocatedBytes()).isZero();
    }

    @Test
    void whatTheFormatCannotDoIsEinvalAndAllocatesNothing() {
        PageTableConfig plain = Configs.shortDescriptors(0);
        assertRefused(new PageTableConfig(Stage1Format.NAME, K4, 32, 32, true, 0), Stage1Format.NAME);
        assertRefused(new PageTableConfig(ShortFormat.NAME, K4, 33, 32, true, 0), "33 bits");
        assertRefused(new PageTableConfig(ShortFormat.NAME, K4, 32, 33, true, 0), "33 bits");
        assertRefused(new PageTableConfig(ShortFormat.NAME, K4, 35, 35, true, MEDIATEK), "35 bits");
        assertRefused(new PageTableConfig(ShortFormat.NAME, K4, 34, 36, true, MEDIATEK), "36 bits");
        assertRefused(new PageTableConfig(ShortFormat.NAME, K4, 11, 32, true, 0), "11 bits");
        assertRefused(plain.withPageSizes(1L << 21), "0x200000");
        assertRefused(plain.withQuirks(Quirk.ARM_MTK_EXT), "NO_PERMS");
        assertRefused(plain.withQuirks(Quirk.ARM_MTK_TTBR_EXT | Quirk.NO_PERMS), "ARM_MTK_EXT");
        for (int quirk : new int[] {Quirk.ARM_HD, Quirk.ARM_TTBR1, Quirk.ARM_S2FWB, Quirk.ARM_OUTER_WBWA}) {
            assertRefused(plain.withQuirks(quirk), String.format("0x%x", quirk));
        }
        assertThat(host.allocatedBytes()).isZero();
    }

    @Test
    void partOfALargePageOrSupersectionIsNotUnmapped() {
        PageTable table = create(0);
        table.mapPages(0, 0, K64, 1, RW);
        table.mapPages(M16, M16, M16, 1, RW);
        assertThat(table.unmapPages(K4, K4, 1, gather)).isZero();
        assertThat(table.unmapPages(M16, M1, 16, gather)).isZero();
        assertThat(table.unmapPages(M16, K4, 1, gather)).isZero();
        assertThat(gather.isEmpty()).isTrue();
        assertThat(table.iovaToPhys(M16 + 5)).isEqualTo(M16 + 5);
        assertThat(table.iovaToPhys(K4 + 5)).isEqualTo(K4 + 5);
    }

    @Test
    void sixteenSmallerLeavesAreUnmappedByTheirCommonSizeUnlessOneIsMissing() {
        PageTable table = create(0);
        table.mapPages(K64, 0, K4, 16, RW);
        table.mapPages(M16, 0, M1, 15, RW);
        table.mapPages(M16 + 15 * M1, 0, K4, 1, RW);
        assertThat(table.unmapPages(K64, K64, 1, gather)).isEqualTo(K64);
        assertThat(gather.pageSize()).isEqualTo(K4);
        host.sync(gather);
        assertThat(table.unmapPages(M16, M16, 1, gather)).isEqualTo(M16);
        assertThat(gather.tableCount()).isEqualTo(1);
        host.sync(gather);
        assertThat(table.survey().leaves()).isZero();
        table.mapPages(K64, 0, K4, 15, RW);
        assertThat(table.unmapPages(K64, K64, 1, gather)).isZero();
        assertThat(table.survey().leaves()).isEqualTo(15);
    }

    @Test
    void leafInTheMiddleOfSixteenEntriesKeepsALargeOneOut() {
        PageTable table = create(0);
        table.mapPages(7 * K4, M1, K4, 1, RW);
        table.mapPages(M16 + 9 * M1, M16, M1, 1, RW);
        for (long size : new long[] {K64, M16}) {
            assertThatThrownBy(() -> table.mapPages(size == K64 ? 0 : M16, 0, size, 1, RW))
                    .isInstanceOfSatisfying(
                            MappingException.class, e -> assertThat(e.errno()).isEqualTo(Errno.EEXIST));
        }
        assertThat(table.survey().leaves()).isEqualTo(2);
        assertThat(table.iovaToPhys(0)).isZero();
        assertThat(table.iovaToPhys(M16)).isZero();
    }

    @Test
    void descriptorThatCannotBeIsRefusedWithItsAddressAndValue() {
        PageTable table = create(0);
        table.mapPages(0, 0, K64, 1, RW);
        long root = table.walkerConfig().root();
        int first = host.memory().read32(root);
        long second = first & 0xffff_fc00L;
        assertNotAdopted(root + 4, first, "twice");
        assertNotAdopted(root + 8, 0x101, "not memory");
        assertNotAdopted(root + 8, 0x10_0003, "neither");
        assertNotAdopted(root + 8, 0x10_0010, "neither");
        assertNotAdopted(root + 8, 0x0107_1c1e, "one of 16");
        assertNotAdopted(second + 8, 0x1234_5c7e, "one of 16");
        assertNotAdopted(second + 4 * 20, 0x1234_5c70, "neither");
        PageTableConfig pagesOnly = table.config().withPageSizes(K4);
        assertThatThrownBy(() -> Formats.adopt(pagesOnly, root, host)).hasMessageContaining("0x10000 bytes");
        assertThatThrownBy(() -> Formats.adopt(table.config(), root + 1024, host))
                .hasMessageContaining(String.format("0x%x", root + 1024));
        assertThat(Formats.adopt(table.config(), root, host).survey()).isEqualTo(table.survey());
    }

    private void assertNotAdopted(long at, int descriptor, String why) {
        int before = host.memory().read32(at);
        host.memory().write32(at, descriptor);
        long root = TestHost.POOL.base();
        assertThatThrownBy(() -> Formats.adopt(Configs.shortDescriptors(0), root, host))
                .isInstanceOfSatisfying(
                        IommuException.class, e -> assertThat(e.errno()).isEqualTo(Errno.EINVAL))
                .hasMessageContaining("0x%08x", descriptor)
                .hasMessageContaining(why);
        host.memory().write32(at, before);
    }

    private PageTable create(int quirks) {
        return Formats.create(Configs.shortDescriptors(quirks), host);
    }

    /** A walk by hand: the first-level entry, or the second-level one; 0 where there is no table. */
    private int entry(PageTable table, long iova, boolean second) {
        int descriptor = host.memory().read32(table.walkerConfig().root() + 4 * (iova >>> 20));
        if (!second) {
            return descriptor;
        }
        assertThat(descriptor & 3).isEqualTo(1);
        return host.memory().read32((descriptor & 0xffff_fc00L) + 4 * (iova >>> 12 & 255));
    }

    private void assertRefused(PageTableConfig config, String named) {
        assertThatThrownBy(() -> new ShortFormat().create(config, host))
                .isInstanceOfSatisfying(
                        IommuException.class, e -> assertThat(e.errno()).isEqualTo(Errno.EINVAL))
                .hasMessageContaining(named);
    }
}
