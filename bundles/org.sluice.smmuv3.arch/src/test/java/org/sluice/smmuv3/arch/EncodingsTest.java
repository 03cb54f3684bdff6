package org.sluice.smmuv3.arch;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.sluice.layout.EnumValue;
import org.sluice.layout.Layout;

/** Codes as the manual and Linux give them. */
class EncodingsTest {
    @ParameterizedTest
    @CsvSource({
        "Config, 0:ABORT 4:BYPASS 5:S1_TRANSLATE 6:S2_TRANSLATE 7:NESTED",
        "S1Fmt, 0:LINEAR 1:TWO_LEVEL_4K 2:TWO_LEVEL_64K",
        "S1DSS, 0:TERMINATE 1:BYPASS 2:SSID0",
        "EATS, 0:DISABLED 1:FULL 2:SPLIT_STAGE",
        "STRW, 0:NS_EL1 2:EL2",
        "S2TG, 0:4K 1:64K 2:16K",
        "S2PS, 0:32BIT 1:36BIT 2:40BIT 3:42BIT 4:44BIT 5:48BIT 6:52BIT"
    })
    void streamTableEntry(String field, String codes) {
        assertThat(codes(StreamTableEntry.LAYOUT, field)).isEqualTo(codes);
    }

    @ParameterizedTest
    @CsvSource({
        "TG0, 0:4K 1:64K 2:16K",
        "TG1, 1:16K 2:4K 3:64K",
        "IPS, 0:32BIT 1:36BIT 2:40BIT 3:42BIT 4:44BIT 5:48BIT 6:52BIT"
    })
    void contextDescriptor(String field, String codes) {
        assertThat(codes(ContextDescriptor.LAYOUT, field)).isEqualTo(codes);
    }

    @ParameterizedTest
    @CsvSource({
        "0x46, CS, 0:NONE 1:IRQ 2:SEV",
        "0x44, Resp, 0:TERMINATE 1:RETRY 2:ABORT",
        "0x41, Resp, 0:FAILURE 1:INVALID_REQUEST 2:SUCCESS",
        "0x40, Size, 52:ALL",
        "0x04, Range, 31:ALL",
        "0x12, TG, 0:NONE 1:4K 2:16K 3:64K"
    })
    void command(String opcode, String field, String codes) {
        Layout layout = Opcode.layout(Integer.decode(opcode)).orElseThrow();

        assertThat(codes(layout, field)).isEqualTo(codes);
    }

    @Test
    void everyFaultClassIsNamedAlike() {
        for (int id : new int[] {0x0b, 0x10, 0x11, 0x12, 0x13}) {
            assertThat(codes(EventId.layout(id).orElseThrow(), "CLASS")).isEqualTo("0:CD 1:TT 2:IN");
        }
    }

    @Test
    void reasonsOfACommandError() {
        assertThat(codes(CmdqCons.LAYOUT, "ERR")).isEqualTo("0:NONE 1:ILL 2:ABT 3:ATC_INV_SYNC");
        assertThat(Cerror.name(CmdqCons.ERR_ABT)).isEqualTo("ABT");
    }

    @Test
    void unknownCodesDecodeAsReserved() {
        long[] words = new long[StreamTableEntry.WORDS];
        words[0] = StreamTableEntry.withConfig(0, 3);
        words[2] = StreamTableEntry.withS2ps(0, 7);

        assertThat(StreamTableEntry.LAYOUT.describe(words, 0)).isEqualTo("STE Config=reserved(3) S2PS=reserved(7)");
        assertThat(StreamTableEntry.decode(words).config()).isEqualTo(3);
    }

    private static String codes(Layout layout, String field) {
        StringBuilder codes = new StringBuilder();
        for (EnumValue value : layout.field(field).orElseThrow().values()) {
            codes.append(codes.isEmpty() ? "" : " ")
                    .append(value.value())
                    .append(':')
                    .append(value.name());
        }
        return codes.toString();
    }
}
