package org.sluice.smmuv3.driver;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.sluice.api.Counters;
import org.sluice.api.FaultResponse;
import org.sluice.api.IommuException;
import org.sluice.smmuv3.arch.CmdResume;
import org.sluice.smmuv3.arch.EventqBase;
import org.sluice.smmuv3.arch.EventqCons;
import org.sluice.smmuv3.arch.EventqProd;
import org.sluice.smmuv3.arch.EvtFTranslation;
import org.sluice.smmuv3.arch.Idr1;
import org.sluice.spi.driver.DeviceRecord;
import org.sluice.spi.driver.TranslationContext;

@Timeout(value = 60, unit = TimeUnit.SECONDS)
class EventThreadTest {
    private final UnitFixture fixture = new UnitFixture(10);

    @AfterEach
    void end() {
        fixture.unit.shutdown();
    }

    @Test
    void interruptBringsEveryRecordToTheHostInOrder() {
        fixture.probe();
        for (int i = 0; i < 100; i++) {
            fixture.registers.raise(0x0000_0042_0000_0010L, 0, i, 0);
        }
        fixture.registers.interrupt("eventq");
        await(() -> fixture.host.faults().size() == 100);
        for (int i = 0; i < 100; i++) {
            assertThat(fixture.host.faults().get(i).iova()).isEqualTo(i);
        }
        assertThat(fixture.registers.get(EventqCons.ADDRESS)).isEqualTo(100);
    }

    @Test
    void recordsAreFoundWithoutAnInterruptToo() {
        fixture.probe();
        fixture.registers.raise(0x10, 0, 0, 0);
        await(() -> fixture.host.faults().size() == 1);
    }

    @Test
    void overflowIsAcknowledgedAndTheQueueGoesOnAcrossTheWrap() {
        fixture.registers.set(Idr1.ADDRESS, Idr1.withEventqs(fixture.registers.get(Idr1.ADDRESS), 3));
        fixture.probe();
        CountDownLatch enter = new CountDownLatch(1);
        CountDownLatch leave = new CountDownLatch(1);
        fixture.host.onFault(fault -> {
            enter.countDown();
            awaitLatch(leave);
            return FaultResponse.ABORT;
        });
        assertThat(EventqBase.log2size(fixture.registers.get(EventqBase.ADDRESS)))
                .isEqualTo(3);
        fixture.registers.raise(0x10, 0, 0, 0);
        awaitLatch(enter);
        for (int i = 1; i <= 11; i++) {
            fixture.registers.raise(0x10, 0, i, 0);
        }
        leave.countDown();
        await(() -> fixture.host.faults().size() == 9);
        await(() -> EventqCons.ovackflg(fixture.registers.get(EventqCons.ADDRESS)) == 1);
        assertThat(EventqProd.ovflg(fixture.registers.get(EventqProd.ADDRESS))).isEqualTo(1);
        fixture.registers.raise(0x10, 0, 99, 0);
        await(() -> fixture.host.faults().size() == 10);
        assertThat(((Counters) fixture.unit).read())
                .containsEntry("driver.events.overflows", 1L)
                .containsEntry("driver.events", 10L);
        assertThat(fixture.host.faults().get(9).iova()).isEqualTo(99);
    }

    /** A bundle that goes without a hand-over leaves no thread that would compete with a successor's. */
    @Test
    void deactivationStopsTheThreadAndLeavesTheHardwareRunning() {
        fixture.probe();
        int writes = fixture.registers.writes().size();
        fixture.driver.deactivate();
        fixture.registers.raise(0x10, 0, 1, 0);
        fixture.registers.interrupt("eventq");
        assertThat(fixture.registers.hasListeners()).isFalse();
        assertThat(Thread.getAllStackTraces().keySet())
                .noneMatch(thread -> thread.getName().equals("sluice-smmuv3-smmu0"));
        assertThat(fixture.host.faults()).isEmpty();
        assertThat(fixture.registers.writes()).hasSize(writes);
        fixture.unit.handOver();
    }

    @Test
    void handlerThatThrowsDoesNotEndTheThread() {
        fixture.probe();
        fixture.host.onFault(fault -> {
            throw new IllegalStateException("handler's fault");
        });
        fixture.registers.raise(0x10, 0, 1, 0);
        fixture.registers.raise(0x10, 0, 2, 0);
        fixture.registers.interrupt("eventq");
        await(() -> fixture.host.faults().size() == 2);
    }

    @Test
    void stalledTransactionIsResumedAsTheHandlerSays() {
        fixture.probe();
        fixture.host.onFault(fault -> fault.iova() == 1 ? FaultResponse.RETRY : FaultResponse.UNHANDLED);
        long stalled = EvtFTranslation.withStag(EvtFTranslation.withStall(0, 1), 9);
        fixture.registers.raise(0x0000_0042_0000_0010L, stalled, 1, 0);
        fixture.registers.raise(0x0000_0042_0000_0010L, stalled, 2, 0);
        fixture.registers.interrupt("eventq");
        await(() -> fixture.registers.commands().size() == 2);
        assertThat(fixture.registers.commands().get(0)).isEqualTo(new RegisterFake.Taken(0x0000004200001044L, 9));
        assertThat(CmdResume.resp(fixture.registers.commands().get(1).word0())).isEqualTo(CmdResume.RESP_ABORT);
    }

    /** DESIGN: events that were recorded before a detach are handled before it returns. */
    @Test
    void detachReturnsOnlyAfterTheHandlersOfEarlierEvents() {
        fixture.probe();
        DeviceRecord device = fixture.added("dev", 10, 0x42);
        TranslationContext context = fixture.context(0x8000_0000L);
        fixture.pasids().mmAttach(device, 5, context, true);
        AtomicBoolean finished = new AtomicBoolean();
        CountDownLatch enter = new CountDownLatch(1);
        CountDownLatch leave = new CountDownLatch(1);
        fixture.host.onFault(fault -> {
            enter.countDown();
            awaitLatch(leave);
            finished.set(true);
            return FaultResponse.ABORT;
        });
        fixture.registers.raise(0x0000_0042_0000_5810L, 0, 0x1000, 0);
        fixture.registers.interrupt("eventq");
        awaitLatch(enter);
        // The release comes from the TLB invalidation's sync, so that the detach is surely under way.
        fixture.registers.onSync(leave::countDown);
        fixture.pasids().mmDetach(device, 5, context, true);
        assertThat(finished).isTrue();
    }

    @Test
    void handlerMayDetachThePasidThatFaulted() {
        fixture.probe();
        DeviceRecord device = fixture.added("dev", 10, 0x42);
        TranslationContext context = fixture.context(0x8000_0000L);
        fixture.pasids().mmAttach(device, 5, context, true);
        fixture.host.onFault(fault -> {
            if (fault.iova() == 1) {
                fixture.pasids().mmDetach(device, 5, context, true);
            }
            return FaultResponse.ABORT;
        });
        fixture.registers.raise(0x0000_0042_0000_5810L, 0, 1, 0);
        fixture.registers.raise(0x0000_0042_0000_5810L, 0, 2, 0);
        fixture.registers.interrupt("eventq");
        await(() -> fixture.host.faults().size() == 2);
        await(() -> {
            try {
                fixture.pasids().mmDetach(device, 5, context, true);
                return false;
            } catch (IommuException gone) {
                return true;
            }
        });
    }

    @Test
    void illegalCommandIsRecoveredByTheInterruptAlone() {
        fixture.probe();
        TranslationContext context = fixture.context(0x8000_0000L);
        fixture.registers.refuse(command -> command.word0() != Command.sync() && command.word0() != 0x46);
        context.invalidate(0, 4096, 4096, true);
        await(() -> fixture.registers.commands().stream().anyMatch(command -> command.word0() == 0x46));
        fixture.registers.refuse(command -> false);
    }

    private static void await(BooleanSupplier condition) {
        while (!condition.getAsBoolean()) {
            if (Thread.currentThread().isInterrupted()) {
                throw new AssertionError("it did not happen before the test's time was up");
            }
            Thread.yield();
        }
    }

    private static void awaitLatch(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
