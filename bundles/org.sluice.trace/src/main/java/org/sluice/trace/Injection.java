package org.sluice.trace;

import java.util.Arrays;
import java.util.stream.Collectors;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;

/** A defect that the machine plants between driver and device, to show that the proof can fail. */
public enum Injection {
    /** No defect. */
    NONE("none"),
    /** The device ignores TLB invalidations. */
    SKIP_TLBI("skip-tlbi"),
    /** The device reaches another physical page than the one that is mapped. */
    WRONG_PA("wrong-pa"),
    /** The device keeps a context descriptor that the driver changed. */
    STALE_CD("stale-cd"),
    /** CMD_SYNC completes before what it waits for. */
    DROP_SYNC("drop-sync"),
    /** Two SubstreamIDs are taken for each other. */
    SWAP_SSID("swap-ssid");

    private final String word;

    Injection(String word) {
        this.word = word;
    }

    /**
     * The word on a command line and in the configuration of the model board.
     *
     * @return e.g. {@code skip-tlbi}
     */
    public String word() {
        return word;
    }

    /**
     * Finds a defect by its word.
     *
     * @param word e.g. {@code skip-tlbi}
     * @return the defect
     * @throws IommuException EINVAL no such word, listing those that are
     */
    public static Injection of(String word) {
        return Arrays.stream(values())
                .filter(each -> each.word.equals(word))
                .findFirst()
                .orElseThrow(() -> new IommuException(
                        Errno.EINVAL,
                        "inject is " + word + ", must be one of "
                                + Arrays.stream(values()).map(Injection::word).collect(Collectors.joining("|"))));
    }
}
