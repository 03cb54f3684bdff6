package org.sluice.smmuv3.driver;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.sluice.smmuv3.arch.ContextDescriptor;
import org.sluice.smmuv3.arch.StreamTableEntry;
import org.sluice.spi.pgtable.ArmStage1;

/** Words of entries: linux-iommu.md section 5.3, and what Linux wrote in the captures. */
class EntryWordsTest {
    private static final StreamEntry.Traits NO_STALL_MODEL = new StreamEntry.Traits(false, false, 0);

    @Test
    void streamTableEntries() {
        assertWords(Entries.abort(), 1);
        assertWords(Entries.bypass(), 9, 0x100000000000L);
        assertWords(Entries.contextTable(StreamEntry.Untagged.SUBSTREAM_0), 0xf800f0f0f0f0f0ebL, 0x180000d6L);
        assertWords(Entries.contextTable(StreamEntry.Untagged.BYPASS), 0xf800f0f0f0f0f0ebL, 0x00001000180000d5L);
        assertWords(Entries.stallingContextTable(), 0xf800f0f0f0f0f0ebL, 0xd6);
        assertWords(Entries.stage2(), 0xd, 0x100010000000L, 0x0449b6c400000000L, 0x000dbeefdeadbee0L);
        assertWords(Entries.stallingStage2(), 0xd, 0x100000000000L, 0x0649b6c400000000L, 0x000dbeefdeadbee0L);
        assertWords(
                Entries.nested(), 0xf800f0f0f0f0f0efL, 0x00001000180800d5L, 0x0449b6c400000000L, 0x000dbeefdeadbee0L);
    }

    @Test
    void contextDescriptors() {
        assertWords(Entries.context(1997), 0x07cde201c0003684L, 0x000dbeefdeadbee0L, 0, 0x0abcdef012345678L);
        assertWords(Entries.context(778), 0x030ae201c0003684L, 0x000dbeefdeadbee0L, 0, 0x0abcdef012345678L);
    }

    @Test
    void upperHalfUsesTheOtherSetOfFields() {
        ArmStage1 upper = new ArmStage1(0x80000000L, 16, 2, 3, 1, 1, 5, true, 0xf404ff44L);
        long[] entry = ContextEntry.of(upper, 3, false, false);
        long first = entry[0];
        assertThat(ContextDescriptor.epd0(first)).isEqualTo(1);
        assertThat(ContextDescriptor.epd1(first)).isZero();
        assertThat(ContextDescriptor.t1sz(first)).isEqualTo(16);
        assertThat(ContextDescriptor.tg1(first)).isEqualTo(ContextDescriptor.TG1_4K);
        assertThat(ContextDescriptor.ir1(first)).isEqualTo(1);
        assertThat(ContextDescriptor.or1(first)).isEqualTo(1);
        assertThat(ContextDescriptor.sh1(first)).isEqualTo(3);
        assertThat(ContextDescriptor.ttb1(entry[2])).isEqualTo(0x80000000L);
        assertThat(entry[1]).isZero();
        assertThat(ContextDescriptor.t0sz(first)).isZero();
    }

    @ParameterizedTest
    @ValueSource(strings = {"nvme-virtioblk-strict", "passthrough-vfio", "single-nvme"})
    void streamTableEntriesAreWhatLinuxWrote(String capture) {
        List<LinuxCapture.Row> rows = LinuxCapture.read(capture, "expected-ste.csv");
        assertThat(rows).isNotEmpty();
        for (LinuxCapture.Row row : rows) {
            long[] linux = row.words(8);
            long[] ours = row.text("ConfigName").equals("bypass")
                    ? StreamEntry.bypass()
                    : StreamEntry.stage1(
                            new StreamEntry.ContextTablePointer(
                                    row.number("S1ContextPtr"), StreamTableEntry.S1FMT_LINEAR, 0),
                            StreamEntry.Untagged.SUBSTREAM_0,
                            NO_STALL_MODEL);
            assertThat(ours).as(row.text("bdf")).containsExactly(linux);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"nvme-virtioblk-strict", "passthrough-vfio", "single-nvme"})
    void contextDescriptorsAreWhatLinuxWrote(String capture) {
        List<LinuxCapture.Row> rows = LinuxCapture.read(capture, "expected-cd.csv");
        assertThat(rows).isNotEmpty();
        for (LinuxCapture.Row row : rows) {
            long[] linux = row.words(8);
            ArmStage1 walker = new ArmStage1(
                    row.number("TTB0"),
                    (int) row.number("T0SZ"),
                    (int) row.number("TG0"),
                    (int) row.number("SH0"),
                    (int) row.number("OR0"),
                    (int) row.number("IR0"),
                    (int) row.number("IPS"),
                    false,
                    0xf404ff44L);
            long[] ours = ContextEntry.of(walker, (int) row.number("ASID"), false, false);
            // Linux 6.1 fills the attribute slots that no leaf selects.
            ours[3] |= 0xffffffff00000000L;
            assertThat(ours).as(row.text("bdf")).containsExactly(linux);
        }
    }

    private static void assertWords(long[] entry, long... words) {
        long[] expected = new long[8];
        System.arraycopy(words, 0, expected, 0, words.length);
        assertThat(entry).containsExactly(expected);
    }
}
