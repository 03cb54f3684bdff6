package org.sluice.cnf.layoutgen;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.sluice.cnf.layoutgen.Layouts.parse;
import static org.sluice.cnf.layoutgen.Layouts.problems;

import java.util.List;
import org.junit.jupiter.api.Test;

class LayoutChecksTest {
    @Test
    void soundLayoutHasNoProblem() {
        assertThat(LayoutChecks.problems(Layouts.widget())).isEmpty();
    }

    @Test
    void unclaimedBitIsNamed() {
        assertThat(problems("11:4      -", "11:5      -"))
                .containsExactly("widget.layout: WIDGET bit 4 is claimed by no field");
    }

    @Test
    void unclaimedBitsAtTheEndAreNamed() {
        assertThat(problems("63:12", "61:12"))
                .containsExactly(
                        "widget.layout: WIDGET bit 62 is claimed by no field",
                        "widget.layout: WIDGET bit 63 is claimed by no field");
    }

    @Test
    void bitClaimedTwiceIsNamedWithBothOwners() {
        assertThat(problems("3:1       Mode", "4:1       Mode"))
                .containsExactly("widget.layout: WIDGET bit 4 is claimed by Mode and by RES0 11:4");
    }

    @Test
    void problemsStopTheGeneratorBeforeItMakesAnything() {
        List<LayoutFile> broken = List.of(Layouts.widgetWith("11:4      -", "11:5      -"));

        assertThatThrownBy(() -> new Generator("a.b").generate(broken))
                .isInstanceOf(LayoutException.class)
                .hasMessage("widget.layout: WIDGET bit 4 is claimed by no field");
    }

    @Test
    void fieldBeyondTheStructureIsNamed() {
        assertThat(problems("bits      64", "bits      32"))
                .startsWith("widget.layout: WIDGET Base 63:12 lies beyond its 32 bits");
    }

    @Test
    void sizeIsARegistersOrWholeWords() {
        assertThat(problems("bits      64", "bits      48"))
                .containsExactly("widget.layout: WIDGET has 48 bits, neither 32 nor a multiple of 64");
    }

    @Test
    void valueThatDoesNotFitItsFieldIsNamed() {
        assertThat(problems("= 5 FAST", "= 8 FAST"))
                .containsExactly("widget.layout: WIDGET Mode value FAST is 0x8, its maximum is 0x7");
    }

    @Test
    void valueNamedTwiceIsNamed() {
        assertThat(problems("= 5 FAST", "= 0 FAST"))
                .containsExactly("widget.layout: WIDGET Mode names a value twice: 0x0 FAST");
    }

    @Test
    void viewMayNotReadReservedBits() {
        assertThat(problems("63:12     Base", "4:3       Peek      view\n63:12     Base"))
                .containsExactly("widget.layout: WIDGET view Peek reads bits 11:4, which are RES0");
    }

    @Test
    void fieldsAscend() {
        LayoutFile swapped = parse("structure S\nclass S\nbits 32\nsource a test\n31:1 B field\n0 A field\n");

        assertThat(LayoutChecks.problems(swapped))
                .containsExactly("widget.layout: S A 0 stands below a field of higher bits");
    }

    @Test
    void viewClaimsNothing() {
        assertThat(problems("63:12     Base", "3:0       Both      view\n63:12     Base"))
                .isEmpty();
    }

    @Test
    void twoFieldsWithOneJavaNameAreNamed() {
        assertThat(problems("0         V  ", "0         MODE"))
                .contains("widget.layout: WIDGET two fields would be mode in Java");
    }

    @Test
    void fieldWithoutAJavaNameIsNamed() {
        assertThat(problems("Mode ", "Long "))
                .containsExactly("widget.layout: WIDGET Long would be long in Java, which is no name there");
    }

    @Test
    void missingDirectiveIsNamed() {
        assertThat(problems("source    a test", "")).containsExactly("widget.layout: WIDGET has no \"source\"");
        assertThat(problems("structure WIDGET", "command   WIDGET"))
                .containsExactly("widget.layout: WIDGET has no \"opcode\"");
    }

    @Test
    void commandStartsWithItsOpcode() {
        assertThat(problems("structure WIDGET", "command   WIDGET\nopcode 0x7e"))
                .containsExactly("widget.layout: WIDGET has no Opcode in bits 7:0");
    }

    @Test
    void guardedRegisterNeedsItsGuard() {
        assertThat(problems("structure WIDGET", "register  WIDGET\noffset 0\npage 0\naccess guarded\nreset unknown"))
                .containsExactly("widget.layout: WIDGET needs a guard if and only if its access is guarded");
    }

    @Test
    void unknownAccessIsNamed() {
        assertThat(problems("structure WIDGET", "register  WIDGET\noffset 0\npage 0\naccess W1C\nreset unknown"))
                .containsExactly(
                        "widget.layout: WIDGET has the access W1C, which is none of [RO, WO, RW, guarded, update]");
    }

    @Test
    void guardMustBeAFieldOfARegister() {
        LayoutFile register = Layouts.widgetWith(
                "structure WIDGET",
                "register  WIDGET\noffset 0\npage 0\naccess guarded\nguard WIDGET.V, CR0.SMMUEN\nreset unknown");

        assertThat(LayoutSetChecks.problems(List.of(register)))
                .containsExactly("widget.layout: WIDGET has the guard CR0.SMMUEN, which no register has");
    }

    @Test
    void twoFilesMayNotShareAClassOrAnOpcode() {
        LayoutFile one = parse("command ONE\nclass One\nopcode 0x7e\n");
        LayoutFile two = parse("command TWO\nclass Two\nopcode 126\n");
        LayoutFile three = parse("structure THREE\nclass One\n");

        assertThat(LayoutSetChecks.problems(List.of(one, two, three)))
                .containsExactly(
                        "widget.layout and widget.layout both have opcode 0x7e",
                        "widget.layout and widget.layout both have class One");
    }
}
