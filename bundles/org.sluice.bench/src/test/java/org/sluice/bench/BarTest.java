package org.sluice.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What the comparison would find out only after minutes. */
class BarTest {
    private static final List<Bar> BARS = Bar.ALL;

    @Test
    void everyBarNamesABenchmarkWithItsOperations() throws ReflectiveOperationException {
        for (Bar bar : BARS) {
            assertThat(Comparison.operations(bar.benchmark())).as(bar.what()).isGreaterThan(1);
        }
    }

    @Test
    void everyBenchmarkOfABarIsKnownToJmh() throws IOException {
        String known;
        try (InputStream list = BarTest.class.getResourceAsStream("/META-INF/BenchmarkList")) {
            known = new String(list.readAllBytes(), StandardCharsets.UTF_8);
        }
        for (Bar bar : BARS) {
            String[] names = bar.benchmark().split("\\.");
            assertThat(known.lines())
                    .as(bar.what())
                    .anyMatch(line -> line.contains("." + names[0] + " ") && line.contains("_" + names[1] + "_"));
        }
    }

    @Test
    void everyPeerIsACaseOfTheCProgramOrAnotherBar() throws IOException {
        String program = Files.readString(Path.of("peer/tables.c"))
                + Files.readString(Path.of("peer/tlb.c"))
                + Files.readString(Path.of("peer/iovas.c"));
        for (Bar bar : BARS) {
            if (bar.isAgainstC()) {
                assertThat(program).contains("{ \"" + bar.peer() + "\", ");
            } else {
                assertThat(BARS).extracting(Bar::benchmark).contains(bar.peer());
            }
        }
    }

    @Test
    void everyGoalIsAboveItsBar() {
        assertThat(BARS).allSatisfy(bar -> assertThat(bar.goal()).isGreaterThan(bar.atLeast()));
    }
}
