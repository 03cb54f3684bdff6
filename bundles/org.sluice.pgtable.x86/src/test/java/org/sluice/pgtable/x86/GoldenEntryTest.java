package org.sluice.pgtable.x86;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.sluice.api.Prot;
import org.sluice.pgtable.testkit.TestHost;
import org.sluice.spi.pgtable.PageTable;
import org.sluice.spi.pgtable.PageTableConfig;
import org.sluice.spi.pgtable.PageTableFormat;
import org.sluice.spi.pgtable.Quirk;

/**
 * Entries as linux-iommu.md section 2.3 lays them out, read back from memory raw.
 *
 * <p>First stage: P0 RW1 U2 A5 D6 PS7, address in place, XD63. Readable, used: 1 + 4 + 0x20 = 0x25; writable and dirty too:
 * 0x25 + 2 + 0x40 = 0x67; a leaf above the last level 0x67 + 0x80 = 0xe7; a table 1 + 2 + 4 + 0x20 = 0x27.
 *
 * <p>Second stage: R0 W1 PS7 SNP11, address in place.
 */
class GoldenEntryTest {
    private static final long IOVA = 0x1_4000_0000L;
    private static final int RW = Prot.READ | Prot.WRITE;
    private static final PageTableConfig FIRST = Configs.of(Configs.FIRST, 48);
    private static final PageTableConfig SECOND = Configs.of(Configs.SECOND, 48);
    private static final int LEVELS = 4;

    private final TestHost host = new TestHost();

    @ParameterizedTest
    @CsvSource({
        "READ WRITE,             0000000012345067",
        "READ WRITE NOEXEC,      8000000012345067",
        "READ,                   0000000012345025",
        "READ NOEXEC,            8000000012345025",
        "WRITE,                  0000000012345067", // what is there is readable
        "READ WRITE PRIV,        0000000012345063",
        "READ WRITE CACHE MMIO,  0000000012345067",
    })
    void pageOfTheFirstStageHasItsBits(String prot, String entry) {
        PageTable table = Configs.FIRST.create(FIRST, host);
        assertThat(table.mapPages(IOVA, 0x1234_5000L, 4096, 1, prot(prot))).isEqualTo(4096);
        assertThat(entryAt(table, LEVELS, IOVA, 0)).isEqualTo(Long.parseUnsignedLong(entry, 16));
    }

    @ParameterizedTest
    @CsvSource({
        "READ WRITE,             0,       0000000012345003",
        "READ,                   0,       0000000012345001",
        "WRITE,                  0,       0000000012345002",
        "READ WRITE CACHE,       0,       0000000012345003",
        "READ WRITE PRIV NOEXEC, 0,       0000000012345003",
        "READ WRITE,             0x10000, 0000000012345803", // snooped
        "READ,                   0x10000, 0000000012345801",
    })
    void pageOfTheSecondStageHasItsBits(String prot, String quirks, String entry) {
        PageTable table = Configs.SECOND.create(SECOND.withQuirks(Integer.decode(quirks)), host);
        assertThat(table.mapPages(IOVA, 0x1234_5000L, 4096, 1, prot(prot))).isEqualTo(4096);
        assertThat(entryAt(table, LEVELS, IOVA, 0)).isEqualTo(Long.parseUnsignedLong(entry, 16));
    }

    @Test
    void largerLeavesCarryPs() {
        PageTable first = Configs.FIRST.create(FIRST, host);
        first.mapPages(IOVA, 0x4000_0000L, 2 << 20, 1, RW);
        assertThat(entryAt(first, LEVELS, IOVA, 1)).isEqualTo(0x4000_00e7L);
        first.mapPages(2 * IOVA, 0x4000_0000L, 1 << 30, 1, RW | Prot.NOEXEC);
        assertThat(entryAt(first, LEVELS, 2 * IOVA, 2)).isEqualTo(0x8000_0000_4000_00e7L);
        PageTable second = Configs.SECOND.create(SECOND.withQuirks(Quirk.FORCE_COHERENCE), host);
        second.mapPages(IOVA, 0x4000_0000L, 2 << 20, 1, RW);
        assertThat(entryAt(second, LEVELS, IOVA, 1)).isEqualTo(0x4000_0883L);
        second.mapPages(2 * IOVA, 0x4000_0000L, 1 << 30, 1, Prot.WRITE);
        assertThat(entryAt(second, LEVELS, 2 * IOVA, 2)).isEqualTo(0x4000_0882L);
    }

    @Test
    void highestFrameFillsTheAddress() {
        for (PageTable table :
                new PageTable[] {Configs.FIRST.create(FIRST, host), Configs.SECOND.create(SECOND, host)}) {
            table.mapPages(IOVA, 0xf_ffff_ffff_f000L, 4096, 1, RW);
            assertThat(entryAt(table, LEVELS, IOVA, 0) & ~0xfffL).isEqualTo(0xf_ffff_ffff_f000L);
            assertThat(table.iovaToPhys(IOVA + 5)).isEqualTo(0xf_ffff_ffff_f005L);
        }
    }

    @ParameterizedTest
    @CsvSource({"0, 0x27", "0x10000, 0x3"})
    void tablesGrantEverything(String quirks, String bits) {
        int wanted = Integer.decode(quirks);
        PageTable table = wanted == 0
                ? Configs.FIRST.create(FIRST, host)
                : Configs.SECOND.create(SECOND.withQuirks(wanted), host);
        table.mapPages(0, 0, 4096, 1, Prot.READ);
        long entry = host.memory().read64(table.walkerConfig().root());
        assertThat(entry & 0xfff).isEqualTo(Long.decode(bits));
        assertThat(TestHost.POOL.contains(entry & ~0xfffL, 4096)).isTrue();
    }

    @ParameterizedTest
    @CsvSource({"48, 4", "57, 5"})
    void lowestIovaOfTheUpperHalfIsInTheMiddleOfTheTopTable(int bits, int levels) {
        PageTable full = Configs.FIRST.create(Configs.of(Configs.FIRST, bits), host);
        long iova = -1L << bits - 1;
        full.mapPages(iova, 0x1234_5000L, 4096, 1, RW);
        assertThat(host.memory().read64(full.walkerConfig().root() + 8 * 256)).isNotZero();
        assertThat(entryAt(full, levels, iova, 0)).isEqualTo(0x1234_5067L);
    }

    @ParameterizedTest
    @CsvSource({"39, 3", "48, 4", "57, 5"})
    void highestIovaOfTheSecondStageIsInTheLastEntries(int bits, int levels) {
        PageTable full = Configs.SECOND.create(Configs.of(Configs.SECOND, bits), host);
        long iova = (1L << bits) - 4096;
        full.mapPages(iova, 0x1234_5000L, 4096, 1, RW);
        assertThat(host.memory().read64(full.walkerConfig().root() + 8 * 511)).isNotZero();
        assertThat(entryAt(full, levels, iova, 0)).isEqualTo(0x1234_5003L);
    }

    /** A walk by hand from the root: the entry at a level, 0 being that of pages. */
    private long entryAt(PageTable of, int levels, long iova, int level) {
        PageTableFormat format = Configs.format(of.config());
        long at = of.walkerConfig().root();
        for (int here = levels - 1; ; here--) {
            long entry = host.memory().read64(at + 8 * (iova >>> 12 + 9 * here & 511));
            if (here == level) {
                return entry;
            }
            assertThat(entry & 0xfff).as("a table, not a leaf").isEqualTo(format == Configs.FIRST ? 0x27 : 3);
            at = entry & ~0xfffL;
        }
    }

    private static int prot(String words) {
        int prot = 0;
        for (String word : words.split(" ")) {
            switch (word) {
                case "READ" -> prot |= Prot.READ;
                case "WRITE" -> prot |= Prot.WRITE;
                case "NOEXEC" -> prot |= Prot.NOEXEC;
                case "PRIV" -> prot |= Prot.PRIV;
                case "CACHE" -> prot |= Prot.CACHE;
                case "MMIO" -> prot |= Prot.MMIO;
                default -> throw new IllegalArgumentException(word);
            }
        }
        return prot;
    }
}
