package org.sluice.trace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.sluice.api.IommuException;

class ReplayReportTest {
    @Test
    void mapHasTheKeysThatMachinesRead() {
        StreamReport stream = new StreamReport("c", "0000:00:02.0", 0x10, "translated", 5, 2, 20480, 3, 3, 9, 1);
        SwapReport swap = new SwapReport("c", "bundle", "1.0.0", "1.0.1", 84, 2, 77);
        ReplayReport report = new ReplayReport(
                List.of("c"),
                new TreeMap<>(Map.of("map", 5L)),
                5,
                2,
                20480,
                new TreeMap<>(Map.of(4096L, 3L)),
                3,
                3,
                8192,
                new TreeMap<>(Map.of("CMD_SYNC", 4L, "CMD_TLBI_NH_VA", 2L)),
                6,
                new TreeMap<>(Map.of("F_TRANSLATION", 1L)),
                new TreeMap<>(Map.of("repaired", 2L)),
                9,
                1,
                List.of(new Mismatch("c", "read", 0x10, -1, 0x1000, "abort", "data")),
                1,
                List.of(new Ambiguity("c", 1, "why", 7)),
                1,
                List.of(new MalformedLine("t.txt", 3, "broken")),
                List.of(stream),
                List.of(),
                List.of(swap),
                List.of("DMA mapping"),
                List.of("note"),
                List.of("PASIDs"));
        Map<String, Object> map = report.toMap();
        assertThat(map)
                .containsEntry("passed", false)
                .containsEntry("unsupported", List.of("PASIDs"))
                .containsEntry("shown", List.of("DMA mapping"))
                .containsEntry("maps", 5L)
                .containsEntry("unmaps", 2L)
                .containsEntry("mappedPages", 3L)
                .containsEntry("liveMappings", 3L)
                .containsEntry("dmaChecked", 9L)
                .containsEntry("mismatches", 1L)
                .containsEntry("ambiguousEvents", 1L)
                .containsEntry("malformedLines", 1L)
                .containsEntry("malformedDetails", List.of("t.txt:3: broken"))
                .containsEntry("commands", 6L)
                .containsEntry("tableBytes", 8192L)
                .containsEntry("pageFaults", Map.of("repaired", 2L))
                .containsEntry("pageSizes", Map.of("0x1000", 3L))
                .containsKeys("pasids", "events", "notes");
        assertThat(map.get("streams"))
                .asString()
                .contains("0x10={", "maps=5", "unmaps=2", "mappedPages=3", "liveMappings=3");
        assertThat(map.get("swaps"))
                .asString()
                .contains("bundle=bundle", "oldVersion=1.0.0", "newVersion=1.0.1", "pauseMicros=84")
                .contains("callsParked=2", "dmaDuringSwap=77");
    }

    @Test
    void wrongRequestsAreNamed() {
        assertThatThrownBy(() -> ReplayRequest.of(List.of()))
                .isInstanceOf(IommuException.class)
                .hasMessageContaining("captures is empty");
        assertThatThrownBy(() -> new ReplayRequest(List.of(Path.of("x")), Injection.NONE, false, false, 1))
                .isInstanceOf(IommuException.class)
                .hasMessageContaining("pasids is 1");
        assertThatThrownBy(() -> Injection.of("gremlins"))
                .isInstanceOf(IommuException.class)
                .hasMessageContaining("gremlins")
                .hasMessageContaining("skip-tlbi");
    }
}
