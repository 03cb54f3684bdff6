package org.sluice.itest;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.function.BooleanSupplier;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.BundleException;
import org.osgi.framework.FrameworkUtil;
import org.osgi.framework.InvalidSyntaxException;

/** The Felix that the tests run in. */
final class Container {
    static final BundleContext CONTEXT =
            FrameworkUtil.getBundle(Container.class).getBundleContext();

    private static final long PATIENCE_MILLIS = 20_000;

    private Container() {}

    /** A service, kept until the tests' bundle stops: releasing one of a factory would end it. */
    static <T> T service(Class<T> type) {
        await("service " + type.getName(), () -> offers(type));
        return CONTEXT.getService(CONTEXT.getServiceReference(type));
    }

    static boolean offers(Class<?> type) {
        return CONTEXT.getServiceReference(type) != null;
    }

    static boolean offers(Class<?> type, String filter) throws InvalidSyntaxException {
        return CONTEXT.getServiceReferences(type.getName(), filter) != null;
    }

    static Bundle bundle(String symbolicName) {
        return Arrays.stream(CONTEXT.getBundles())
                .filter(bundle -> bundle.getSymbolicName().equals(symbolicName))
                .findFirst()
                .orElseThrow(() -> new AssertionError("no bundle " + symbolicName));
    }

    /** Runs something while a bundle is stopped, and starts it again whatever happens. */
    static void without(String symbolicName, Action action) throws Exception {
        Bundle bundle = bundle(symbolicName);
        bundle.stop();
        try {
            action.run();
        } finally {
            start(bundle);
        }
    }

    static void await(String what, BooleanSupplier condition) {
        long deadline = System.nanoTime() + PATIENCE_MILLIS * 1_000_000;
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime())
                    .as("waited %d ms for: %s", PATIENCE_MILLIS, what)
                    .isLessThan(deadline);
            try {
                Thread.sleep(5);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new AssertionError("interrupted while waiting for: " + what, e);
            }
        }
    }

    private static void start(Bundle bundle) throws BundleException {
        bundle.start();
    }

    /** Something that may fail. */
    @FunctionalInterface
    interface Action {
        void run() throws Exception;
    }
}
