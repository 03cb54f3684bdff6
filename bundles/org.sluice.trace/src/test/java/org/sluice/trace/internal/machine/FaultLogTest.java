package org.sluice.trace.internal.machine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.entry;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.sluice.api.FaultEvent;
import org.sluice.api.FaultReason;

class FaultLogTest {
    private final FaultLog log = new FaultLog("smmu");

    @Test
    void provokedEventIsFoundWhetherItComesBeforeOrAfterTheWait() {
        log.expect(0x10, -1, 0x1000);
        log.faulted(event("smmu", 0x10, -1, 0x1010));
        assertThat(log.await(0)).contains(event("smmu", 0x10, -1, 0x1010));
        log.expect(0x10, 5, 0x2000);
        new Thread(() -> log.faulted(event("smmu", 0x10, 5, 0x2000))).start();
        assertThat(log.await(10_000)).isPresent();
        assertThat(log.unexpectedCount()).isZero();
        assertThat(log.byName()).containsExactly(entry("F_TRANSLATION", 2L));
    }

    @Test
    void eventOfAnEarlierAttemptIsNotTakenForALaterOne() {
        log.expect(0x10, -1, 0x1000);
        log.faulted(event("smmu", 0x10, -1, 0x1000));
        log.await(0);
        log.expect(0x10, -1, 0x1000);
        assertThat(log.await(0)).isEmpty();
    }

    @Test
    void eventsOfOtherStreamsPasidsAndPagesAreUnexpected() {
        log.expect(0x10, -1, 0x1000);
        log.faulted(event("smmu", 0x18, -1, 0x1000));
        log.faulted(event("smmu", 0x10, 1, 0x1000));
        log.faulted(event("smmu", 0x10, -1, 0x2000));
        assertThat(log.await(0)).isEmpty();
        assertThat(log.unexpectedCount()).isEqualTo(3);
        assertThat(log.unexpected()).hasSize(3);
    }

    @Test
    void eventsOfAnotherIommuAreIgnored() {
        log.faulted(event("other", 0x10, -1, 0x1000));
        assertThat(log.unexpectedCount()).isZero();
        assertThat(log.byName()).isEmpty();
    }

    private static FaultEvent event(String iommu, int streamId, int pasid, long iova) {
        return new FaultEvent(
                iommu,
                "device",
                streamId,
                pasid,
                FaultReason.TRANSLATION,
                "F_TRANSLATION",
                iova,
                false,
                false,
                false,
                false,
                List.of());
    }
}
