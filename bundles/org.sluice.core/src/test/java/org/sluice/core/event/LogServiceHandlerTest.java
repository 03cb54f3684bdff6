package org.sluice.core.event;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.osgi.service.log.Logger;
import org.osgi.service.log.LoggerFactory;

class LogServiceHandlerTest {
    private final List<String> lines = new ArrayList<>();

    /** A log that writes down level, logger and text. */
    private LoggerFactory log() {
        return (LoggerFactory) Proxy.newProxyInstance(
                getClass().getClassLoader(),
                new Class<?>[] {LoggerFactory.class},
                (factory, getLogger, names) -> Proxy.newProxyInstance(
                        getClass().getClassLoader(), new Class<?>[] {Logger.class}, (logger, level, values) -> {
                            assertThat(values[0]).isEqualTo("{}");
                            lines.add(level.getName() + " " + names[0] + ": " + values[1]
                                    + (values[2] == null ? "" : " / " + values[2]));
                            return null;
                        }));
    }

    @Test
    void messagesOfThePlatformReachTheLogWithLevelAndText() {
        LogServiceHandler handler = new LogServiceHandler(log());
        try {
            System.Logger core = System.getLogger("org.sluice.core");
            core.log(System.Logger.Level.WARNING, "{0} is not served by {1}", "nic", "smmu0");
            core.log(System.Logger.Level.ERROR, "broken {0", new IllegalStateException("cause"));
            System.getLogger("org.sluice.smmuv3.driver").log(System.Logger.Level.INFO, "braces {} stay");
            System.getLogger("com.example").log(System.Logger.Level.ERROR, "not ours");
        } finally {
            handler.close();
        }
        System.getLogger("org.sluice.core").log(System.Logger.Level.WARNING, "after the log left");
        assertThat(lines)
                .containsExactly(
                        "warn org.sluice.core: nic is not served by smmu0",
                        "error org.sluice.core: broken {0 / java.lang.IllegalStateException: cause",
                        "info org.sluice.smmuv3.driver: braces {} stay");
    }
}
