package org.sluice.smmuv3.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.reflect.Method;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Every numbered rule of the architecture has a test that names it: {@code _R31} at the end of a test method. */
class RuleCoverageTest {
    private static final int RULES = 51;
    private static final Pattern NUMBER = Pattern.compile("_R(\\d+)");

    @Test
    void everyRuleIsNamedByATest() throws IOException, URISyntaxException {
        Set<Integer> named = new TreeSet<>();
        for (Class<?> test : tests()) {
            for (Method method : test.getDeclaredMethods()) {
                Matcher matcher = NUMBER.matcher(method.getName());
                while (matcher.find()) {
                    named.add(Integer.parseInt(matcher.group(1)));
                }
            }
        }
        assertThat(named)
                .containsExactlyElementsOf(
                        IntStream.rangeClosed(1, RULES).boxed().toList());
    }

    private static Iterable<Class<?>> tests() throws IOException, URISyntaxException {
        Path folder = Path.of(RuleCoverageTest.class.getResource(".").toURI());
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString())
                    .filter(name -> name.endsWith("Test.class"))
                    .<Class<?>>map(name -> load(name.substring(0, name.length() - ".class".length())))
                    .toList();
        }
    }

    private static Class<?> load(String name) {
        try {
            return Class.forName(RuleCoverageTest.class.getPackageName() + "." + name);
        } catch (ClassNotFoundException e) {
            throw new IllegalStateException(e);
        }
    }
}
