package org.sluice.cnf.layoutgen;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GeneratedCodeTest {
    @TempDir
    Path folder;

    private Path layout;
    private Path widget;
    private GeneratedCode code;

    @BeforeEach
    void widgetIsGenerated() throws IOException {
        Path layouts = Files.createDirectory(folder.resolve("layout"));
        layout = Files.writeString(layouts.resolve("widget.layout"), Layouts.WIDGET);
        widget = folder.resolve("java/a/b/Widget.java");
        code = new GeneratedCode(layouts, folder.resolve("java"), "a.b");
        Main.main(new String[] {layouts.toString(), folder.resolve("java").toString(), "a.b"});
    }

    @Test
    void whatWasJustWrittenIsNotStale() throws IOException {
        assertThat(code.stale()).isEmpty();
        assertThat(widget).content().contains("public static long mode(long word)");
    }

    @Test
    void oneChangedByteIsStale() throws IOException {
        Files.writeString(widget, Files.readString(widget).replace("MODE_LSB = 1", "MODE_LSB = 2"));

        assertThat(code.stale()).containsExactly("Widget.java is not what its layout file makes now");
    }

    @Test
    void changedLayoutMakesTheSourceStale() throws IOException {
        Files.writeString(layout, Layouts.WIDGET.replace("Mode ", "Pace "));

        assertThat(code.stale()).containsExactly("Widget.java is not what its layout file makes now");
    }

    @Test
    void missingAndForeignSourcesAreStale() throws IOException {
        Files.move(widget, widget.resolveSibling("Gadget.java"));

        assertThat(code.stale()).containsExactly("Gadget.java has no layout file", "Widget.java is missing");
    }

    @Test
    void writeDeletesWhatHasNoLayoutFile() throws IOException {
        Files.writeString(widget.resolveSibling("Gadget.java"), "package a.b;");

        code.write();

        assertThat(widget.getParent()).isDirectoryNotContaining("glob:**Gadget.java");
    }

    @Test
    void brokenLayoutWritesNothing() throws IOException {
        String before = Files.readString(widget);
        Files.writeString(layout, Layouts.WIDGET.replace("11:4 ", "11:5 "));

        assertThatThrownBy(code::write)
                .isInstanceOf(LayoutException.class)
                .hasMessageContaining("WIDGET bit 4 is claimed by no field");
        assertThat(widget).hasContent(before);
    }

    @Test
    void wrongNumberOfArgumentsIsRefused() {
        assertThatThrownBy(() -> Main.main(new String[] {"one"}))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("layout folder, source root, package; got 1");
    }
}
