package org.sluice.itest;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.jr.ob.JSON;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * One run of the program, as a user starts it.
 *
 * @param exitCode of the process
 * @param out standard output
 * @param err standard error
 */
record Program(int exitCode, String out, String err) {
    private static final int PATIENCE_MINUTES = 5;

    static Program run(Object... arguments) throws IOException, InterruptedException {
        return run(List.of(), arguments);
    }

    /** A run with options of the JVM. */
    static Program run(List<String> options, Object... arguments) throws IOException, InterruptedException {
        Path work = Files.createTempDirectory(Path.of("target"), "program");
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Dsluice.home=" + House.root(),
                "-Dorg.osgi.framework.storage=" + work.resolve("storage").toAbsolutePath()));
        command.addAll(options);
        command.addAll(List.of(
                "-jar",
                House.root().resolve("features/distribution/target/sluice.jar").toString()));
        for (Object argument : arguments) {
            command.add(argument.toString());
        }
        Path out = work.resolve("out");
        Path err = work.resolve("err");
        Process process = new ProcessBuilder(command)
                .redirectInput(ProcessBuilder.Redirect.from(
                        Files.createFile(work.resolve("in")).toFile()))
                .redirectOutput(out.toFile())
                .redirectError(err.toFile())
                .start();
        boolean ended = process.waitFor(PATIENCE_MINUTES, TimeUnit.MINUTES);
        if (!ended) {
            process.destroyForcibly();
        }
        Program run = new Program(ended ? process.exitValue() : -1, Files.readString(out), Files.readString(err));
        assertThat(ended).as("%s hung: %s", command, run).isTrue();
        return run;
    }

    /** Standard output as the one JSON object that it must be. */
    Map<String, Object> json() throws IOException {
        assertThat(out)
                .as("standard output; standard error was %s", err)
                .startsWith("{")
                .endsWith("}\n");
        return JSON.std.mapFrom(out);
    }

    /** A number of the JSON object. */
    long number(String key) throws IOException {
        Object value = json().get(key);
        assertThat(value).as(key).isInstanceOf(Number.class);
        return ((Number) value).longValue();
    }
}
