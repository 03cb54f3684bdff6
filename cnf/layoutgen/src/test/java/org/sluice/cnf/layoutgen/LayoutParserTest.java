package org.sluice.cnf.layoutgen;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LayoutParserTest {
    @Test
    void fieldHasBitsNameKindTextAndValues() {
        FieldLine mode = Layouts.widget().fields().get(1);

        assertThat(mode.range()).isEqualTo("3:1");
        assertThat(mode.name()).isEqualTo("Mode");
        assertThat(mode.kind()).isEqualTo(FieldKind.FIELD);
        assertThat(mode.about()).isEqualTo("how it goes");
        assertThat(mode.values())
                .containsExactly(new NamedValue(0, "OFF", ""), new NamedValue(5, "FAST", "as fast as it can"));
    }

    @Test
    void positionsAreOfTheStructureAndMasksOfTheWord() {
        FieldLine field = Layouts.parse("structure S\n130:129 X field").fields().get(0);

        assertThat(field.word()).isEqualTo(2);
        assertThat(field.lsbInWord()).isEqualTo(1);
        assertThat(field.msbInWord()).isEqualTo(2);
        assertThat(field.mask()).isEqualTo(6);
    }

    @Test
    void commentsAndEmptyLinesSayNothing() {
        assertThat(Layouts.parse("# 5 X field\n\nstructure S\n  # = 3 Y\n").fields())
                .isEmpty();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "1:5 X field            | X 1:5 has its bounds swapped",
                "64:63 X field          | X 64:63 crosses a 64-bit word",
                "5 X gadget             | unknown kind of field: gadget",
                "5 X                    | a field is \"msb:lsb name kind [text]\", not: 5 X",
                "5 - field              | field needs a name",
                "5 X RES0               | RES0 needs \"-\" for its name",
                "= 3 Y                  | value Y before any field",
                "= three Y              | three is no number",
                "= 3                    | a value is \"= number NAME [text]\", not: = 3",
                "colour red             | unknown directive: colour",
                "class                  | directive without a value: class",
                "event Y                | a second event in one file"
            })
    void unreadableLineIsNamedWithItsNumber(String line, String problem) {
        assertThatThrownBy(() -> Layouts.parse("structure S\n" + line))
                .isInstanceOf(LayoutException.class)
                .hasMessage("widget.layout:2: " + problem);
    }

    @Test
    void directiveMayComeOnceUnlessItIsASource() {
        assertThat(Layouts.parse("structure S\nsource a\nsource b").all("source"))
                .containsExactly("a", "b");
        assertThatThrownBy(() -> Layouts.parse("structure S\nclass A\nclass B"))
                .hasMessage("widget.layout:3: a second class");
    }

    @Test
    void fileWithoutAKindIsRefused() {
        assertThatThrownBy(() -> Layouts.parse("class A"))
                .hasMessage("widget.layout: says neither structure, command, event, register nor encoding");
    }

    @Test
    void numberThatIsNoneIsNamed() {
        LayoutFile file = Layouts.parse("structure S\nbits many");

        assertThatThrownBy(file::bits).hasMessage("widget.layout: bits is \"many\", which is no number");
    }
}
