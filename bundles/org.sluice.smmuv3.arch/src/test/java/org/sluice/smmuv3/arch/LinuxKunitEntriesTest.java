package org.sluice.smmuv3.arch;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** STE and CD words of Linux's arm-smmu-v3 KUnit test: reading gives the test's parameters, writing them gives the words. */
class LinuxKunitEntriesTest {
    private static final long CD_TABLE = 0xf0f0f0f0f0c0L;
    private static final long VTTBR = 0xdbeefdeadbee0L;

    @Test
    void bypassEntry() {
        assertThat(StreamTableEntry.LAYOUT.describe(ste(0x9, 0x100000000000L), 0))
                .isEqualTo("STE V=1 Config=BYPASS SHCFG=INCOMING");
        assertThat(StreamTableEntry.LAYOUT.describe(ste(0x1), 0)).isEqualTo("STE V=1");
    }

    @Test
    void contextTableEntryWithTerminatedUntaggedTraffic() {
        StreamTableEntry.Decoded entry = StreamTableEntry.decode(ste(0xf800f0f0f0f0f0ebL, 0x180000d6L));

        assertThat(entry.v()).isEqualTo(1);
        assertThat(entry.config()).isEqualTo(StreamTableEntry.CONFIG_S1_TRANSLATE);
        assertThat(entry.s1Fmt()).isEqualTo(StreamTableEntry.S1FMT_TWO_LEVEL_64K);
        assertThat(entry.s1ContextPtr()).isEqualTo(CD_TABLE);
        assertThat(entry.s1cdMax()).isEqualTo(0x1f);
        assertThat(entry.s1dss()).isEqualTo(StreamTableEntry.S1DSS_SSID0);
        assertThat(entry.s1cir()).isEqualTo(StreamTableEntry.S1CIR_WBWA);
        assertThat(entry.s1cor()).isEqualTo(StreamTableEntry.S1COR_WBWA);
        assertThat(entry.s1csh()).isEqualTo(StreamTableEntry.S1CSH_INNER_SHAREABLE);
        assertThat(entry.s1stalld()).isEqualTo(1);
        assertThat(entry.eats()).isEqualTo(StreamTableEntry.EATS_FULL);
        assertThat(entry.shcfg()).isZero();
    }

    @Test
    void contextTableWordsAreWrittenFromTheirFields() {
        long word0 = StreamTableEntry.withV(0, 1);
        word0 = StreamTableEntry.withConfig(word0, StreamTableEntry.CONFIG_S1_TRANSLATE);
        word0 = StreamTableEntry.withS1Fmt(word0, StreamTableEntry.S1FMT_TWO_LEVEL_64K);
        word0 = StreamTableEntry.withS1ContextPtr(word0, CD_TABLE);
        word0 = StreamTableEntry.withS1cdMax(word0, 0x1f);
        long word1 = StreamTableEntry.withS1dss(0, StreamTableEntry.S1DSS_BYPASS);
        word1 = StreamTableEntry.withS1cir(word1, StreamTableEntry.S1CIR_WBWA);
        word1 = StreamTableEntry.withS1cor(word1, StreamTableEntry.S1COR_WBWA);
        word1 = StreamTableEntry.withS1csh(word1, StreamTableEntry.S1CSH_INNER_SHAREABLE);
        word1 = StreamTableEntry.withS1stalld(word1, 1);
        word1 = StreamTableEntry.withEats(word1, StreamTableEntry.EATS_FULL);
        word1 = StreamTableEntry.withShcfg(word1, StreamTableEntry.SHCFG_INCOMING);

        assertThat(word0).isEqualTo(0xf800f0f0f0f0f0ebL);
        assertThat(word1).isEqualTo(0x00001000180000d5L);
    }

    @Test
    void stageTwoEntry() {
        StreamTableEntry.Decoded entry =
                StreamTableEntry.decode(ste(0xd, 0x100010000000L, 0x0449b6c400000000L, 0x000dbeefdeadbee0L));

        assertThat(entry.config()).isEqualTo(StreamTableEntry.CONFIG_S2_TRANSLATE);
        assertThat(entry.s2t0sz()).isEqualTo(4);
        assertThat(entry.s2sl0()).isEqualTo(3);
        assertThat(entry.s2ir0()).isEqualTo(2);
        assertThat(entry.s2or0()).isEqualTo(1);
        assertThat(entry.s2sh0()).isEqualTo(3);
        assertThat(entry.s2tg()).isEqualTo(2);
        assertThat(entry.s2ps()).isEqualTo(1);
        assertThat(entry.s2aa64()).isEqualTo(1);
        assertThat(entry.s2ptw()).isEqualTo(1);
        assertThat(entry.s2s()).isZero();
        assertThat(entry.s2r()).isEqualTo(1);
        assertThat(entry.s2ttb()).isEqualTo(VTTBR);
    }

    @Test
    void stageTwoWordsAreWrittenFromTheirFields() {
        long word2 = StreamTableEntry.withS2t0sz(0, 4);
        word2 = StreamTableEntry.withS2sl0(word2, 3);
        word2 = StreamTableEntry.withS2ir0(word2, 2);
        word2 = StreamTableEntry.withS2or0(word2, 1);
        word2 = StreamTableEntry.withS2sh0(word2, 3);
        word2 = StreamTableEntry.withS2tg(word2, 2);
        word2 = StreamTableEntry.withS2ps(word2, 1);
        word2 = StreamTableEntry.withS2aa64(word2, 1);
        word2 = StreamTableEntry.withS2ptw(word2, 1);
        word2 = StreamTableEntry.withS2r(word2, 1);

        assertThat(word2).isEqualTo(0x0449b6c400000000L);
        assertThat(StreamTableEntry.withS2s(word2, 1)).isEqualTo(0x0649b6c400000000L);
        assertThat(StreamTableEntry.withS2ttb(0, VTTBR)).isEqualTo(0x000dbeefdeadbee0L);
    }

    @Test
    void nestedEntry() {
        StreamTableEntry.Decoded entry = StreamTableEntry.decode(
                ste(0xf800f0f0f0f0f0efL, 0x00001000180800d5L, 0x0449b6c400000000L, 0x000dbeefdeadbee0L));

        assertThat(entry.config()).isEqualTo(StreamTableEntry.CONFIG_NESTED);
        assertThat(entry.s1dss()).isEqualTo(StreamTableEntry.S1DSS_BYPASS);
        assertThat(entry.mev()).isEqualTo(1);
        assertThat(entry.shcfg()).isEqualTo(StreamTableEntry.SHCFG_INCOMING);
    }

    @Test
    void contextDescriptor() {
        ContextDescriptor.Decoded context =
                ContextDescriptor.decode(0x07cde201c0003684L, VTTBR, 0, 0x0abcdef012345678L, 0, 0, 0, 0);

        assertThat(context.t0sz()).isEqualTo(4);
        assertThat(context.tg0()).isEqualTo(2);
        assertThat(context.ir0()).isEqualTo(2);
        assertThat(context.or0()).isEqualTo(1);
        assertThat(context.sh0()).isEqualTo(3);
        assertThat(context.epd0()).isZero();
        assertThat(context.epd1()).isEqualTo(1);
        assertThat(context.v()).isEqualTo(1);
        assertThat(context.ips()).isEqualTo(1);
        assertThat(context.aa64()).isEqualTo(1);
        assertThat(context.s()).isZero();
        assertThat(context.r()).isEqualTo(1);
        assertThat(context.a()).isEqualTo(1);
        assertThat(context.aset()).isEqualTo(1);
        assertThat(context.asid()).isEqualTo(1997);
        assertThat(context.ttb0()).isEqualTo(VTTBR);
        assertThat(context.mair0()).isEqualTo(0x12345678);
        assertThat(context.mair1()).isEqualTo(0x0abcdef0);
        assertThat(ContextDescriptor.mair(0x0abcdef012345678L)).isEqualTo(0x0abcdef012345678L);
    }

    @Test
    void contextWordIsWrittenFromItsFields() {
        long word = ContextDescriptor.withT0sz(0, 4);
        word = ContextDescriptor.withTg0(word, 2);
        word = ContextDescriptor.withIr0(word, 2);
        word = ContextDescriptor.withOr0(word, 1);
        word = ContextDescriptor.withSh0(word, 3);
        word = ContextDescriptor.withEpd1(word, 1);
        word = ContextDescriptor.withV(word, 1);
        word = ContextDescriptor.withIps(word, 1);
        word = ContextDescriptor.withAa64(word, 1);
        word = ContextDescriptor.withR(word, 1);
        word = ContextDescriptor.withA(word, 1);
        word = ContextDescriptor.withAset(word, 1);

        assertThat(ContextDescriptor.withAsid(word, 1997)).isEqualTo(0x07cde201c0003684L);
        assertThat(ContextDescriptor.withAsid(word, 778)).isEqualTo(0x030ae201c0003684L);
    }

    private static long[] ste(long... words) {
        return java.util.Arrays.copyOf(words, StreamTableEntry.WORDS);
    }
}
