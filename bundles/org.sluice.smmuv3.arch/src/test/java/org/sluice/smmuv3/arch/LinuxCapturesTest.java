package org.sluice.smmuv3.arch;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.sluice.layout.Field;
import org.sluice.layout.Layout;

/** Words that Linux wrote and QEMU's SMMUv3 read, against the columns of a walker that is not ours. */
class LinuxCapturesTest {
    private static final List<String> NOT_FIELDS = List.of("sid", "bdf", "ssid", "ste_pa", "cd_pa", "ConfigName");

    static Stream<Map<String, String>> streamTableEntries() {
        return Table.rows("linux-ste.csv").stream();
    }

    static Stream<Map<String, String>> contextDescriptors() {
        return Table.rows("linux-cd.csv").stream();
    }

    static Stream<Map<String, String>> commands() {
        return Table.rows("linux-commands.csv").stream();
    }

    static Stream<Map<String, String>> events() {
        return Table.rows("linux-events.csv").stream();
    }

    @ParameterizedTest
    @MethodSource("streamTableEntries")
    void streamTableEntryHasTheColumns(Map<String, String> row) {
        assertColumns(StreamTableEntry.LAYOUT, row, Map.of());
    }

    @ParameterizedTest
    @MethodSource("contextDescriptors")
    void contextDescriptorHasTheColumns(Map<String, String> row) {
        assertColumns(ContextDescriptor.LAYOUT, row, Map.of("TBI", "TBI0", "HAD0", "HAD0_DisCH0"));
    }

    @ParameterizedTest
    @MethodSource("commands")
    void commandHasTheColumns(Map<String, String> row) {
        long[] words = Table.words(row);
        Layout layout = Opcode.layout((int) CommandHeader.opcode(words[0])).orElseThrow();

        assertThat(CommandHeader.opcode(words[0])).isEqualTo(Table.number(row.get("opcode")));
        assertThat(layout.name()).startsWith(row.get("name").replace("/ALL", ""));
        Map<String, String> columns = Map.of(
                "sid",
                "StreamID",
                "ssid",
                "SubstreamID",
                "asid",
                "ASID",
                "vmid",
                "VMID",
                "address",
                "Addr",
                "leaf",
                "Leaf",
                "tg",
                "TG",
                "ttl",
                "TTL",
                "num",
                "NUM",
                "scale",
                "SCALE");
        assertPresentColumns(layout, row, columns);
    }

    @ParameterizedTest
    @MethodSource("events")
    void eventHasTheColumns(Map<String, String> row) {
        long[] words = Table.words(row);
        Layout layout = EventId.layout((int) EventHeader.eventID(words[0])).orElseThrow();

        assertThat(EventHeader.eventID(words[0])).isEqualTo(Table.number(row.get("type")));
        assertThat(EventId.name((int) EventHeader.eventID(words[0]))).isEqualTo(row.get("name"));
        assertThat(EventHeader.streamID(words[0])).isEqualTo(Table.number(row.get("sid")));
        Map<String, String> columns = new LinkedHashMap<>();
        List.of("RnW", "InD", "PnU", "S2", "CLASS").forEach(name -> columns.put(name, name));
        columns.putAll(
                Map.of("ssv", "SSV", "ssid", "SubstreamID", "stall", "Stall", "input_addr", "InputAddr", "ipa", "IPA"));
        assertPresentColumns(layout, row, columns);
    }

    @Test
    void capturesHoldEveryKindOfRow() {
        assertThat(streamTableEntries().map(row -> row.get("ConfigName"))).contains("stage1", "bypass");
        assertThat(contextDescriptors()).hasSize(5);
        assertThat(commands().map(row -> row.get("name")).distinct()).hasSizeGreaterThan(5);
        assertThat(events().map(row -> row.get("name")).distinct()).contains("F_TRANSLATION", "F_PERMISSION");
    }

    private static void assertColumns(Layout layout, Map<String, String> row, Map<String, String> renamed) {
        long[] words = Table.words(row);
        row.forEach((column, text) -> {
            if (!NOT_FIELDS.contains(column) && !column.matches("q\\d")) {
                assertThat(value(layout, renamed.getOrDefault(column, column), words))
                        .as(column)
                        .isEqualTo(Table.number(text));
            }
        });
    }

    /** Columns that the row fills and the structure has; a column of another command or event is empty or 0. */
    private static void assertPresentColumns(Layout layout, Map<String, String> row, Map<String, String> columns) {
        long[] words = Table.words(row);
        columns.forEach((column, field) -> {
            if (!row.get(column).isEmpty() && layout.field(field).isPresent()) {
                assertThat(value(layout, field, words)).as(column).isEqualTo(Table.number(row.get(column)));
            }
        });
    }

    private static long value(Layout layout, String name, long[] words) {
        Field field = layout.field(name).orElseThrow();
        return field.value(words[field.word()]);
    }
}
