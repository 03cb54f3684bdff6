package org.sluice.smmuv3.arch;

import static java.util.stream.Collectors.toMap;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.sluice.layout.Register;

/** Register fields against a list in the compact notation of the project's reference, such as {@code TTF3:2}. */
class ManualRegistersTest {
    private static final Pattern FIELD = Pattern.compile("(.*?)\u00b7?(\\d+)(?::(\\d+))?");
    private static final Map<String, Register> REGISTERS =
            Registers.ALL.stream().collect(toMap(r -> r.layout().name(), Function.identity()));

    static List<String> registers() {
        try (BufferedReader in = new BufferedReader(new InputStreamReader(
                ManualRegistersTest.class.getResourceAsStream("manual-registers.txt"), StandardCharsets.UTF_8))) {
            return in.lines().filter(line -> !line.startsWith("#")).toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @ParameterizedTest
    @MethodSource("registers")
    void registerHasTheManualsFieldsAndNoOthers(String line) {
        String[] parts = line.split(" ", 3);
        Register register = REGISTERS.get(parts[1]);

        assertThat(register.address()).isEqualTo(Integer.decode(parts[0]));
        assertThat(register.layout().fields().stream()
                        .filter(f -> f.kind().isNamed())
                        .map(f -> "%s %d:%d".formatted(f.name(), f.msb(), f.lsb())))
                .containsExactlyInAnyOrderElementsOf(fields(parts[2]).toList());
    }

    private static Stream<String> fields(String compact) {
        return Arrays.stream(compact.split(" ")).map(token -> {
            Matcher m = FIELD.matcher(token);
            assertThat(m.matches()).as(token).isTrue();
            return "%s %s:%s".formatted(m.group(1), m.group(2), m.group(3) == null ? m.group(2) : m.group(3));
        });
    }
}
