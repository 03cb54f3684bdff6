package org.sluice.core.iova;

/** Full magazines of one size that no thread holds, and empty ones to fill. Any thread may call it. */
final class Depot {
    private Magazine top; // guarded by this
    private Magazine empty; // guarded by this
    private volatile int size; // written under this

    int size() {
        return size;
    }

    synchronized void push(Magazine full) {
        full.next = top;
        top = full;
        size = size + 1;
    }

    /** Takes one; null if there is none. */
    Magazine pop() {
        return size == 0 ? null : take();
    }

    /** Exchanges a full magazine for an empty one. */
    synchronized Magazine exchange(Magazine full) {
        push(full);
        Magazine next = empty;
        if (next == null) {
            return new Magazine();
        }
        empty = next.next;
        next.next = null;
        return next;
    }

    /** Keeps a magazine that was emptied, so that it need not be made again. */
    synchronized void keep(Magazine emptied) {
        emptied.next = empty;
        empty = emptied;
    }

    private synchronized Magazine take() {
        Magazine full = top;
        if (full != null) {
            top = full.next;
            full.next = null;
            size = size - 1;
        }
        return full;
    }
}
