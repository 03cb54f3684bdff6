package org.sluice.board.model;

import java.util.Arrays;
import java.util.List;
import org.sluice.board.base.Properties;

/** A defect that is planted between driver and device, so that a proof can be seen to fail. */
enum Injection {
    /** A sound board. */
    NONE("none"),
    /** The device never sees a TLBI. */
    SKIP_TLBI("skip-tlbi"),
    /** Translated data lands one page off. */
    WRONG_PA("wrong-pa"),
    /** The device never sees an invalidation of a context descriptor. */
    STALE_CD("stale-cd"),
    /** SYNC completes before the device has begun. */
    DROP_SYNC("drop-sync"),
    /** The device sends the SubstreamID of a neighbour. */
    SWAP_SSID("swap-ssid");

    private final String label;

    Injection(String label) {
        this.label = label;
    }

    /**
     * Finds an injection.
     *
     * @throws org.sluice.api.IommuException EINVAL, naming the known ones
     */
    static Injection named(String label) {
        for (Injection injection : values()) {
            if (injection.label.equals(label)) {
                return injection;
            }
        }
        List<String> known =
                Arrays.stream(values()).map(injection -> injection.label).toList();
        throw Properties.invalid("inject", label, "known are " + known);
    }
}
