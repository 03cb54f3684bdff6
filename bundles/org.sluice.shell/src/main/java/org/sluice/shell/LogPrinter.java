package org.sluice.shell;

import java.util.Optional;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.logging.SimpleFormatter;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.log.LogEntry;
import org.osgi.service.log.LogLevel;
import org.osgi.service.log.LogListener;
import org.osgi.service.log.LogReaderService;
import org.sluice.api.IommuException;

/**
 * Prints the platform's warnings and errors on standard error, a line each, so that standard output stays the report's: those
 * of the OSGi log, and those of bundles that use the JDK's {@link System.Logger}.
 */
@Component(service = {})
public final class LogPrinter implements LogListener {
    private static final String OURS = "org.sluice";
    private static final String REFUSAL = IommuException.class.getName() + ": ";

    private final LogReaderService reader;
    /** Held, because the JDK forgets loggers that nobody holds, with their settings. */
    private final Logger jdk = Logger.getLogger(OURS);

    private final Handler printer = new Printer();

    /**
     * Listens until it is deactivated.
     *
     * @param reader the log
     */
    @Activate
    public LogPrinter(@Reference LogReaderService reader) {
        this.reader = reader;
        reader.addLogListener(this);
        jdk.setUseParentHandlers(false);
        jdk.addHandler(printer);
    }

    @Deactivate
    void stop() {
        reader.removeLogListener(this);
        jdk.removeHandler(printer);
        jdk.setUseParentHandlers(true);
    }

    @Override
    public void logged(LogEntry entry) {
        if (LogLevel.WARN.implies(entry.getLogLevel()) && isOurs(entry)) {
            print(entry.getLogLevel().name(), entry.getLoggerName(), entry.getMessage(), entry.getException());
        }
    }

    /** The framework's own events and other people's bundles are for a log file, not for this program's user. */
    private static boolean isOurs(LogEntry entry) {
        return entry.getBundle() != null && entry.getBundle().getSymbolicName().startsWith(OURS);
    }

    private static void print(String level, String logger, String message, Throwable exception) {
        System.err.println(level + " " + logger + ": " + message);
        Optional<String> refusal = refusal(exception);
        if (refusal.isPresent()) {
            System.err.println("  " + refusal.get());
        } else if (exception != null) {
            exception.printStackTrace(System.err);
        }
    }

    /** What the platform refused, in its words: where in the code says nothing to who configured it. */
    private static Optional<String> refusal(Throwable exception) {
        for (Throwable cause = exception; cause != null; cause = cause.getCause()) {
            // the log replaces exceptions by its own, which keep class and message as text
            String text = cause.toString();
            int at = text.indexOf(REFUSAL);
            if (at >= 0) {
                return Optional.of(text.substring(at + REFUSAL.length()));
            }
        }
        return Optional.empty();
    }

    /** Takes the JDK's records. */
    private static final class Printer extends Handler {
        private final SimpleFormatter formatter = new SimpleFormatter();

        private Printer() {
            setLevel(Level.WARNING);
        }

        @Override
        public void publish(LogRecord entry) {
            if (isLoggable(entry)) {
                String level = entry.getLevel() == Level.SEVERE ? "ERROR" : "WARN";
                print(level, entry.getLoggerName(), formatter.formatMessage(entry), entry.getThrown());
            }
        }

        @Override
        public void flush() {
            System.err.flush();
        }

        @Override
        public void close() {
            flush();
        }
    }
}
