package org.sluice.core.fake;

import org.sluice.api.Errno;
import org.sluice.api.IommuException;

/** Makes the n-th thing that can fail fail. */
public final class Injection {
    private int left;
    private String fired = "";

    /** From now on the n-th point fails, once. */
    public synchronized void arm(int n) {
        left = n;
        fired = "";
    }

    /** Ends it; what failed, or empty if fewer points were met. */
    public synchronized String disarm() {
        left = 0;
        return fired;
    }

    synchronized void point(String what) {
        if (left > 0 && --left == 0) {
            fired = what;
            throw new IommuException(Errno.ENOMEM, "injected into " + what);
        }
    }
}
