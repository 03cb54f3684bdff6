package org.sluice.core.iova;

/** Full magazines of one size that no thread holds, and empty ones to fill. Any thread may call it. */
final class Depot {
    private Magazine top; // guarded by this
    private Magazine empty; // guarded by this
    private volatile int size; // written under this

    int size() {
        return size;
    }

    /** Takes a magazine to fill; it comes back by {@link #push}. */
    synchronized Magazine takeEmpty() {
        Magazine taken = empty;
        if (taken == null) {
            return new Magazine();
        }
        empty = taken.next;
        taken.next = null;
        return taken;
    }

    synchronized void push(Magazine full) {
        full.next = top;
        top = full;
        size = size + 1;
    }

    /** Takes a full one, which is kept by {@link #keep} once it was emptied; null if there is none. */
    Magazine pop() {
        return size == 0 ? null : take();
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

    /** Keeps a magazine that was emptied, so that it need not be made again. */
    synchronized void keep(Magazine emptied) {
        emptied.next = empty;
        empty = emptied;
    }
}
