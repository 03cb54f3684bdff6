package org.sluice.board.base;

import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import org.sluice.spi.bus.InterruptLines;

/**
 * Interrupt lines whose every subscriber is called, on the thread that raises the line. Any thread may subscribe, end a
 * subscription or raise; none of them blocks.
 */
public final class FannedInterrupts implements InterruptLines, Consumer<String> {
    private final Map<String, List<Handler>> handlers = new ConcurrentHashMap<>();

    // an identity of its own: the same Runnable may be subscribed twice
    private static final class Handler implements Subscription {
        private final List<Handler> line;
        private final Runnable action;
        private volatile boolean ended;

        Handler(List<Handler> line, Runnable action) {
            this.line = line;
            this.action = action;
        }

        @Override
        public void close() {
            ended = true;
            line.remove(this);
        }
    }

    @Override
    public Subscription subscribe(String line, Runnable action) {
        List<Handler> list = handlers.computeIfAbsent(line, name -> new CopyOnWriteArrayList<>());
        Handler handler = new Handler(list, action);
        list.add(handler);
        return handler;
    }

    /** Raises a line. */
    @Override
    public void accept(String line) {
        for (Handler handler : handlers.getOrDefault(line, List.of())) {
            if (!handler.ended) {
                call(handler.action);
            }
        }
    }

    // a subscriber's defect must neither abort a transaction nor hide
    private static void call(Runnable action) {
        try {
            action.run();
        } catch (RuntimeException e) {
            Thread thread = Thread.currentThread();
            thread.getUncaughtExceptionHandler().uncaughtException(thread, e);
        }
    }
}
