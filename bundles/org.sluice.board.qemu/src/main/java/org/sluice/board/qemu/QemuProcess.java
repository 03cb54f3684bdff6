package org.sluice.board.qemu;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.board.base.Properties;

/** A QEMU of our own: started with the machine of a configuration, and gone with {@link #close} or with this JVM. */
final class QemuProcess implements AutoCloseable {
    /** Where nothing comes from and everything may go. */
    static final File NOTHING = new File("/dev/null");

    /** Memory behind the machine's that the board uses itself. */
    static final long OWN_MIB = 1;

    private static final long MIB = 1L << 20;
    private static final long DEATH_MILLIS = 2_000;

    private final String board;
    private final Path folder;
    private final Process process;
    private final Thread hook;

    private QemuProcess(String board, Path folder, Process process) {
        this.board = board;
        this.folder = folder;
        this.process = process;
        hook = new Thread(process::destroyForcibly, "sluice-qemu-end");
        Runtime.getRuntime().addShutdownHook(hook);
    }

    /**
     * Starts QEMU.
     *
     * @throws IommuException EIO it cannot be started
     */
    static QemuProcess start(QemuConfig config, QemuProgram program) {
        try {
            Path folder = Files.createTempDirectory("sluice-qemu");
            Process process = new ProcessBuilder(command(config, program, folder))
                    .redirectInput(ProcessBuilder.Redirect.from(NOTHING))
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .redirectError(folder.resolve("err").toFile())
                    .start();
            return new QemuProcess(config.name(), folder, process);
        } catch (IOException cause) {
            throw new IommuException(
                    Errno.EIO, "board " + config.name() + ": QEMU cannot be started: " + cause.getMessage());
        }
    }

    private static List<String> command(QemuConfig config, QemuProgram program, Path folder) {
        List<String> command = new ArrayList<>(List.of(program.binary(), "-M"));
        if (!config.stage().isEmpty()) {
            if (!program.version().hasStages() && !config.stage().equals("1")) {
                throw Properties.invalid(
                        "iommu.stage", config.stage(), program.version().text() + " has stage 1 only");
            }
        }
        if (!config.stage().isEmpty() && program.version().hasStages()) {
            // machines after this one choose the stages themselves
            command.add("virt-9.1,iommu=smmuv3");
            command.addAll(List.of("-global", "arm-smmuv3.stage=" + config.stage()));
        } else {
            command.add("virt,iommu=smmuv3");
        }
        command.addAll(
                List.of("-accel", "tcg", "-icount", "shift=0,sleep=off", "-cpu", "cortex-a57,start-powered-off=on"));
        command.addAll(List.of("-m", config.memory().size() / MIB + OWN_MIB + "M"));
        command.addAll(List.of("-nodefaults", "-display", "none"));
        command.addAll(List.of("-qtest", "unix:" + folder.resolve("qtest") + ",server=on,wait=off"));
        command.addAll(List.of("-qtest-log", NOTHING.getPath()));
        command.addAll(
                List.of("-d", program.logItem(), "-D", folder.resolve("log").toString()));
        for (EndpointConfig endpoint : config.endpoints()) {
            command.add("-device");
            command.add(String.format(
                    "edu,addr=%x.%x,multifunction=on,dma_mask=0xffffffffffffffff",
                    endpoint.streamId() >>> 3, endpoint.streamId() & 7));
        }
        return command;
    }

    /** The socket that it opens when it is ready. */
    Path socket() {
        return folder.resolve("qtest");
    }

    /** Where it logs invalid accesses. */
    Path log() {
        return folder.resolve("log");
    }

    boolean isAlive() {
        return process.isAlive();
    }

    /** Why it does not answer: how it ended, if it did within a moment, or else what was noticed. */
    String explain(String noticed) {
        try {
            if (process.waitFor(DEATH_MILLIS, TimeUnit.MILLISECONDS)) {
                return ended();
            }
        } catch (InterruptedException hurry) {
            Thread.currentThread().interrupt();
        }
        return noticed;
    }

    /** How it ended, and what it said. */
    String ended() {
        String words;
        try {
            // the first line that is no warning says it; a dump of a processor may follow
            words = Files.readString(folder.resolve("err"))
                    .lines()
                    .filter(line -> !line.contains("warning:") && !line.isBlank())
                    .findFirst()
                    .orElse("");
        } catch (IOException unreadable) {
            words = unreadable.toString();
        }
        return "it ended with exit code " + process.exitValue() + (words.isEmpty() ? "" : ": " + words);
    }

    @Override
    public void close() {
        process.destroyForcibly();
        try {
            process.waitFor(DEATH_MILLIS, TimeUnit.MILLISECONDS);
        } catch (InterruptedException hurry) {
            Thread.currentThread().interrupt();
        }
        removeHook();
        for (String name : List.of("qtest", "log", "err", "")) {
            try {
                Files.deleteIfExists(folder.resolve(name));
            } catch (IOException left) {
                System.getLogger(QemuProcess.class.getName())
                        .log(System.Logger.Level.WARNING, "board {0}: {1} stays: {2}", board, folder, left.toString());
            }
        }
    }

    private void removeHook() {
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException ending) {
            // the JVM ends: the hook does the same
            process.destroyForcibly();
        }
    }
}
