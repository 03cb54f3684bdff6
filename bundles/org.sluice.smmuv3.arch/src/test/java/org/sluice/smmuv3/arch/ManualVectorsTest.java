package org.sluice.smmuv3.arch;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.sluice.layout.Field;
import org.sluice.layout.Layout;

/** Words packed from the manual by somebody who did not write the layout files. */
class ManualVectorsTest {
    private static final Pattern STIMULUS = Pattern.compile("(ssv|ssid|sid|ia)=(\\w+)");
    private static final Pattern EVENT = Pattern.compile("[CFE]_[A-Z_]+");

    static Stream<Map<String, String>> vectorsWithEvent() {
        return Table.rows("smmuv3-vectors.tsv").stream()
                .filter(row -> row.get("expected_event_hex_dwords").contains(" "));
    }

    @ParameterizedTest
    @MethodSource("vectorsWithEvent")
    void eventWordsAreTheExpectedEventOfTheStimulus(Map<String, String> row) {
        long[] words = words(row.get("expected_event_hex_dwords"));
        Matcher expected = EVENT.matcher(row.get("expected"));
        assertThat(expected.find()).isTrue();

        String name = EventId.name((int) EventHeader.eventID(words[0]));
        assertThat(name).isEqualTo(expected.group());
        Layout layout = EventId.layout((int) EventHeader.eventID(words[0])).orElseThrow();
        boolean sidGiven = row.get("stimulus").startsWith("sid=");
        if (!sidGiven) {
            assertThat(value(layout, "StreamID", words)).isEqualTo(0x42);
        }
        Map<String, String> fields = Map.of("ssv", "SSV", "ssid", "SubstreamID", "sid", "StreamID", "ia", "InputAddr");
        STIMULUS.matcher(row.get("stimulus")).results().forEach(given -> {
            String field = fields.get(given.group(1));
            if (layout.field(field).isPresent()) {
                assertThat(value(layout, field, words)).as(field).isEqualTo(Table.number(given.group(2)));
            }
        });
    }

    @Test
    void vectorsCoverConfigurationAndTranslationEvents() {
        assertThat(vectorsWithEvent()
                        .map(row -> EventHeader.eventID(words(row.get("expected_event_hex_dwords"))[0]))
                        .distinct())
                .contains(
                        (long) EventId.C_BAD_STREAMID,
                        (long) EventId.C_BAD_STE,
                        (long) EventId.C_BAD_SUBSTREAMID,
                        (long) EventId.F_STREAM_DISABLED,
                        (long) EventId.C_BAD_CD,
                        (long) EventId.F_TRANSLATION);
    }

    @Test
    void faultFlagsStandInTheEventsSecondWord() {
        long[] words = words(vector("S1R0_fault").get("expected_event_hex_dwords"));

        assertThat(EvtFTranslation.LAYOUT.describe(words, 0))
                .isEqualTo("F_TRANSLATION EventID=16 StreamID=0x42 Stall=1 RnW=1 CLASS=IN InputAddr=0x1000");
        assertThat(EvtFTranslation.clazz(words[1])).isEqualTo(EvtFTranslation.CLASS_IN);
    }

    /** What a vector's name and note say of its words. */
    @ParameterizedTest
    @CsvSource({
        "V0, STE, V=0 Config=5 S1ContextPtr=0x80001000",
        "cfg010, STE, V=1 Config=2",
        "cfg100, STE, Config=4 SHCFG=1",
        "cfg100_junk_s1, STE, Config=4 S1Fmt=3 S1CDMax=31 S1STALLD=1",
        "s1_vmid_tag, STE, Config=5 S2VMID=9",
        "n_ok, STE, Config=7 S2VMID=7 S2T0SZ=24 S2SL0=1 S2TG=0 S2PS=5 S2AA64=1 S2R=1 S2TTB=0x81000000",
        "cdmax_ssidsize0, STE, S1CDMax=11",
        "dss3_nossid, STE, S1CDMax=2 S1DSS=3",
        "dss2_nossid, STE, S1CDMax=2 S1DSS=2",
        "fmt1_noCD2L, STE, S1Fmt=1 S1CDMax=8",
        "fmt2_l1, STE, S1Fmt=2 S1CDMax=20 S1ContextPtr=0x80002000",
        "stalld_model1, STE, S1STALLD=1",
        "s2s_model1, STE, Config=6 S2S=1 S2R=1",
        "eats2_s1only, STE, Config=5 EATS=2",
        "eats1_s2s, STE, Config=6 EATS=1 S2S=1",
        "strw_x1, STE, STRW=1",
        "s2_t0sz_sl0_a, STE, S2T0SZ=16 S2SL0=1",
        "s2_sl0_3, STE, S2SL0=3",
        "s2_t0sz_15, STE, S2T0SZ=15",
        "s2_tg16_nogran, STE, S2TG=2",
        "s2_ttb_gt, STE, S2TTB=0x10000000000 S2PS=2",
        "s2_ha_none, STE, S2HA=1 S2HD=0",
        "s2_vmid_hi, STE, S2VMID=0x100",
        "aa32_ttf2, CD, AA64=0 V=1",
        "S0_model2, CD, S=0 R=1 A=1",
        "A0_term0, CD, A=0 R=1",
        "hd_httu1, CD, HD=1 HA=1",
        "asid_hi, CD, ASID=0x100",
        "t0sz_40, CD, T0SZ=40",
        "tg0_res, CD, TG0=3 T0SZ=16",
        "tg1_res, CD, TG1=0 T1SZ=16 EPD1=0",
        "epd1_hit, CD, EPD0=0 EPD1=1 TTB0=0x82000000",
        "tbi0, CD, TBI0=1 TBI1=0",
        "tbi1_only, CD, TBI0=0 TBI1=1",
        "endi_bothepd, CD, ENDI=1 EPD0=1 EPD1=1",
        "ips7, CD, IPS=7",
        "S1R0_fault, CD, S=1 R=0 A=1 EPD0=1",
        "span4_idx7, L1STD, Span=4 L2Ptr=0x90000000",
        "span12, L1STD, Span=12",
        "rng_1, CMD, Opcode=0x12 ASID=5 VMID=2 NUM=0 SCALE=0 Leaf=1 TTL=3 TG=1 Addr=0x1000",
        "rng_s9, CMD, NUM=1 SCALE=9 Leaf=1 TG=1 TTL=0 Addr=0x200000",
        "rng_16k, CMD, NUM=0 SCALE=2 TG=2 Leaf=1 Addr=0x10000",
        "tg1_allzero, CMD, TG=1 NUM=0 SCALE=0 TTL=0",
        "cfgi_rng, CMD, Opcode=4 StreamID=0x42 Range=2",
        "cfgi_cd_noS1, CMD, Opcode=5 StreamID=0x42",
        "s2ipa_noS2, CMD, Opcode=0x2a VMID=1",
        "resume_m1, CMD, Opcode=0x44 StreamID=0x42",
        "sync_cs3, CMD, Opcode=0x46 CS=3",
        "sync_msi, CMD, CS=1 MSIData=0x55 MSIAddress=0x80008000"
    })
    void inputWordsHoldWhatTheVectorIsAbout(String id, String kind, String fields) {
        Map<String, String> row = vector(id, kind);
        long[] words = words(row.get("input_hex_dwords_low_first"));
        Layout layout = switch (kind) {
            case "STE" -> StreamTableEntry.LAYOUT;
            case "CD" -> ContextDescriptor.LAYOUT;
            case "L1STD" -> L1StreamTableDescriptor.LAYOUT;
            default -> Opcode.layout((int) CommandHeader.opcode(words[0])).orElseThrow();
        };
        for (String field : fields.split(" ")) {
            String[] pair = field.split("=");
            assertThat(value(layout, pair[0], words)).as(pair[0]).isEqualTo(Table.number(pair[1]));
        }
    }

    private static Map<String, String> vector(String id) {
        return vector(id, "CD");
    }

    private static Map<String, String> vector(String id, String kind) {
        return Table.rows("smmuv3-vectors.tsv").stream()
                .filter(row -> row.get("id").equals(id) && row.get("kind").equals(kind))
                .findFirst()
                .orElseThrow();
    }

    private static long[] words(String hex) {
        return Arrays.stream(hex.split(" "))
                .mapToLong(word -> Long.parseUnsignedLong(word, 16))
                .toArray();
    }

    private static long value(Layout layout, String name, long[] words) {
        Field field = layout.field(name).orElseThrow();
        return field.value(words[field.word()]);
    }
}
