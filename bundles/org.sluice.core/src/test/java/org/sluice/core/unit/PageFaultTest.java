package org.sluice.core.unit;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.sluice.api.Domain;
import org.sluice.api.FaultEvent;
import org.sluice.api.FaultResponse;
import org.sluice.api.IoMm;
import org.sluice.api.IommuDevice;
import org.sluice.api.PageFault;
import org.sluice.api.PageFaultHandler;
import org.sluice.api.SpaceState;
import org.sluice.core.TestMachine;
import org.sluice.core.fake.FakeDriver;
import org.sluice.core.fault.FaultWorkers;
import org.sluice.spi.driver.PageRequest;
import org.sluice.spi.driver.PageResponse;
import org.sluice.spi.driver.UnitHost;

/** Repairable faults: collected, repaired off the event thread, answered once. */
class PageFaultTest {
    private static final int NIC = TestMachine.NIC;

    private TestMachine machine = TestMachine.full();

    @AfterEach
    void stop() {
        machine.close();
    }

    private IommuDevice nic() {
        return machine.device("nic");
    }

    private UnitHost host() {
        return Unit.of(nic()).host();
    }

    private IoMm space(PageFaultHandler handler) {
        IoMm space = machine.prepared("nic").allocPasid(nic());
        space.onPageFault(handler);
        return space;
    }

    private PageResponse answerTo(PageRequest request) {
        return machine.driver.responses.to(request);
    }

    private void useWorkers(FaultWorkers workers) {
        machine.close();
        machine = TestMachine.full(workers);
    }

    private static void await(CountDownLatch latch) {
        try {
            assertThat(latch.await(60, TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException interrupted) {
            throw new AssertionError(interrupted);
        }
    }

    @Test
    void ownerOfAPrivateSpaceMapsWhatIsMissingOnAThreadThatMaySleep() {
        List<Thread> threads = new CopyOnWriteArrayList<>();
        IoMm space = machine.prepared("nic").allocPasid(nic());
        space.onPageFault(fault -> {
            threads.add(Thread.currentThread());
            space.map(fault.iova() & -4096, 0x9000, 0x1000, TestMachine.RW);
            return FaultResponse.RETRY;
        });
        PageRequest request = Requests.stall(NIC, space.pasid(), 0x5008);
        assertThat(host().pageRequest(request)).isTrue();
        assertThat(answerTo(request)).isEqualTo(PageResponse.SUCCESS);
        assertThat(space.iovaToPhys(0x5008)).isEqualTo(0x9008);
        assertThat(threads).doesNotContain(Thread.currentThread()).hasSize(1);
    }

    @Test
    void partialFaultsWaitForTheLastOfTheirGroupAndGetOneAnswer() {
        List<PageFault> seen = new CopyOnWriteArrayList<>();
        IoMm space = space(fault -> {
            seen.add(fault);
            return FaultResponse.RETRY;
        });
        int pasid = space.pasid();
        assertThat(host().pageRequest(Requests.part(NIC, pasid, 0x1000, 3))).isTrue();
        assertThat(host().pageRequest(Requests.part(NIC, pasid, 0x2000, 4))).isTrue();
        assertThat(host().pageRequest(Requests.part(NIC, pasid, 0x3000, 3))).isTrue();
        assertThat(seen).isEmpty();
        PageRequest last = Requests.last(NIC, pasid, 0x4000, 3);
        assertThat(host().pageRequest(last)).isTrue();
        assertThat(answerTo(last)).isEqualTo(PageResponse.SUCCESS);
        assertThat(seen).extracting(PageFault::iova).containsExactly(0x1000L, 0x3000L, 0x4000L);
        assertThat(seen).allMatch(PageFault::read);
        assertThat(machine.driver.responses.all()).hasSize(1);
        assertThat(machine.counter("iopf.groups")).isEqualTo(1);
        assertThat(machine.counter("iopf.requests")).isEqualTo(4);
    }

    @Test
    void firstFaultThatCannotBeRepairedDecidesForTheGroupAndListenersHearOfIt() {
        List<FaultEvent> heard = new CopyOnWriteArrayList<>();
        machine.listen(heard::add);
        AtomicInteger asked = new AtomicInteger();
        IoMm space = space(fault -> {
            asked.incrementAndGet();
            return fault.iova() == 0x2000 ? FaultResponse.ABORT : FaultResponse.RETRY;
        });
        for (long iova : new long[] {0x1000, 0x2000, 0x3000}) {
            host().pageRequest(Requests.part(NIC, space.pasid(), iova, 1));
        }
        PageRequest last = Requests.last(NIC, space.pasid(), 0x4000, 1);
        host().pageRequest(last);
        assertThat(answerTo(last)).isEqualTo(PageResponse.INVALID);
        assertThat(asked).hasValue(2);
        assertThat(heard).singleElement().extracting(FaultEvent::iova).isEqualTo(0x2000L);
    }

    @Test
    void handlerThatThrowsOrAnswersNothingMakesTheAccessFail() {
        IoMm space = space(fault -> {
            throw new IllegalStateException("handler");
        });
        PageRequest one = Requests.stall(NIC, space.pasid(), 0x1000);
        host().pageRequest(one);
        assertThat(answerTo(one)).isEqualTo(PageResponse.INVALID);
        space.onPageFault(fault -> null);
        PageRequest two = Requests.stall(NIC, space.pasid(), 0x1000);
        host().pageRequest(two);
        assertThat(answerTo(two)).isEqualTo(PageResponse.INVALID);
    }

    @Test
    void withoutAHandlerTheDriverIsToldToAnswer() {
        IoMm space = space(null);
        assertThat(host().pageRequest(Requests.stall(NIC, space.pasid(), 0x1000)))
                .isFalse();
        assertThat(host().pageRequest(Requests.stall(NIC, 99, 0x1000))).isFalse();
        assertThat(host().pageRequest(Requests.stall(0xabc, space.pasid(), 0x1000)))
                .isFalse();
        assertThat(machine.driver.responses.all()).isEmpty();
        assertThat(machine.counter("iopf.unhandled")).isEqualTo(2);
    }

    @Test
    void handlerThatIsTakenAwayAmidAGroupLeavesTheAnswerToTheDriver() {
        IoMm space = space(fault -> FaultResponse.RETRY);
        assertThat(host().pageRequest(Requests.part(NIC, space.pasid(), 0x1000, 1)))
                .isTrue();
        space.onPageFault(null);
        assertThat(host().pageRequest(Requests.last(NIC, space.pasid(), 0x2000, 1)))
                .isFalse();
        assertThat(Unit.of(nic()).faults().pages().pending()).isZero();
    }

    @Test
    void untaggedFaultsGoToTheHandlerOfTheDomain() {
        Domain domain = machine.attached("nic");
        domain.onPageFault(fault -> {
            domain.space().map(fault.iova(), 0x8000, 0x1000, TestMachine.RW);
            return FaultResponse.RETRY;
        });
        PageRequest request = Requests.stall(NIC, FaultEvent.NO_PASID, 0x6000);
        assertThat(host().pageRequest(request)).isTrue();
        assertThat(answerTo(request)).isEqualTo(PageResponse.SUCCESS);
        assertThat(domain.space().iovaToPhys(0x6000)).isEqualTo(0x8000);
    }

    @Test
    void driverThatCannotAnswerRepairsNothing() {
        machine.close();
        machine = TestMachine.running();
        IoMm space = space(fault -> FaultResponse.RETRY);
        assertThat(host().pageRequest(Requests.stall(NIC, space.pasid(), 0x1000)))
                .isFalse();
    }

    @Test
    void tooLateIsAnsweredInvalidOnceAndTheHandlersAnswerIsIgnored() {
        useWorkers(new FaultWorkers(1, 8, 50));
        CountDownLatch go = new CountDownLatch(1);
        CountDownLatch left = new CountDownLatch(1);
        IoMm space = space(fault -> {
            await(go);
            left.countDown();
            return FaultResponse.RETRY;
        });
        PageRequest running = Requests.stall(NIC, space.pasid(), 0x1000, false, 1);
        PageRequest queued = Requests.stall(NIC, space.pasid(), 0x2000, false, 2);
        host().pageRequest(running);
        host().pageRequest(queued);
        assertThat(answerTo(running)).isEqualTo(PageResponse.INVALID);
        assertThat(answerTo(queued)).isEqualTo(PageResponse.INVALID);
        go.countDown();
        await(left);
        machine.device("nic").shutdownSva();
        assertThat(machine.driver.responses.all()).hasSize(2);
        assertThat(machine.counter("iopf.timeouts")).isEqualTo(2);
    }

    @Test
    void groupWhoseLastNeverComesIsForgottenInTime() throws InterruptedException {
        useWorkers(new FaultWorkers(1, 8, 20));
        IoMm space = space(fault -> FaultResponse.RETRY);
        host().pageRequest(Requests.part(NIC, space.pasid(), 0x1000, 1));
        for (int i = 0; i < 3000 && Unit.of(nic()).faults().pages().pending() > 0; i++) {
            Thread.sleep(10);
        }
        assertThat(Unit.of(nic()).faults().pages().pending()).isZero();
        assertThat(machine.counter("iopf.discarded")).isEqualTo(1);
        assertThat(machine.driver.responses.all()).isEmpty();
    }

    /** The index of a group comes back: what is left of one that the hardware answered must not join the next. */
    @Test
    void lossOfRequestsForgetsWhatWaitsForTheRestOfItsGroup() {
        List<PageFault> seen = new CopyOnWriteArrayList<>();
        IoMm space = space(fault -> {
            seen.add(fault);
            return FaultResponse.RETRY;
        });
        host().pageRequest(Requests.part(NIC, space.pasid(), 0x1000, 3));
        host().pageRequest(Requests.part(NIC, space.pasid(), 0x2000, 4));
        host().pageRequestsLost();
        assertThat(Unit.of(nic()).faults().pages().pending()).isZero();
        assertThat(machine.counter("iopf.discarded")).isEqualTo(2);
        PageRequest last = Requests.last(NIC, space.pasid(), 0x4000, 3);
        assertThat(host().pageRequest(last)).isTrue();
        assertThat(answerTo(last)).isEqualTo(PageResponse.SUCCESS);
        assertThat(seen).extracting(PageFault::iova).containsExactly(0x4000L);
    }

    @Test
    void fullQueueLeavesTheAnswerToTheDriver() {
        useWorkers(new FaultWorkers(1, 1, 30_000));
        CountDownLatch go = new CountDownLatch(1);
        CountDownLatch began = new CountDownLatch(1);
        IoMm space = space(fault -> {
            began.countDown();
            await(go);
            return FaultResponse.RETRY;
        });
        assertThat(host().pageRequest(Requests.stall(NIC, space.pasid(), 0x1000, false, 1)))
                .isTrue();
        await(began);
        assertThat(host().pageRequest(Requests.stall(NIC, space.pasid(), 0x1000, false, 2)))
                .isTrue();
        PageRequest third = Requests.stall(NIC, space.pasid(), 0x1000, false, 3);
        assertThat(host().pageRequest(third)).isFalse();
        assertThat(machine.counter("iopf.rejected")).isEqualTo(1);
        go.countDown();
    }

    @Test
    void partialRequestsOfOneIommuAreBounded() {
        IoMm space = space(fault -> FaultResponse.RETRY);
        int taken = 0;
        for (int group = 0; group < 3000; group++) {
            taken += host().pageRequest(Requests.part(NIC, space.pasid(), 0x1000, group)) ? 1 : 0;
        }
        assertThat(taken).isEqualTo(1024);
        PageRequest last = Requests.last(NIC, space.pasid(), 0x1000, 2999);
        assertThat(host().pageRequest(last)).isTrue();
        assertThat(answerTo(last)).isEqualTo(PageResponse.SUCCESS);
    }

    @Test
    void freeDrainsTheHardwareAnswersWhatWaitsAndWaitsForTheHandler_R25() throws InterruptedException {
        useWorkers(new FaultWorkers(1, 8, 30_000));
        CountDownLatch go = new CountDownLatch(1);
        CountDownLatch began = new CountDownLatch(1);
        List<String> order = new CopyOnWriteArrayList<>();
        IoMm space = space(fault -> {
            began.countDown();
            await(go);
            order.add("handler left");
            return FaultResponse.RETRY;
        });
        PageRequest running = Requests.stall(NIC, space.pasid(), 0x1000, false, 1);
        PageRequest queued = Requests.stall(NIC, space.pasid(), 0x2000, false, 2);
        host().pageRequest(running);
        await(began);
        host().pageRequest(queued);
        host().pageRequest(Requests.part(NIC, space.pasid(), 0x3000, 7));
        machine.journal.clear();
        Thread client = new Thread(() -> {
            space.domain().freePasid(space);
            order.add("free returned");
        });
        client.start();
        assertThat(answerTo(running)).isEqualTo(PageResponse.INVALID);
        assertThat(answerTo(queued)).isEqualTo(PageResponse.INVALID);
        while (machine.counter("quarantine.spaces") == 0) {
            Thread.onSpinWait();
        }
        assertThat(space.state()).as("a handler may still map").isEqualTo(SpaceState.REVOKED);
        assertThat(machine.journal.of("freeContext", "table.free")).isEmpty();
        go.countDown();
        client.join();
        assertThat(order).containsExactly("handler left", "free returned");
        assertThat(space.state()).isEqualTo(SpaceState.FREED);
        assertThat(machine.journal.of("mmDetach", "drain", "freeContext", "table.free"))
                .containsExactly(
                        "mmDetach nic pasid1 tag2 detachDomain=true",
                        "drain nic pasid1",
                        "freeContext tag2",
                        "table.free");
        assertThat(Unit.of(nic()).faults().pages().pending()).isZero();
    }

    @Test
    void handlerMayFreeItsOwnSpace() {
        IoMm space = machine.prepared("nic").allocPasid(nic());
        space.onPageFault(fault -> {
            space.domain().freePasid(space);
            return FaultResponse.RETRY;
        });
        PageRequest request = Requests.stall(NIC, space.pasid(), 0x1000);
        host().pageRequest(request);
        assertThat(answerTo(request)).isEqualTo(PageResponse.INVALID);
        for (int i = 0; i < 60_000 && space.state() != SpaceState.FREED; i++) {
            machine.settle();
        }
        assertThat(space.state()).isEqualTo(SpaceState.FREED);
        assertThat(machine.counter("quarantine.spaces")).isZero();
    }

    @Test
    void spaceWhoseQueueDidNotDrainStaysInQuarantineUntilItDoes() throws InterruptedException {
        IoMm space = space(fault -> FaultResponse.RETRY);
        machine.driver.failDrain = true;
        space.domain().freePasid(space);
        assertThat(space.state()).isEqualTo(SpaceState.REVOKED);
        machine.driver.failDrain = false;
        for (int i = 0; i < 6000 && space.state() != SpaceState.FREED; i++) {
            Thread.sleep(10);
        }
        assertThat(space.state()).isEqualTo(SpaceState.FREED);
    }

    @Test
    void answersThatADriverDidNotLiveToGiveAreGivenByItsSuccessor() {
        CountDownLatch go = new CountDownLatch(1);
        CountDownLatch began = new CountDownLatch(1);
        IoMm space = space(fault -> {
            began.countDown();
            await(go);
            return FaultResponse.RETRY;
        });
        PageRequest request = Requests.stall(NIC, space.pasid(), 0x1000);
        host().pageRequest(request);
        await(began);
        machine.removeDriver();
        go.countDown();
        while (Unit.of(nic()).faults().pages().pending() > 0) {
            Thread.onSpinWait();
        }
        assertThat(machine.driver.responses.all()).isEmpty();
        FakeDriver next = new FakeDriver(machine.hardware);
        next.full = true;
        machine.driver = next;
        machine.addDriver("1.1.0");
        assertThat(next.responses.to(request)).isEqualTo(PageResponse.SUCCESS);
    }

    @Test
    void deviceThatMovesAsksItsNewDomainAgain() {
        CountDownLatch go = new CountDownLatch(1);
        CountDownLatch began = new CountDownLatch(1);
        Domain old = machine.attached("nic");
        old.onPageFault(fault -> {
            began.countDown();
            await(go);
            return FaultResponse.ABORT;
        });
        PageRequest request = Requests.stall(NIC, FaultEvent.NO_PASID, 0x1000);
        host().pageRequest(request);
        await(began);
        machine.attached("nic");
        assertThat(answerTo(request)).isEqualTo(PageResponse.SUCCESS);
        go.countDown();
    }

    @Test
    void iommuThatGoesAnswersFailure() {
        CountDownLatch go = new CountDownLatch(1);
        CountDownLatch began = new CountDownLatch(1);
        Domain domain = machine.attached("nic");
        domain.onPageFault(fault -> {
            began.countDown();
            await(go);
            return FaultResponse.RETRY;
        });
        Unit unit = Unit.of(nic());
        PageRequest request = Requests.stall(NIC, FaultEvent.NO_PASID, 0x1000);
        host().pageRequest(request);
        await(began);
        unit.faults().pages().close();
        assertThat(answerTo(request)).isEqualTo(PageResponse.FAILURE);
        go.countDown();
    }

    @Test
    void everyGroupIsAnsweredOnceWhateverHappens() {
        List<PageRequest> all = new ArrayList<>();
        IoMm space = space(fault -> fault.iova() % 0x2000 == 0 ? FaultResponse.RETRY : FaultResponse.ABORT);
        for (int i = 0; i < 60; i++) {
            PageRequest request = Requests.stall(NIC, space.pasid(), i * 0x1000L, false, i);
            if (host().pageRequest(request)) {
                all.add(request);
            }
        }
        all.forEach(this::answerTo);
        assertThat(machine.driver.responses.all()).hasSameSizeAs(all);
        assertThat(machine.counter("iopf.success") + machine.counter("iopf.invalid"))
                .isEqualTo(machine.counter("iopf.groups"))
                .isEqualTo(all.size());
    }
}
