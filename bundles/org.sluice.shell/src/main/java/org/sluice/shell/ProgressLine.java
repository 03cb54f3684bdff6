package org.sluice.shell;

import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import org.sluice.trace.ReplayProgress;

/** A progress bar on standard error, one a phase. */
final class ProgressLine implements ReplayProgress, AutoCloseable {
    private static final int UPDATE_MILLIS = 100;

    private ProgressBar bar;

    private ProgressLine() {}

    /** A bar if standard error is a terminal (the {@code sluice} command looks), else null. */
    static ProgressLine onTerminal() {
        return Boolean.getBoolean("sluice.terminal") ? new ProgressLine() : null;
    }

    @Override
    public void begin(String capture, String phase, long total) {
        close();
        bar = new ProgressBarBuilder()
                .setTaskName(capture + ": " + phase)
                .setInitialMax(total == 0 ? -1 : total)
                .setUpdateIntervalMillis(UPDATE_MILLIS)
                .clearDisplayOnFinish()
                .build();
    }

    @Override
    public void at(long done) {
        if (bar != null) {
            bar.stepTo(done);
        }
    }

    @Override
    public void close() {
        if (bar != null) {
            bar.close();
            bar = null;
        }
    }
}
