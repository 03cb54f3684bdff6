package org.sluice.core.space;

import java.util.List;
import java.util.OptionalLong;
import org.sluice.spi.driver.HardwareWalk;
import org.sluice.spi.driver.SpaceInvalidation;

/**
 * The invalidations of a space that several IOMMUs translate: each reaches every one of them. One that fails keeps none from
 * the others; the first failure is thrown when all were told. Any thread may call it.
 */
final class EveryUnit implements SpaceInvalidation, HardwareWalk {
    private final SpaceInvalidation[] contexts;

    private EveryUnit(List<? extends SpaceInvalidation> contexts) {
        this.contexts = contexts.toArray(SpaceInvalidation[]::new);
    }

    /** All of some contexts; a single one is itself, so that who has one pays for one. */
    static SpaceInvalidation of(List<? extends SpaceInvalidation> contexts) {
        return contexts.size() == 1 ? contexts.get(0) : new EveryUnit(contexts);
    }

    @Override
    public void invalidateAll() {
        RuntimeException failure = null;
        for (SpaceInvalidation context : contexts) {
            try {
                context.invalidateAll();
            } catch (RuntimeException failed) {
                failure = first(failure, failed);
            }
        }
        throwIf(failure);
    }

    @Override
    public void invalidate(long iova, long size, long granule, boolean leafOnly) {
        RuntimeException failure = null;
        for (SpaceInvalidation context : contexts) {
            try {
                context.invalidate(iova, size, granule, leafOnly);
            } catch (RuntimeException failed) {
                failure = first(failure, failed);
            }
        }
        throwIf(failure);
    }

    /** {@inheritDoc} All have their commands by then, so they work at the same time while this waits for one after the other. */
    @Override
    public void sync() {
        RuntimeException failure = null;
        for (SpaceInvalidation context : contexts) {
            try {
                context.sync();
            } catch (RuntimeException failed) {
                failure = first(failure, failed);
            }
        }
        throwIf(failure);
    }

    /** {@inheritDoc} All walk the same tables: the first that has an answer gives it. */
    @Override
    public OptionalLong hardwareWalk(long iova) {
        for (SpaceInvalidation context : contexts) {
            OptionalLong answer =
                    context instanceof HardwareWalk hardware ? hardware.hardwareWalk(iova) : OptionalLong.empty();
            if (answer.isPresent()) {
                return answer;
            }
        }
        return OptionalLong.empty();
    }

    private static RuntimeException first(RuntimeException earlier, RuntimeException failed) {
        if (earlier == null) {
            return failed;
        }
        if (earlier != failed) {
            earlier.addSuppressed(failed);
        }
        return earlier;
    }

    private static void throwIf(RuntimeException failure) {
        if (failure != null) {
            throw failure;
        }
    }
}
