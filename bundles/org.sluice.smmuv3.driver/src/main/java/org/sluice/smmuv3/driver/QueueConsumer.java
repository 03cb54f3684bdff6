package org.sluice.smmuv3.driver;

import java.util.function.Consumer;

/** A queue that the SMMU fills, and what is done with its records. The event thread drains it; any thread may ask. */
final class QueueConsumer {
    private final RecordQueue queue;
    private final Consumer<long[]> sink;
    private final Runnable lost;

    /** Position up to which every record was consumed and its handler returned. */
    private volatile long handled;

    /** How many records are being handled: more than one when a handler waits for the others. The event thread only. */
    private int depth;

    /**
     * A consumer.
     *
     * @param sink gets the words of each record, and may throw nothing
     * @param lost is called when records were lost, after those before them; it may throw nothing
     */
    QueueConsumer(RecordQueue queue, Consumer<long[]> sink, Runnable lost) {
        this.queue = queue;
        this.sink = sink;
        this.lost = lost;
        this.handled = queue.consumed();
    }

    /** Its queue. */
    RecordQueue queue() {
        return queue;
    }

    /** Position behind the last record that the SMMU has written. */
    long produced() {
        return queue.produced();
    }

    /** Position up to which every handler has returned. */
    long handled() {
        return handled;
    }

    /** Leaves the rest to a successor. */
    void close() {
        queue.close();
    }

    /** Handles what there is. */
    void drain() {
        queue.drain(this::handle, lost);
    }

    private void handle(long[] words) {
        depth++;
        try {
            sink.accept(words);
        } finally {
            depth--;
            if (depth == 0) {
                handled = queue.consumed();
            }
        }
    }
}
