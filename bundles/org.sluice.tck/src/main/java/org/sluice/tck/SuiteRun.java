package org.sluice.tck;

import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectMethod;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.platform.engine.DiscoverySelector;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.engine.support.store.Namespace;
import org.junit.platform.launcher.LauncherDiscoveryRequest;
import org.junit.platform.launcher.LauncherSession;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.TestPlan;
import org.junit.platform.launcher.core.LauncherConfig;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;
import org.sluice.spi.memory.MemoryFactory;

/** One run of the suite outside a build. */
final class SuiteRun {
    /** A case that failed with a configuration. */
    record Failure(String rule, String configuration, Throwable cause) {}

    /** What came out. */
    record Outcome(int passed, List<Failure> failures) {
        /** Copies the list. */
        Outcome {
            failures = List.copyOf(failures);
        }
    }

    private SuiteRun() {}

    /** Runs cases with every configuration: those named, or all of them. */
    static Outcome of(FormatUnderTest format, MemoryFactory memory, String... cases) {
        Listener listener = new Listener();
        // Listeners that a build put on the class path belong to the build's own run.
        LauncherConfig config = LauncherConfig.builder()
                .enableTestExecutionListenerAutoRegistration(false)
                .enableLauncherSessionListenerAutoRegistration(false)
                .enableLauncherDiscoveryListenerAutoRegistration(false)
                .build();
        try (LauncherSession session = LauncherFactory.openSession(config)) {
            session.getStore()
                    .put(
                            Namespace.create(SuppliedFormatTck.class),
                            SuppliedFormatTck.KEY,
                            new SuppliedFormatTck.Supply(format, memory));
            LauncherDiscoveryRequest request = LauncherDiscoveryRequestBuilder.request()
                    .selectors(selectors(cases))
                    .build();
            session.getLauncher().execute(request, listener);
        }
        return new Outcome(listener.passed, listener.failures);
    }

    private static List<DiscoverySelector> selectors(String... cases) {
        if (cases.length == 0) {
            return List.of(selectClass(SuppliedFormatTck.class));
        }
        return Arrays.stream(cases)
                .<DiscoverySelector>map(name -> selectMethod(SuppliedFormatTck.class, name, Trial.class))
                .toList();
    }

    private static final class Listener implements TestExecutionListener {
        private final List<Failure> failures = new ArrayList<>();
        private TestPlan plan;
        private int passed;

        @Override
        public void testPlanExecutionStarted(TestPlan started) {
            plan = started;
        }

        @Override
        public void executionFinished(TestIdentifier test, TestExecutionResult result) {
            if (result.getStatus() != TestExecutionResult.Status.SUCCESSFUL) {
                String rule =
                        test.isTest() ? plan.getParent(test).orElse(test).getDisplayName() : test.getDisplayName();
                Throwable cause = result.getThrowable().orElseGet(() -> new AssertionError("aborted"));
                failures.add(new Failure(rule.replaceFirst("\\(.*", ""), test.getDisplayName(), cause));
            } else if (test.isTest()) {
                passed++;
            }
        }
    }
}
