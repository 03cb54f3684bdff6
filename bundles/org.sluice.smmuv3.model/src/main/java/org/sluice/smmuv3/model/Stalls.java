package org.sluice.smmuv3.model;

import java.util.Arrays;

/**
 * Stalled transactions by their STAG. A transaction takes a tag while it is counted as under way, and waits for the answer
 * when it is not, so that CMD_SYNC never waits for a stall. Any thread; guarded by this.
 */
final class Stalls {
    /** Answer of {@link #begin}: as many transactions as the SMMU can hold are stalled. */
    static final int NO_TAG = -1;

    /** What becomes of a tag. */
    enum Answer {
        /** It is of no transaction. */
        FREE,
        /** The transaction waits for software. */
        NONE,
        /** Translates afresh. */
        RETRY,
        /** Reads as zero, writes are ignored. */
        TERMINATE,
        /** Aborts. */
        ABORT
    }

    private final Answer[] answers;
    private final int[] streams;
    private int next;
    private boolean closed;

    /** Holds so many transactions at once. */
    Stalls(int capacity) {
        answers = new Answer[capacity];
        Arrays.fill(answers, Answer.FREE);
        streams = new int[capacity];
    }

    /**
     * A transaction stalls.
     *
     * @return its STAG, or {@link #NO_TAG}
     */
    synchronized int begin(int streamId) {
        for (int i = 0; i < answers.length; i++) {
            int tag = next;
            // in turn, so that an answer that comes late meets no other transaction for long
            next = (next + 1) % answers.length;
            if (answers[tag] == Answer.FREE) {
                answers[tag] = closed ? Answer.ABORT : Answer.NONE;
                streams[tag] = streamId;
                return tag;
            }
        }
        return NO_TAG;
    }

    /** Waits for the answer to a tag, which is free after that. */
    synchronized Answer await(int tag) {
        boolean interrupted = false;
        while (answers[tag] == Answer.NONE) {
            interrupted |= waitInterrupted();
        }
        Answer answer = answers[tag];
        answers[tag] = Answer.FREE;
        notifyAll();
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        return answer;
    }

    /** Waits until a tag may be free. */
    synchronized void awaitTag() {
        boolean interrupted = false;
        while (!closed && !Arrays.asList(answers).contains(Answer.FREE)) {
            interrupted |= waitInterrupted();
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    // only software ends a stall, as only it can on a bus
    private boolean waitInterrupted() {
        try {
            wait();
            return false;
        } catch (InterruptedException e) {
            return true;
        }
    }

    /** CMD_RESUME; without effect unless a transaction of the stream waits under the tag. */
    synchronized void answer(int streamId, int tag, Answer answer) {
        if (tag < answers.length && answers[tag] == Answer.NONE && streams[tag] == streamId) {
            answers[tag] = answer;
            notifyAll();
        }
    }

    /** CMD_STALL_TERM: whatever waits of a stream aborts. */
    synchronized void terminate(int streamId) {
        for (int tag = 0; tag < answers.length; tag++) {
            answer(streamId, tag, Answer.ABORT);
        }
    }

    /** Whatever waits aborts, now and from now on. */
    synchronized void close() {
        closed = true;
        for (int tag = 0; tag < answers.length; tag++) {
            if (answers[tag] == Answer.NONE) {
                answers[tag] = Answer.ABORT;
            }
        }
        notifyAll();
    }
}
