package org.sluice.smmuv3.arch;

import static java.util.stream.Collectors.groupingBy;
import static java.util.stream.Collectors.mapping;
import static java.util.stream.Collectors.toList;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.sluice.layout.FieldKind;
import org.sluice.layout.Layout;

/** Positions against a table that was made from the manual without these layout files. */
class ManualPositionsTest {
    @Test
    void everyRowOfTheTableIsAFieldAndEveryFieldIsARow() {
        Map<String, List<String>> table = Table.rows("smmuv3-layout.tsv").stream()
                .collect(groupingBy(
                        row -> row.get("structure") + " " + row.get("bits"),
                        TreeMap::new,
                        mapping(
                                row -> "%s %s:%s".formatted(row.get("field"), row.get("msb"), row.get("lsb")),
                                toList())));

        assertThat(table).hasSize(58);
        assertThat(table.values().stream().mapToInt(List::size).sum()).isEqualTo(484);
        assertThat(structures()).isEqualTo(table);
    }

    @Test
    void numbersOfCommandsAndEventsAreTheirStructures() {
        assertThat(CmdCfgiSteRange.OPCODE_VALUE).isEqualTo(0x04).isEqualTo(Opcode.CFGI_STE_RANGE_CFGI_ALL);
        assertThat(CmdSync.OPCODE_VALUE).isEqualTo(0x46).isEqualTo(Opcode.SYNC);
        assertThat(EvtCBadCd.EVENT_ID).isEqualTo(0x0a).isEqualTo(EventId.C_BAD_CD);
        assertThat(Opcode.name(0x12)).isEqualTo("TLBI_NH_VA");
        assertThat(Opcode.name(0x7f)).isEqualTo("reserved(0x7f)");
        assertThat(EventId.name(0x10)).isEqualTo("F_TRANSLATION");
        assertThat(EventId.name(0xff)).isEqualTo("reserved(0xff)");
        assertThat(Cerror.name(Cerror.ATC_INV_SYNC)).isEqualTo("ATC_INV_SYNC");
        assertThat(Cerror.name(9)).isEqualTo("reserved(0x9)");
        assertThat(Opcode.layout(0x7f)).isEmpty();
        assertThat(EventId.layout(0xff)).isEmpty();
    }

    private static Map<String, List<String>> structures() {
        Map<String, Layout> layouts = new LinkedHashMap<>();
        for (Layout layout : List.of(
                StreamTableEntry.LAYOUT,
                ContextDescriptor.LAYOUT,
                L1StreamTableDescriptor.LAYOUT,
                L1ContextDescriptor.LAYOUT,
                PageRequest.LAYOUT)) {
            layouts.put(layout.name(), layout);
        }
        IntStream.range(0, 0x100).forEach(n -> {
            Opcode.layout(n).ifPresent(layout -> layouts.put("CMD%02X_%s".formatted(n, layout.name()), layout));
            EventId.layout(n).ifPresent(layout -> layouts.put("EVT%02X_%s".formatted(n, layout.name()), layout));
        });
        Map<String, List<String>> structures = new TreeMap<>();
        layouts.forEach((name, layout) -> structures.put(
                name + " " + layout.bits(),
                layout.fields().stream()
                        .filter(f -> f.kind().isNamed() && f.kind() != FieldKind.VIEW)
                        .map(f -> "%s %d:%d".formatted(f.name(), f.msb(), f.lsb()))
                        .toList()));
        return structures;
    }
}
