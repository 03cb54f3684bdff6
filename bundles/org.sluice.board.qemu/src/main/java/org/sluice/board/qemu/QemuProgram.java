package org.sluice.board.qemu;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;

/**
 * A QEMU program on this machine.
 *
 * @param binary path, or a name to be found in PATH
 * @param version which it is
 * @param logItem item of its {@code -d} that logs invalid accesses
 */
record QemuProgram(String binary, QemuVersion version, String logItem) {
    private static final String NEW_ITEM = "invalid_mem";
    private static final String OLD_ITEM = "guest_errors";
    private static final int PATIENCE_SECONDS = 30;

    /**
     * Looks at a program.
     *
     * @throws IommuException ENODEV it is missing, no QEMU, or too old
     */
    static QemuProgram find(String binary) {
        QemuVersion version = QemuVersion.parse(binary, output(binary, "--version"));
        return new QemuProgram(binary, version, output(binary, "-d", "help").contains(NEW_ITEM) ? NEW_ITEM : OLD_ITEM);
    }

    private static String output(String binary, String... arguments) {
        String[] command = new String[arguments.length + 1];
        command[0] = binary;
        System.arraycopy(arguments, 0, command, 1, arguments.length);
        try {
            Process process = new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectInput(ProcessBuilder.Redirect.from(QemuProcess.NOTHING))
                    .start();
            try {
                String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
                process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS);
                return text;
            } finally {
                process.destroyForcibly();
            }
        } catch (IOException cause) {
            throw new IommuException(Errno.ENODEV, "QEMU cannot be started: " + cause.getMessage());
        } catch (InterruptedException stop) {
            Thread.currentThread().interrupt();
            throw new IommuException(Errno.EBUSY, "interrupted while looking at '" + binary + "'");
        }
    }
}
