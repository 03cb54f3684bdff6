package org.sluice.board.qemu;

import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;

/**
 * Which QEMU it is.
 *
 * @param major first number
 * @param minor second number
 * @param text the line that it prints about itself
 */
record QemuVersion(int major, int minor, String text) {
    private static final Pattern LINE = Pattern.compile("QEMU emulator version (\\d+)\\.(\\d+)[^\\n]*");
    private static final int OLDEST_MAJOR = 7;
    private static final int OLDEST_MINOR = 2;
    private static final int STAGE_2_MAJOR = 9;

    /**
     * Reads what {@code --version} prints.
     *
     * @param binary the program, for the message
     * @throws IommuException ENODEV it is no QEMU, or older than 7.2
     */
    static QemuVersion parse(String binary, String output) {
        Matcher line = LINE.matcher(output);
        if (!line.find()) {
            String seen = output.lines().findFirst().orElse("nothing");
            throw new IommuException(
                    Errno.ENODEV, "'" + binary + "' is no QEMU: to --version it answered '" + seen + "'");
        }
        QemuVersion version =
                new QemuVersion(Integer.parseInt(line.group(1)), Integer.parseInt(line.group(2)), line.group());
        if (!version.isAtLeast(OLDEST_MAJOR, OLDEST_MINOR)) {
            throw new IommuException(
                    Errno.ENODEV,
                    "'" + binary + "' is too old: " + line.group() + ", needed is " + OLDEST_MAJOR + "." + OLDEST_MINOR
                            + " or newer");
        }
        return version;
    }

    boolean isAtLeast(int wantedMajor, int wantedMinor) {
        return major > wantedMajor || major == wantedMajor && minor >= wantedMinor;
    }

    /** Whether the stages of its SMMU can be chosen. */
    boolean hasStages() {
        return isAtLeast(STAGE_2_MAJOR, 1);
    }
}
