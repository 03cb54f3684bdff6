package org.sluice.core;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** The table of requirements in docs/private-pasid.md names a test for each, and those tests are there. */
class RequirementsTableTest {
    private static final Path ROOT = Path.of("").toAbsolutePath().getParent().getParent();
    private static final Pattern ROW = Pattern.compile("\\| (\\d+) \\|.*\\| (`.*`) \\|");
    private static final Pattern NAME = Pattern.compile("`(\\w+)\\.(\\w+)`");

    @Test
    void everyRequirementHasATestThatExistsAndEndsInItsNumber() throws IOException {
        Set<Integer> seen = new TreeSet<>();
        List<String> missing = new ArrayList<>();
        for (String line : Files.readAllLines(ROOT.resolve("docs/private-pasid.md"))) {
            Matcher row = ROW.matcher(line);
            if (row.matches()) {
                int number = Integer.parseInt(row.group(1));
                assertThat(seen.add(number)).as("%d is there twice", number).isTrue();
                Matcher name = NAME.matcher(row.group(2));
                while (name.find()) {
                    assertThat((name.group(2) + "_").contains("_R" + number + "_"))
                            .as("%s names R%d", name.group(2), number)
                            .isTrue();
                    if (!isTest(name.group(1), name.group(2))) {
                        missing.add(name.group());
                    }
                }
            }
        }
        assertThat(missing).isEmpty();
        assertThat(seen)
                .containsExactlyElementsOf(IntStream.rangeClosed(1, 37).boxed().collect(Collectors.toList()));
    }

    private static boolean isTest(String type, String method) throws IOException {
        try (var modules = Files.list(ROOT.resolve("bundles"))) {
            return modules.map(module -> module.resolve("src/test/java"))
                    .filter(Files::isDirectory)
                    .anyMatch(tests -> contains(tests, type, method));
        }
    }

    private static boolean contains(Path tests, String type, String method) {
        try (var files = Files.walk(tests)) {
            for (Path file : files.filter(each -> each.endsWith(type + ".java")).toList()) {
                if (Files.readString(file).contains("@Test\n    void " + method + "()")) {
                    return true;
                }
            }
            return false;
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }
}
