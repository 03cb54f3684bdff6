package org.sluice.trace;

import java.util.Arrays;
import java.util.stream.Collectors;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;

/** What stands for the machine of a trace. */
public enum MachineKind {
    /** Memory, an SMMUv3 model and devices in this process. */
    MODEL("model", true),
    /** A QEMU that is started for the replay. */
    QEMU("qemu", false);

    private final String word;
    private final boolean injects;

    MachineKind(String word, boolean injects) {
        this.word = word;
        this.injects = injects;
    }

    /**
     * The word on a command line.
     *
     * @return e.g. {@code qemu}; the board's bundle ends with it
     */
    public String word() {
        return word;
    }

    /**
     * Whether its board plants defects.
     *
     * @return true for the model
     */
    public boolean injects() {
        return injects;
    }

    /**
     * Finds a kind by its word.
     *
     * @param word e.g. {@code qemu}
     * @return the kind
     * @throws IommuException EINVAL no such word, listing those that are
     */
    public static MachineKind of(String word) {
        return Arrays.stream(values())
                .filter(each -> each.word.equals(word))
                .findFirst()
                .orElseThrow(() -> new IommuException(
                        Errno.EINVAL,
                        "board is " + word + ", must be one of "
                                + Arrays.stream(values()).map(MachineKind::word).collect(Collectors.joining("|"))));
    }
}
