package org.sluice.trace.internal.proof;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.sluice.spi.board.Dma;
import org.sluice.spi.board.Endpoint;
import org.sluice.spi.memory.PhysicalMemory;
import org.sluice.trace.Mismatch;
import org.sluice.trace.fake.Defect;
import org.sluice.trace.fake.FakePlatform;
import org.sluice.trace.internal.machine.FaultLog;
import org.sluice.trace.internal.machine.Stream;

/** A device whose faults are never answered: its transfers wait until the machine is switched off. */
@Timeout(120)
class DmaProbeTest {
    private final CountDownLatch switchedOff = new CountDownLatch(1);
    private final AtomicInteger begun = new AtomicInteger();
    private final PhysicalMemory memory = new FakePlatform(Map.of(), Defect.NONE).memory();
    private final Score score = new Score("capture");
    private final DmaProbe probe = new DmaProbe(memory, new FaultLog("smmu0"), score, 10, 10);
    private final Stream stream = new Stream(null, new Endpoint("disk", "", "smmu0", List.of(0x10), 0, -1, new Dma() {
        @Override
        public int read(int pasid, long iova, byte[] into, int offset, int length, int flags) {
            return stall();
        }

        @Override
        public int write(int pasid, long iova, byte[] from, int offset, int length, int flags) {
            return stall();
        }
    }));

    private int stall() {
        begun.incrementAndGet();
        boolean interrupted = false;
        while (true) {
            try {
                switchedOff.await();
                break;
            } catch (InterruptedException again) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        return Dma.ABORT;
    }

    @AfterEach
    void switchOff() {
        switchedOff.countDown();
        probe.close();
    }

    @Test
    void transferThatStallsForEverIsAMismatchAndNotAReplayThatHangs() {
        assertThat(probe.faults(stream, Dma.NO_PASID, 0x5000, "read right after the unmap"))
                .isFalse();
        assertThat(probe.refusesWrite(stream, Dma.NO_PASID, 0x6000, 0x1000, "write to a read-only page"))
                .isFalse();
        assertThat(score.mismatches())
                .extracting(Mismatch::found)
                .allMatch(found -> found.equals("the transfer did not end within 10 ms: was its fault answered?"))
                .hasSize(2);
    }

    @Test
    void afterSomeOfThemNoOtherIsTried() {
        for (int page = 0; page < 10; page++) {
            assertThat(probe.refusesPasid(stream, 3, page * 4096L, "read with a PASID that was freed"))
                    .isFalse();
        }
        assertThat(begun).hasValueLessThanOrEqualTo(3);
        assertThat(score.mismatchCount()).isEqualTo(10);
        assertThat(score.mismatches().get(9).found()).isEqualTo("not tried: 3 transfers did not end");
    }
}
