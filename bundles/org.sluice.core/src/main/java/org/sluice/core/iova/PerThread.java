package org.sluice.core.iova;

import java.util.Arrays;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.sluice.core.gate.SwapGate;

/**
 * Something that each thread has for itself, found by the number of its pin at the swap gate: two loads, and no
 * {@link ThreadLocal} that would tie a type of ours to a client's thread. What a thread left that has ended, the next thread
 * with its number takes over. Any thread may call it.
 *
 * @param <T> what each thread has
 */
final class PerThread<T> {
    private static final int MOST = 1 << 12;

    private final Supplier<T> make;

    /** By the number of the thread; elements are written under this. */
    private volatile Object[] values = new Object[8];

    /**
     * Nobody has anything yet.
     *
     * @param make what a new thread gets
     */
    PerThread(Supplier<T> make) {
        this.make = make;
    }

    /** What this thread has; null if there are too many threads. The pin is held. */
    T of(long[] pin) {
        int ordinal = SwapGate.ordinal(pin);
        Object[] all = values;
        T value = ordinal < all.length ? element(all, ordinal) : null;
        return value != null ? value : register(ordinal);
    }

    private synchronized T register(int ordinal) {
        if (ordinal >= MOST) {
            return null;
        }
        Object[] all = values;
        if (ordinal >= all.length) {
            all = Arrays.copyOf(all, 2 * Integer.highestOneBit(ordinal));
        }
        if (all[ordinal] == null) {
            all[ordinal] = make.get();
        }
        values = all;
        return element(all, ordinal);
    }

    /** Visits what every thread has, also those that have ended; what that may do is the caller's affair. */
    synchronized void forEach(Consumer<T> visitor) {
        for (int ordinal = 0; ordinal < values.length; ordinal++) {
            T value = element(values, ordinal);
            if (value != null) {
                visitor.accept(value);
            }
        }
    }

    @SuppressWarnings("unchecked")
    private T element(Object[] all, int ordinal) {
        return (T) all[ordinal];
    }
}
