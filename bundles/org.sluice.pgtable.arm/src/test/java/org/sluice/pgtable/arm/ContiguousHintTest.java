package org.sluice.pgtable.arm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.sluice.api.IotlbGather;
import org.sluice.api.Prot;
import org.sluice.pgtable.testkit.TestHost;
import org.sluice.spi.pgtable.BlockSplitting;
import org.sluice.spi.pgtable.DirtyTracking;
import org.sluice.spi.pgtable.MappingException;
import org.sluice.spi.pgtable.PageTable;
import org.sluice.spi.pgtable.PageTableConfig;
import org.sluice.spi.pgtable.Quirk;

/** Contiguous groups (linux-iommu.md section 2.3; Arm DDI 0487, the Contiguous bit): bit 52 on all members or on none. */
class ContiguousHintTest {
    private static final long HINT = 1L << 52;
    private static final long K4 = 4096;
    private static final long K64 = 64 << 10;
    private static final long M2 = 2 << 20;
    private static final long M32 = 32 << 20;
    private static final int RW = Prot.READ | Prot.WRITE;

    private final TestHost host = new TestHost();
    private final IotlbGather gather = new IotlbGather();

    @ParameterizedTest
    @CsvSource({
        // sizes, with the groups' sizes: 64K and 32M, 2M and 1G, 2M and 16G
        "0x40201000, 48, 0x42211000",
        "0x02004000, 48, 0x42204000",
        "0x20010000, 48, 0x420210000",
        // a level of 8 entries of 512M has no room for 32 of them
        "0x20010000, 32, 0x20210000",
        // no group of a size that is not offered itself
        "0x40001000, 48, 0x40011000",
    })
    void groupsOfWhatIsOfferedAreOfferedToo(String sizes, int inputBits, String narrowed) {
        for (PageTableConfig config : List.of(
                Configs.of(Long.decode(sizes), inputBits, 48, 0), Configs.stage2(Long.decode(sizes), inputBits, 48))) {
            PageTable table = Formats.create(config.withQuirks(Quirk.ARM_CONTIGUOUS), host);
            assertThat(table.config().pageSizes()).isEqualTo(Long.decode(narrowed));
            assertThat(Formats.create(table.config(), host).config()).isEqualTo(table.config());
        }
    }

    @ParameterizedTest
    @CsvSource({
        // sizes, stage: size of a group, members, level, first descriptor
        "0x40201000, ARM_64_LPAE_S1, 0x10000,     16,  3, 0070000080000f47",
        "0x40201000, ARM_64_LPAE_S1, 0x2000000,   16,  2, 0070000080000f45",
        "0x02004000, ARM_64_LPAE_S1, 0x200000,    128, 3, 0070000080000f47",
        "0x02004000, ARM_64_LPAE_S1, 0x40000000,  32,  2, 0070000080000f45",
        "0x20010000, ARM_64_LPAE_S1, 0x200000,    32,  3, 0070000080000f47",
        "0x20010000, ARM_64_LPAE_S1, 0x400000000, 32,  2, 0070000400000f45",
        "0x40201000, ARM_64_LPAE_S2, 0x10000,     16,  3, 00700000800007ff",
        "0x20010000, ARM_64_LPAE_S2, 0x400000000, 32,  2, 00700004000007fd",
    })
    void everyMemberHasTheHintAndItsOwnAddress(
            String sizes, String format, String bytes, int members, int level, String first) {
        long size = Long.decode(bytes);
        long paddr = Math.max(size, 0x8000_0000L);
        PageTable table = Formats.create(
                new PageTableConfig(format, Long.decode(sizes), 48, 48, true, Quirk.ARM_CONTIGUOUS), host);
        long iova = 3 * size;

        table.mapPages(iova, paddr, size, 1, RW | Prot.CACHE | Prot.NOEXEC);

        RawWalk walk = new RawWalk(host.memory(), table);
        for (int i = 0; i < members; i++) {
            long offset = i * (size / members);
            assertThat(walk.descriptor(iova + offset, level))
                    .as("member %d", i)
                    .isEqualTo(Long.parseUnsignedLong(first, 16) + offset);
            assertThat(table.iovaToPhys(iova + offset + 5)).isEqualTo(paddr + offset + 5);
        }
        assertThat(walk.descriptor(iova + size, level)).isZero();
        assertThat(table.survey().leavesBySize()).containsOnly(java.util.Map.entry(size, 1L));
    }

    @Test
    void leavesThatWereMappedOneByOneNeverGetTheHint() {
        PageTable table = contiguous(0);
        for (long page = 0; page < 16; page++) {
            table.mapPages(page * K4, page * K4, K4, 1, RW);
        }
        table.mapPages(K64, K64, K4, 16, RW);
        RawWalk walk = new RawWalk(host.memory(), table);
        for (long page = 0; page < 32; page++) {
            assertThat(walk.descriptor(page * K4, 3) & HINT).as("page %d", page).isZero();
        }
    }

    @Test
    void groupIsMappedWholeOrNotAtAll() {
        PageTable table = contiguous(0);
        table.mapPages(3 * K64 + 9 * K4, 0, K4, 1, RW);
        assertThatThrownBy(() -> table.mapPages(0, 0, K64, 5, RW))
                .isInstanceOfSatisfying(
                        MappingException.class,
                        e -> assertThat(e.mapped() % K64).isZero());
        RawWalk walk = new RawWalk(host.memory(), table);
        for (long page = 3 * 16; page < 5 * 16; page++) {
            assertThat(walk.descriptor(page * K4, 3) & HINT).isZero();
        }
        assertThatThrownBy(() -> table.mapPages(8 * K64 + K4, K4, K64, 1, RW)).hasMessageStartingWith("EINVAL");
        assertThatThrownBy(() -> table.mapPages(8 * K64, K4, K64, 1, RW)).hasMessageStartingWith("EINVAL");
    }

    @Test
    void partOfAGroupIsNotUnmappedAndEveryMemberKeepsTheHint() {
        PageTable table = contiguous(0);
        table.mapPages(0, M32, K64, 2, RW);
        for (long page = 0; page < 32; page++) {
            assertThat(table.unmapPages(page * K4, K4, 1, gather)).isZero();
        }
        assertThat(table.unmapPages(0, K4, 32, gather)).isZero();
        assertThat(gather.isEmpty()).isTrue();
        RawWalk walk = new RawWalk(host.memory(), table);
        for (long page = 0; page < 32; page++) {
            assertThat(walk.descriptor(page * K4, 3) & HINT).isNotZero();
        }
    }

    @Test
    void unmappedGroupIsInvalidatedByMembersForATlbNeedNotKeepItAsOne() {
        PageTable table = contiguous(0);
        table.mapPages(0, M32, K64, 2, RW);
        table.mapPages(M32, M32, M32, 1, RW);
        assertThat(table.unmapPages(K64, K64, 1, gather)).isEqualTo(K64);
        assertThat(gather.start()).isEqualTo(K64);
        assertThat(gather.end()).isEqualTo(2 * K64 - 1);
        assertThat(gather.pageSize()).isEqualTo(K4);
        gather.clear();
        assertThat(table.unmapPages(M32, M32, 1, gather)).isEqualTo(M32);
        assertThat(gather.pageSize()).isEqualTo(M2);
    }

    @Test
    void smallerLeavesAndTablesGoWhereAGroupCouldBe() {
        PageTable table = contiguous(0);
        table.mapPages(0, 0, K4, 15, RW);
        assertThat(table.unmapPages(0, K64, 1, gather)).isEqualTo(K64);
        table.mapPages(M32, M32, M2, 3, RW);
        table.mapPages(M32 + 3 * M2, 0, K4, 5, RW);
        gather.clear();
        assertThat(table.unmapPages(M32, M32, 1, gather)).isEqualTo(M32);
        assertThat(gather.tableCount()).isEqualTo(1);
        assertThat(gather.pageSize()).isEqualTo(K4);
        assertThat(table.unmapPages(M32, M32, 1, gather)).isZero();
        assertThat(table.survey().leaves()).isZero();
    }

    @Test
    void splitTakesTheHintFromEveryMemberAndLeavesTheRestOfEachDescriptor() {
        PageTable table = contiguous(0);
        table.mapPages(0, M32, K64, 2, RW | Prot.NOEXEC);
        RawWalk walk = new RawWalk(host.memory(), table);
        long[] before = new long[16];
        for (int page = 0; page < 16; page++) {
            before[page] = walk.descriptor(page * K4, 3);
        }

        assertThat(((BlockSplitting) table).split(7 * K4 + 5, true)).isEqualTo(K4);

        for (int page = 0; page < 16; page++) {
            assertThat(walk.descriptor(page * K4, 3)).isEqualTo(before[page] & ~HINT);
            assertThat(walk.descriptor(K64 + page * K4, 3) & HINT).isNotZero();
        }
        assertThat(table.unmapPages(3 * K4, K4, 1, gather)).isEqualTo(K4);
        assertThat(table.iovaToPhys(4 * K4)).isEqualTo(M32 + 4 * K4);
    }

    @Test
    void blockIsSplitIntoGroups() {
        PageTable table = contiguous(0);
        table.mapPages(0, M2, M2, 1, RW);
        assertThat(((BlockSplitting) table).split(0, true)).isEqualTo(K64);
        assertThat(table.survey().leavesBySize()).containsOnly(java.util.Map.entry(K64, 32L));
    }

    @Test
    void groupsAreAdoptedAsTheyAreAndBrokenOnesAreRefused() {
        PageTable table = contiguous(0);
        table.mapPages(K64, M32, K64, 2, RW);
        long root = table.walkerConfig().root();
        assertThat(Formats.adopt(table.config(), root, host).survey()).isEqualTo(table.survey());
        assertThatThrownBy(() -> Formats.adopt(Configs.of(Configs.SIZES_4K), root, host))
                .hasMessageContaining("contiguous hint");

        RawWalk walk = new RawWalk(host.memory(), table);
        for (long page = 16; page < 32; page++) {
            long entry = walk.entry(page * K4, 3);
            long good = host.memory().read64(entry);
            for (long bad : new long[] {good & ~HINT, 0, good ^ K4, good ^ 1L << 53}) {
                host.memory().write64(entry, bad);
                assertThatThrownBy(() -> Formats.adopt(table.config(), root, host))
                        .as("0x%x in page %d", bad, page)
                        .hasMessageStartingWith("EINVAL");
            }
            host.memory().write64(entry, good);
        }
        assertThat(Formats.adopt(table.config(), root, host).survey()).isEqualTo(table.survey());
    }

    @Test
    void markInAnyMemberMakesTheGroupDirtyAndClearingClearsAll() {
        PageTable table = contiguous(Quirk.ARM_HD);
        table.mapPages(0, M32, K64, 2, RW);
        assertThat(dirty(table, 0, K64, true)).containsExactly(0L);
        assertThat(gather.end()).isEqualTo(K64 - 1);
        assertThat(gather.pageSize()).isEqualTo(K4);
        assertThat(dirty(table, 0, K64, false)).isEmpty();

        RawWalk walk = new RawWalk(host.memory(), table);
        long entry = walk.entry(9 * K4, 3);
        host.memory().write64(entry, host.memory().read64(entry) & ~(1L << 7));
        assertThat(dirty(table, 0, 1, false)).containsExactly(0L);
        assertThat(dirty(table, 0, 2 * K64, false)).containsExactly(0L, K64);
        assertThat(Formats.adopt(table.config(), table.walkerConfig().root(), host)
                        .survey())
                .as("members differ in their marks only")
                .isEqualTo(table.survey());
        assertThat(dirty(table, 0, 2 * K64, true)).containsExactly(0L, K64);
        assertThat(dirty(table, 0, 2 * K64, true)).isEmpty();
    }

    /** A write through a cached dirty group marks nothing more, so after the split any member may have been written. */
    @Test
    void everyMemberIsDirtyAfterASplit() {
        PageTable table = contiguous(Quirk.ARM_HD);
        table.mapPages(0, M32, K64, 1, RW);
        dirty(table, 0, K64, true);
        ((BlockSplitting) table).split(0, true);
        assertThat(dirty(table, 0, K64, false)).hasSize(16);
    }

    private List<Long> dirty(PageTable table, long iova, long size, boolean clear) {
        gather.clear();
        List<Long> seen = new ArrayList<>();
        ((DirtyTracking) table)
                .readDirty(iova, size, clear, gather, (at, paddr, bytes, descriptor, prot) -> seen.add(at));
        return seen;
    }

    private PageTable contiguous(int quirks) {
        return Formats.create(Configs.of(Configs.SIZES_4K, 48, 48, quirks | Quirk.ARM_CONTIGUOUS), host);
    }
}
