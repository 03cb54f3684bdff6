package org.sluice.layout;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;

class LayoutTest {
    private static final Layout WIDGET = new Layout(
            "WIDGET",
            128,
            "",
            List.of(),
            List.of(
                    new Field("V", 0, 0, FieldKind.FIELD, "", List.of()),
                    new Field(
                            "Mode",
                            3,
                            1,
                            FieldKind.FIELD,
                            "",
                            List.of(new EnumValue(0, "OFF", ""), new EnumValue(5, "FAST", ""))),
                    new Field("Count", 11, 4, FieldKind.NUMBER, "", List.of(new EnumValue(255, "ALL", ""))),
                    new Field("Base", 63, 12, FieldKind.ADDRESS, "", List.of()),
                    new Field("Tag", 79, 64, FieldKind.FIELD, "", List.of()),
                    new Field("Low", 71, 64, FieldKind.VIEW, "", List.of()),
                    new Field("-", 127, 80, FieldKind.RES0, "", List.of())));

    @Test
    void describeNamesWhatIsNotZero() {
        assertThat(describe(0x8000_700bL, 0x42)).isEqualTo("WIDGET V=1 Mode=FAST Base=0x80007000 Tag=0x42");
    }

    @Test
    void describeShowsAnUnknownEncodingAsReserved() {
        assertThat(describe(0x6, 0)).isEqualTo("WIDGET Mode=reserved(3)");
    }

    @Test
    void describeShowsANumberWithItsNameOrAsItIs() {
        assertThat(describe(0xff0, 0)).isEqualTo("WIDGET Count=ALL");
        assertThat(describe(0xfe0, 0)).isEqualTo("WIDGET Count=254");
    }

    @Test
    void describeShowsReservedBitsThatAreSet() {
        assertThat(describe(0, 1L << 63)).isEqualTo("WIDGET RES0[127:80]=0x800000000000");
    }

    @Test
    void describeStartsAtTheIndex() {
        assertThat(WIDGET.describe(new long[] {-1, 1, 0}, 1)).isEqualTo("WIDGET V=1");
        assertThatThrownBy(() -> WIDGET.describe(new long[] {-1, 1, 0}, 2))
                .isInstanceOf(IndexOutOfBoundsException.class);
    }

    @Test
    void valuesHasEveryNamedFieldAndItsText() {
        List<FieldValue> values = WIDGET.values(new long[] {0xb, 0x1234}, 0);

        assertThat(values)
                .extracting(v -> v.field().name() + "=" + v.text())
                .containsExactly("V=1", "Mode=FAST", "Count=0", "Base=0x0", "Tag=0x1234", "Low=52");
    }

    @Test
    void fieldIsFoundByTheManualsName() {
        assertThat(WIDGET.field("Tag")).map(Field::range).contains("79:64");
        assertThat(WIDGET.field("tag")).isEmpty();
    }

    @Test
    void maskIsOfTheWordThatHoldsTheField() {
        assertThat(WIDGET.field("Tag")).map(Field::mask).contains(0xffffL);
        assertThat(WIDGET.field("Tag")).map(Field::word).contains(1);
        assertThat(WIDGET.field("Base")).map(Field::mask).contains(0xffff_ffff_ffff_f000L);
        assertThat(new Field("All", 63, 0, FieldKind.FIELD, "", List.of()).mask())
                .isEqualTo(-1L);
    }

    @Test
    void registerOfPageOneIs64KiBUp() {
        Layout layout =
                new Layout("R", 32, "", List.of(), List.of(new Field("WR", 31, 0, FieldKind.FIELD, "", List.of())));
        Register register = new Register(layout, 1, 0xa8, Access.GUARDED, "CR0.A, CR0.B", 0, false);

        assertThat(register.address()).isEqualTo(0x100a8);
        assertThat(register.width()).isEqualTo(32);
        assertThat(register.guards()).containsExactly("CR0.A", "CR0.B");
        assertThat(register.describe(0x10)).isEqualTo("R WR=0x10");
    }

    private static String describe(long... words) {
        return WIDGET.describe(words, 0);
    }
}
