package org.sluice.tck;

/**
 * What happens between two accesses of a format to its tables, as if the device or another thread had done it. For a memory
 * without windows, which sees every access. Used by one thread.
 */
final class Interruptions {
    private static final Runnable NOTHING = () -> {};

    private long address;
    private int reads;
    private Runnable afterRead = NOTHING;
    private Runnable beforeWrite = NOTHING;

    /** Runs an action once, after the n-th read of a word from now on, before the reader gets what it read. */
    void afterRead(long word, int number, Runnable action) {
        address = word;
        reads = number;
        afterRead = action;
    }

    /** Runs an action before every write. */
    void beforeEachWrite(Runnable action) {
        beforeWrite = action;
    }

    /** Nothing happens any more. */
    void none() {
        afterRead = NOTHING;
        beforeWrite = NOTHING;
    }

    void read(long word) {
        if (word == address && --reads == 0) {
            Runnable action = afterRead;
            afterRead = NOTHING;
            action.run();
        }
    }

    void write() {
        Runnable action = beforeWrite;
        beforeWrite = NOTHING; // the action's own accesses are not interrupted
        action.run();
        beforeWrite = action;
    }
}
