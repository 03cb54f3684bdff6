package org.sluice.tck.driver;

import static org.junit.jupiter.api.Assumptions.abort;

/** What a board does not have is neither passed nor failed: it is said, where nobody can miss it. */
final class Unsupported {
    private Unsupported() {}

    /** Ends a case as not run. */
    static void on(Rig rig, String what) {
        String line = "UNSUPPORTED on " + rig.platform() + ", not run: " + what;
        System.err.println(line);
        abort(line);
    }
}
