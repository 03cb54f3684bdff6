package org.sluice.adreno.arch;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.sluice.cnf.layoutgen.GeneratedCode;

/** The checked-in sources are what the layout files make, and do what the layout files say. */
class GeneratedSourcesTest {
    private final GeneratedCode code =
            new GeneratedCode(Path.of("src/main/layout"), Path.of("src/generated/java"), "org.sluice.adreno.arch");

    @Test
    void generatedSourcesAreNotStale() throws IOException {
        assertThat(code.stale()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void everyAccessorTouchesExactlyTheBitsOfItsLayoutFile(long seed) throws IOException, ReflectiveOperationException {
        assertThat(code.wrongAccessors(getClass().getClassLoader(), seed)).isEmpty();
    }
}
