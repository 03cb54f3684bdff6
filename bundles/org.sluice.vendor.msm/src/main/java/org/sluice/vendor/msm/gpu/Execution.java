package org.sluice.vendor.msm.gpu;

/**
 * What became of a stream.
 *
 * @param completed whether all of it was executed
 * @param reason empty, or what stopped it, e.g. {@code load from 0x1000 aborted}
 */
public record Execution(boolean completed, String reason) {
    static final Execution DONE = new Execution(true, "");

    static Execution stopped(String format, Object... arguments) {
        return new Execution(false, String.format(format, arguments));
    }
}
