package org.sluice.pgtable.riscv;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.sluice.api.Prot;
import org.sluice.pgtable.testkit.TestHost;
import org.sluice.spi.pgtable.PageTable;
import org.sluice.spi.pgtable.PageTableFormat;

/**
 * Entries as linux-iommu.md section 2.3 lays them out, read back from memory raw: V0 R1 W2 X3 U4 G5 A6 D7, PPN from bit 10, N
 * 63. So page 0x12345 stands as 0x12345 &lt;&lt; 10 = 0x48d1400, and readable, writable, not executable, used and dirty is 1 + 2 +
 * 4 + 0x10 + 0x40 + 0x80 = 0xd7.
 */
class GoldenEntryTest {
    private static final long IOVA = 0x1_4000_0000L;
    private static final int RW_NOEXEC = Prot.READ | Prot.WRITE | Prot.NOEXEC;

    private final TestHost host = new TestHost();
    private final PageTable table = Configs.SV39.create(Configs.of(Configs.SV39, 39), host);

    @ParameterizedTest
    @CsvSource({
        "READ WRITE NOEXEC,            00000000048d14d7",
        "READ WRITE,                   00000000048d14df",
        "READ NOEXEC,                  00000000048d1453",
        "READ,                         00000000048d145b",
        "WRITE NOEXEC,                 00000000048d14d7", // writing implies reading
        "READ WRITE NOEXEC PRIV,       00000000048d14c7",
        "READ WRITE NOEXEC CACHE,      00000000048d14d7",
        "READ WRITE NOEXEC CACHE MMIO, 00000000048d14d7",
    })
    void pageEntryHasItsBits(String prot, String entry) {
        assertThat(table.mapPages(IOVA, 0x1234_5000L, 4096, 1, prot(prot))).isEqualTo(4096);
        assertThat(entryAt(table, 3, IOVA, 0)).isEqualTo(Long.parseUnsignedLong(entry, 16));
    }

    @Test
    void rangeOf64KIs16EqualEntriesWithNAndBit13() {
        // Page 0x12340 with its four low bits at 8 is 0x12348, which stands as 0x48d2000.
        table.mapPages(IOVA + 0x3_0000, 0x1234_0000L, 64 << 10, 1, RW_NOEXEC);
        for (int page = 0; page < 16; page++) {
            assertThat(entryAt(table, 3, IOVA + 0x3_0000 + page * 4096, 0)).isEqualTo(0x8000_0000_048d_20d7L);
        }
        assertThat(entryAt(table, 3, IOVA + 0x2_f000, 0)).isZero();
        assertThat(entryAt(table, 3, IOVA + 0x4_0000, 0)).isZero();
        assertThat(table.iovaToPhys(IOVA + 0x3_5678)).isEqualTo(0x1234_5678L);
    }

    @Test
    void rangesOf64KAscend() {
        table.mapPages(IOVA, 0x1234_0000L, 64 << 10, 3, RW_NOEXEC);
        assertThat(entryAt(table, 3, IOVA + 0x1_0000, 0)).isEqualTo(0x8000_0000_048d_60d7L);
        assertThat(entryAt(table, 3, IOVA + 0x2_f000, 0)).isEqualTo(0x8000_0000_048d_a0d7L);
    }

    @Test
    void largerLeavesHaveTheSameBits() {
        table.mapPages(IOVA, 0x4000_0000L, 2 << 20, 1, RW_NOEXEC);
        assertThat(entryAt(table, 3, IOVA, 1)).isEqualTo(0x1000_00d7L);
        table.mapPages(0x2_4000_0000L, 0x4000_0000L, 1 << 30, 1, RW_NOEXEC);
        assertThat(entryAt(table, 3, 0x2_4000_0000L, 2)).isEqualTo(0x1000_00d7L);
    }

    @Test
    void highestFrameFills44Bits() {
        table.mapPages(IOVA, 0xff_ffff_ffff_f000L, 4096, 1, RW_NOEXEC);
        assertThat(entryAt(table, 3, IOVA, 0)).isEqualTo(0x003f_ffff_ffff_fcd7L);
        assertThat(table.iovaToPhys(IOVA + 5)).isEqualTo(0xff_ffff_ffff_f005L);
    }

    @Test
    void tableEntryHasNothingButVAndItsFrame() {
        table.mapPages(0, 0, 4096, 1, RW_NOEXEC);
        long entry = host.memory().read64(table.walkerConfig().root());
        assertThat(entry & 0x3ff).isEqualTo(1);
        assertThat(entry >>> 54).isZero();
        assertThat(TestHost.POOL.contains(entry - 1 << 2, 4096)).isTrue();
    }

    @ParameterizedTest
    @CsvSource({"39, 3", "48, 4", "57, 5"})
    void lowestIovaOfTheUpperHalfIsInTheMiddleOfTheTopTable(int bits, int levels) {
        PageTableFormat format = bits == 39 ? Configs.SV39 : bits == 48 ? Configs.SV48 : Configs.SV57;
        PageTable full = format.create(Configs.of(format, bits), host);
        long iova = -1L << bits - 1;
        full.mapPages(iova, 0x1234_5000L, 4096, 1, RW_NOEXEC);
        assertThat(host.memory().read64(full.walkerConfig().root() + 8 * 256)).isNotZero();
        assertThat(entryAt(full, levels, iova, 0)).isEqualTo(0x48d_14d7L);
    }

    /** A walk by hand from the root: the entry at a level, 0 being that of pages. */
    private long entryAt(PageTable of, int levels, long iova, int level) {
        long at = of.walkerConfig().root();
        for (int here = levels - 1; ; here--) {
            long entry = host.memory().read64(at + 8 * (iova >>> 12 + 9 * here & 511));
            if (here == level) {
                return entry;
            }
            assertThat(entry & 0xf).as("a table, not a leaf").isEqualTo(1);
            at = entry - 1 << 2;
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
