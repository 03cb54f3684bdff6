package org.sluice.core.event;

import java.text.MessageFormat;
import java.util.Locale;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.log.LoggerFactory;

/**
 * Brings the platform's messages to OSGi's log, where there is one. Bundles log by {@link System.Logger}, which writes to
 * java.util.logging unless the JVM was told otherwise; this listens there to everything below {@code org.sluice}.
 */
@Component(
        immediate = true,
        service = {})
public final class LogServiceHandler extends Handler {
    private static final String ROOT = "org.sluice";

    private final LoggerFactory log;
    private final Logger source = Logger.getLogger(ROOT); // kept, or the JVM forgets its handlers

    /**
     * While there is a log.
     *
     * @param log takes the messages
     */
    @Activate
    public LogServiceHandler(@Reference LoggerFactory log) {
        this.log = log;
        source.addHandler(this);
    }

    @Override
    public void publish(LogRecord entry) {
        if (!isLoggable(entry)) {
            return;
        }
        // The log formats {} itself and would take braces of ours for its own: so the text is its argument.
        org.osgi.service.log.Logger target = log.getLogger(String.valueOf(entry.getLoggerName()));
        int level = entry.getLevel().intValue();
        if (level >= Level.SEVERE.intValue()) {
            target.error("{}", text(entry), entry.getThrown());
        } else if (level >= Level.WARNING.intValue()) {
            target.warn("{}", text(entry), entry.getThrown());
        } else if (level >= Level.INFO.intValue()) {
            target.info("{}", text(entry), entry.getThrown());
        } else {
            target.debug("{}", text(entry), entry.getThrown());
        }
    }

    private static String text(LogRecord entry) {
        String message = String.valueOf(entry.getMessage());
        Object[] values = entry.getParameters();
        try {
            return values == null || values.length == 0
                    ? message
                    : new MessageFormat(message, Locale.ROOT).format(values);
        } catch (IllegalArgumentException malformed) {
            return message;
        }
    }

    @Override
    public void flush() {}

    @Deactivate
    @Override
    public void close() {
        source.removeHandler(this);
    }
}
