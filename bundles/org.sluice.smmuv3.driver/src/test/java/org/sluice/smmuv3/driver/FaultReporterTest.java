package org.sluice.smmuv3.driver;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.osgi.service.log.Logger;
import org.sluice.api.FaultResponse;
import org.sluice.driver.base.RateLimit;
import org.sluice.driver.base.UnitLog;

class FaultReporterTest {
    private final List<String> lines = new ArrayList<>();
    private final QueueFixture fixture = new QueueFixture(4);
    private final TestHost host = new TestHost(fixture.memory);
    private final FaultReporter reporter = new FaultReporter(
            host, fixture.queue, new UnitLog(recording(), "9050000.smmuv3"), stream -> "client of " + stream);

    /** The words of dmesg in the capture, after the driver's and the device's name, and the line that newer ones add. */
    @Test
    void unhandledEventIsLoggedInLinuxsWords() {
        reporter.accept(new EventRecord(new long[] {0x0000003800000010L, 0x0000000800000000L, 0xdead0000L, 0}));
        assertThat(lines)
                .containsExactly(
                        "9050000.smmuv3: event 0x10 received:",
                        "9050000.smmuv3: \t0x0000003800000010",
                        "9050000.smmuv3: \t0x0000000800000000",
                        "9050000.smmuv3: \t0x00000000dead0000",
                        "9050000.smmuv3: \t0x0000000000000000",
                        "9050000.smmuv3: event: F_TRANSLATION client: client of 56 sid: 0x38 ssid: 0x0 iova: 0xdead0000"
                                + " ipa: 0x0");
    }

    @Test
    void handledEventIsNotLogged() {
        host.onFault(fault -> FaultResponse.ABORT);
        reporter.accept(new EventRecord(new long[] {0x10, 0, 0, 0}));
        assertThat(lines).isEmpty();
        assertThat(host.faults()).hasSize(1);
    }

    @Test
    void floodIsReportedInFullAndLoggedInPart() {
        for (int i = 0; i < 1000; i++) {
            reporter.accept(new EventRecord(new long[] {0x10, 0, i, 0}));
        }
        assertThat(host.faults()).hasSize(1000);
        assertThat(lines).hasSizeLessThan(1000);
    }

    @Test
    void limitAdmitsABurstAnIntervalAndCountsTheRest() {
        AtomicLong clock = new AtomicLong(-5);
        RateLimit limit = new RateLimit(clock::get);
        for (int i = 0; i < 25; i++) {
            assertThat(limit.admit()).isEqualTo(i < 10);
        }
        clock.addAndGet(4_999_999_999L);
        assertThat(limit.admit()).isFalse();
        clock.addAndGet(1);
        assertThat(limit.admit()).isTrue();
        assertThat(limit.takeSuppressed()).isEqualTo(16);
        assertThat(limit.takeSuppressed()).isZero();
    }

    /** A logger that keeps the lines: every call here is of the form format, unit, message. */
    private Logger recording() {
        return (Logger) Proxy.newProxyInstance(
                Logger.class.getClassLoader(), new Class<?>[] {Logger.class}, (proxy, method, arguments) -> {
                    lines.add(arguments[1] + ": " + arguments[2]);
                    return null;
                });
    }
}
