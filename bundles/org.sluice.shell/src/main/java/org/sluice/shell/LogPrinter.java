package org.sluice.shell;

import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.log.LogEntry;
import org.osgi.service.log.LogLevel;
import org.osgi.service.log.LogListener;
import org.osgi.service.log.LogReaderService;

/** Prints warnings and errors on standard error, so that standard output stays the report's. */
@Component(service = {})
public final class LogPrinter implements LogListener {
    private final LogReaderService reader;

    /**
     * Listens until it is deactivated.
     *
     * @param reader the log
     */
    @Activate
    public LogPrinter(@Reference LogReaderService reader) {
        this.reader = reader;
        reader.addLogListener(this);
    }

    @Deactivate
    void stop() {
        reader.removeLogListener(this);
    }

    @Override
    public void logged(LogEntry entry) {
        if (LogLevel.WARN.implies(entry.getLogLevel()) && isOurs(entry)) {
            System.err.println(entry.getLogLevel() + " " + entry.getLoggerName() + ": " + entry.getMessage());
            if (entry.getException() != null) {
                entry.getException().printStackTrace(System.err);
            }
        }
    }

    /** The framework's own events and other people's bundles are for a log file, not for this program's user. */
    private static boolean isOurs(LogEntry entry) {
        return entry.getBundle() != null && entry.getBundle().getSymbolicName().startsWith("org.sluice.");
    }
}
