package org.sluice.core.iova;

import java.lang.ref.WeakReference;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.sluice.core.gate.SwapGate;

/**
 * Something that each thread has for itself, found by the number of its pin at the swap gate: two loads, and no
 * {@link ThreadLocal} that would tie a type of ours to a client's thread. Any thread may call it.
 *
 * @param <T> what each thread has
 */
final class PerThread<T> {
    private static final int MOST = 1 << 12;

    private record Entry<T>(int ordinal, WeakReference<long[]> owner, T value) {}

    private final Supplier<T> make;
    private final Consumer<T> abandoned;

    /** Places by the low bits of a thread's number; elements are written under this. */
    private volatile Entry<T>[] entries = places(8);

    /**
     * Nobody has anything yet.
     *
     * @param make what a new thread gets
     * @param abandoned takes back what a thread left that has ended
     */
    PerThread(Supplier<T> make, Consumer<T> abandoned) {
        this.make = make;
        this.abandoned = abandoned;
    }

    /** What this thread has; null if there are too many threads. The pin is held. */
    T of(long[] pin) {
        int ordinal = SwapGate.ordinal(pin);
        Entry<T>[] all = entries;
        Entry<T> entry = all[ordinal & all.length - 1];
        return entry != null && entry.ordinal == ordinal ? entry.value : register(ordinal, pin);
    }

    private synchronized T register(int ordinal, long[] pin) {
        Entry<T>[] all = entries;
        while (isTaken(all, ordinal)) {
            if (all.length == MOST) {
                return null;
            }
            all = spread(all);
        }
        Entry<T> made = new Entry<>(ordinal, new WeakReference<>(pin), make.get());
        all[ordinal & all.length - 1] = made;
        entries = all;
        return made.value;
    }

    /** Only the thread holds its pin: when that was collected, the thread has ended. */
    private boolean isTaken(Entry<T>[] all, int ordinal) {
        int place = ordinal & all.length - 1;
        Entry<T> there = all[place];
        if (there != null && there.owner.get() == null) {
            abandoned.accept(there.value);
            all[place] = null;
            return false;
        }
        return there != null;
    }

    /** Numbers that differ in the lower half of the places differ in the whole too, so nothing collides. */
    private static <T> Entry<T>[] spread(Entry<T>[] all) {
        Entry<T>[] wider = places(2 * all.length);
        for (Entry<T> entry : all) {
            if (entry != null) {
                wider[entry.ordinal & wider.length - 1] = entry;
            }
        }
        return wider;
    }

    /** Visits what every thread has, also those that have ended; what that may do is the caller's affair. */
    synchronized void forEach(Consumer<T> visitor) {
        for (Entry<T> entry : entries) {
            if (entry != null) {
                visitor.accept(entry.value);
            }
        }
    }

    @SuppressWarnings("unchecked")
    private static <T> Entry<T>[] places(int count) {
        return (Entry<T>[]) new Entry<?>[count];
    }
}
