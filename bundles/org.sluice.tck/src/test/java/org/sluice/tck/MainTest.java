package org.sluice.tck;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The command, against bundles as an author would have them. */
class MainTest {
    private static final String TEMPLATE =
            "<scr:component xmlns:scr=\"http://www.osgi.org/xmlns/scr/v1.3.0\" name=\"x\">"
                    + "<property name=\"sluice.pgtable.format\" value=\"%s\"/>"
                    + "<service><provide interface=\"%s\"/></service><implementation class=\"%s\"/></scr:component>";

    /** What there is to say of the toy. */
    private static final String TOY =
            "TOY.config.1 = 0x201000, 30, 40\nTOY.dirty-sets = 0x400000000000000\nTOY.splits = true";

    private final ByteArrayOutputStream printed = new ByteArrayOutputStream();

    @TempDir
    Path folder;

    @Test
    void soundFormatOfABundlePassesWithExitCode0() throws IOException {
        Path bundle = bundle("TOY", "org.sluice.spi.pgtable.PageTableFormat", SoundFormat.class);
        assertThat(run(bundle.toString(), declaration(TOY))).isZero();
        assertThat(printed()).contains("TOY: 1 configurations, ").contains(" 0 failed");
    }

    @Test
    void unsoundFormatFailsWithExitCode1AndNamesTheRule() throws IOException {
        Path bundle = bundle("TOY", "org.sluice.spi.pgtable.PageTableFormat", LeakingFormat.class);
        assertThat(run(bundle.toString(), declaration(TOY))).isEqualTo(1);
        assertThat(printed()).contains("FAILED everyTableGoesBackWithTheSpace");
    }

    @Test
    void abilityThatIsNotDeclaredFails() throws IOException {
        Path bundle = bundle("TOY", "org.sluice.spi.pgtable.PageTableFormat", SoundFormat.class);
        for (String line : TOY.substring(TOY.indexOf('\n') + 1).split("\n")) {
            printed.reset();
            assertThat(run(bundle.toString(), declaration(TOY.replace(line, ""))))
                    .isEqualTo(1);
            assertThat(printed())
                    .contains("FAILED tableHasTheAbilitiesThatAreDeclared")
                    .contains(" 1 failed");
        }
    }

    @Test
    void componentWhosePropertyIsNotTheNameFails() throws IOException {
        Path bundle = bundle("OTHER", "org.sluice.spi.pgtable.PageTableFormat", SoundFormat.class);
        assertThat(run(bundle.toString(), declaration(TOY))).isEqualTo(1);
        assertThat(printed()).contains("\"OTHER\"").contains("\"TOY\"");
    }

    @Test
    void bundleWithoutAFormatOrWithoutItsClassOrUnreadableIsExitCode2() throws IOException {
        assertThat(run(bundle("TOY", "java.lang.Runnable", SoundFormat.class).toString()))
                .isEqualTo(2);
        assertThat(printed()).contains("no component");
        assertThat(run(folder.resolve("absent.jar").toString())).isEqualTo(2);
        assertThat(printed()).contains("absent.jar");
        assertThat(run()).isEqualTo(2);
        assertThat(printed()).contains("usage");
    }

    @Test
    void declarationThatCannotBeIsExitCode2AndNamesKeyAndValue() throws IOException {
        Path bundle = bundle("TOY", "org.sluice.spi.pgtable.PageTableFormat", SoundFormat.class);
        for (String wrong : new String[] {
            "unmap-rule = MAYBE", "config.1 = 4096", "descriptor-bytes = 5", "table-spans = x", "dirty-sets = y"
        }) {
            printed.reset();
            assertThat(run(bundle.toString(), declaration("TOY." + wrong))).isEqualTo(2);
            assertThat(printed())
                    .contains("TOY." + wrong.split(" = ")[0])
                    .contains("\"" + wrong.split(" = ")[1] + "\"");
        }
    }

    private int run(String... arguments) {
        return new Main(new PrintStream(printed, true, StandardCharsets.UTF_8)).run(arguments);
    }

    private String printed() {
        return printed.toString(StandardCharsets.UTF_8);
    }

    private String declaration(String text) throws IOException {
        return Files.writeString(folder.resolve("declaration.properties"), text).toString();
    }

    private Path bundle(String name, String service, Class<?> implementation) throws IOException {
        Path jar = folder.resolve("bundle.jar");
        try (JarOutputStream content = new JarOutputStream(Files.newOutputStream(jar))) {
            content.putNextEntry(new JarEntry("OSGI-INF/format.xml"));
            content.write(String.format(TEMPLATE, name, service, implementation.getName())
                    .getBytes(StandardCharsets.UTF_8));
            content.closeEntry();
        }
        return jar;
    }

    /** As a component runtime makes it. */
    public static final class SoundFormat extends ToyFormat {
        /** Made by its name. */
        public SoundFormat() {
            super(Defect.NONE);
        }
    }

    /** The same with a mistake. */
    public static final class LeakingFormat extends ToyFormat {
        /** Made by its name. */
        public LeakingFormat() {
            super(Defect.FORGETS_A_TABLE_ON_FREE);
        }
    }
}
