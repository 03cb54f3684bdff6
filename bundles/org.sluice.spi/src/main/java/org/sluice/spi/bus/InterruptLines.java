package org.sluice.spi.bus;

import org.osgi.annotation.versioning.ConsumerType;

/** Wired interrupts of one device, by name: {@code eventq}, {@code priq}, {@code cmdq-sync}, {@code gerror}. */
@ConsumerType
public interface InterruptLines {
    /**
     * Asks to be called whenever the line is raised. The handler runs on a thread of the device: it must only wake
     * somebody. A line raised while nobody listened is not remembered; look at the queue after subscribing.
     *
     * @param line name of the line
     * @param handler what to call
     * @return ends the subscription; afterwards the handler is not called again
     */
    Subscription subscribe(String line, Runnable handler);

    /** A subscription. */
    @FunctionalInterface
    interface Subscription extends AutoCloseable {
        @Override
        void close();
    }
}
