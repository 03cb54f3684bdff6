package org.sluice.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Each format that is measured can do what the cases ask of it. */
class FormatsTest {
    static Stream<String> formats() {
        return Stream.concat(Stream.of(Formats.MEASURED), Formats.ALONE.stream());
    }

    @ParameterizedTest
    @MethodSource("formats")
    void sweepMapsAndUnmapsEveryPage(String format) {
        TableState state = new TableState();
        state.host = BenchHost.resident();
        state.table = Formats.measured(format, state.host);
        state.mapAll(Sweep.RANGE, TableState.SIZE_4K, 512);
        assertThat(state.table.iovaToPhys(Sweep.RANGE - 1)).isEqualTo(TableState.PADDR + Sweep.RANGE - 1);
        state.expectAll(Sweep.RANGE, state.unmapAll(Sweep.RANGE, TableState.SIZE_4K, 1));
        state.close();
        assertThat(state.host.tableBytes()).as("tables that stay").isZero();
    }

    @ParameterizedTest
    @MethodSource("formats")
    void tablesOfAGibibyteAreALeafTableForEach2MAndLittleMore(String format) {
        long leafTables = 1024 * 4096 / 2;
        assertThat(FormatRows.bytes(format, 1024)).isBetween(leafTables / 2, leafTables + (1 << 17));
    }
}
