package org.sluice.trace.internal.swap;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.sluice.api.SwapEvent;
import org.sluice.api.SwapListener;

/** Remembers the swaps that the core reports. Any thread may call it. */
final class SwapWatch implements SwapListener {
    private final List<SwapEvent> events = new ArrayList<>();

    @Override
    public synchronized void swapped(SwapEvent event) {
        events.add(event);
        notifyAll();
    }

    /** The swap of one service: a bundle may offer several, and each has a swap of its own. */
    synchronized Optional<SwapEvent> await(String service, String version, long millis) throws InterruptedException {
        long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millis);
        while (true) {
            Optional<SwapEvent> event = events.stream()
                    .filter(each ->
                            each.service().equals(service) && each.newVersion().equals(version))
                    .findFirst();
            long left = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
            if (event.isPresent() || left <= 0) {
                return event;
            }
            wait(left);
        }
    }
}
