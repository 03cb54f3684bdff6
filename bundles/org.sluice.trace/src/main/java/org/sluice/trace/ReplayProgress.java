package org.sluice.trace;

import org.osgi.annotation.versioning.ConsumerType;

/** Is told how far a replay is. Called on the thread that replays, often: it must return quickly. */
@ConsumerType
public interface ReplayProgress {
    /**
     * A phase begins.
     *
     * @param capture name of the capture
     * @param phase what is done, in a few words
     * @param total steps it will take; 0 if that is not known
     */
    void begin(String capture, String phase, long total);

    /**
     * The phase goes on.
     *
     * @param done steps done so far
     */
    void at(long done);

    /**
     * For callers who do not care.
     *
     * @return does nothing
     */
    static ReplayProgress none() {
        return new ReplayProgress() {
            @Override
            public void begin(String capture, String phase, long total) {
                // nobody looks
            }

            @Override
            public void at(long done) {
                // nobody looks
            }
        };
    }
}
