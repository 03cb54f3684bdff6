package org.sluice.smmuv3.driver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.sluice.api.Counters;
import org.sluice.api.Errno;
import org.sluice.api.FaultEvent;
import org.sluice.api.IommuException;
import org.sluice.smmuv3.arch.ContextDescriptor;
import org.sluice.smmuv3.arch.Opcode;
import org.sluice.smmuv3.arch.PriqCons;
import org.sluice.smmuv3.arch.StreamTableEntry;
import org.sluice.spi.bus.DevicePort;
import org.sluice.spi.driver.Attachment;
import org.sluice.spi.driver.DeviceRecord;
import org.sluice.spi.driver.PageRequest;
import org.sluice.spi.driver.PageResponse;
import org.sluice.spi.driver.PageResponseOperations;

/** Faults that can be repaired: page requests of devices and stalled transactions, and their answers. */
@Timeout(value = 120, unit = TimeUnit.SECONDS)
class PageRequestTest {
    private static final int STREAM = 0x42;

    /** SSV, Last, read, SubstreamID 5, of {@link #STREAM}. */
    private static final long READ_LAST = 1L << 63 | 1L << 62 | 1L << 60 | 5L << 32 | STREAM;

    private static final long NOT_LAST = READ_LAST & ~(1L << 62);

    private final UnitFixture fixture = UnitFixture.probedComplete(10);
    private final PageResponseOperations responses = (PageResponseOperations) fixture.unit;

    @AfterEach
    void shutdownGivesEverythingBack() {
        fixture.unit.shutdown();
        assertThat(fixture.host.allocator().allocations()).isEmpty();
    }

    @Test
    void requestReachesTheCoreWithAllThatItSays() {
        fixture.added("dev", 10, TestPort.withAts(), STREAM);
        fixture.host.repairs(request -> true);
        fixture.registers.request(READ_LAST | 1L << 61, 0x7777_7000L | 0x1ff);
        fixture.registers.interrupt("priq");
        await(() -> !fixture.host.requests().isEmpty());
        PageRequest request = fixture.host.requests().get(0);
        assertThat(request.kind()).isEqualTo(PageRequest.Kind.PRI);
        assertThat(request.group()).isEqualTo(0x1ff);
        assertThat(request.last()).isTrue();
        assertThat(request.read()).isTrue();
        assertThat(request.fault().write()).isTrue();
        assertThat(request.fault().pasid()).isEqualTo(5);
        assertThat(request.fault().streamId()).isEqualTo(STREAM);
        assertThat(request.fault().iova()).isEqualTo(0x7777_7000L);
        assertThat(fixture.registers.takeCommands())
                .as("the core answers later")
                .isEmpty();
        responses.respond(request, PageResponse.SUCCESS);
        assertThat(fixture.registers.takeCommands())
                .containsExactly(new RegisterFake.Taken(0x0000_0042_0000_5841L, 0x21ff));
    }

    /** PRI_RESP: 0 failure, 1 invalid request, 2 success; with the PASID only where the device wants it back. */
    @Test
    void answersAreEncodedAsTheManualHasThem() {
        fixture.added("dev", 10, TestPort.withAts(), STREAM);
        fixture.added("plain", 10, DevicePort.NONE, 0x50);
        PageRequest tagged = request(STREAM, READ_LAST);
        responses.respond(tagged, PageResponse.FAILURE);
        responses.respond(tagged, PageResponse.INVALID);
        responses.respond(request(STREAM, READ_LAST & ~(1L << 63)), PageResponse.SUCCESS);
        responses.respond(request(0x50, READ_LAST & ~0xffffffffL | 0x50), PageResponse.SUCCESS);
        assertThat(fixture.registers.takeCommands())
                .containsExactly(
                        new RegisterFake.Taken(0x0000_0042_0000_5841L, 0x0003),
                        new RegisterFake.Taken(0x0000_0042_0000_5841L, 0x1003),
                        new RegisterFake.Taken(0x0000_0042_0000_0041L, 0x2003),
                        new RegisterFake.Taken(0x0000_0050_0000_0041L, 0x2003));
    }

    @Test
    void groupThatNobodyWantsIsRefusedOnceWithItsLastRequest() {
        fixture.added("dev", 10, TestPort.withAts(), STREAM);
        fixture.registers.request(NOT_LAST, 0x1000 | 3);
        fixture.registers.request(NOT_LAST, 0x2000 | 3);
        fixture.registers.request(READ_LAST, 0x3000 | 3);
        fixture.registers.interrupt("priq");
        await(() -> !fixture.registers.commands().isEmpty());
        assertThat(fixture.host.requests()).hasSize(3);
        assertThat(fixture.registers.takeCommands())
                .containsExactly(new RegisterFake.Taken(0x0000_0042_0000_5841L, 0x1003));
    }

    /** Last, no read, no write, a PASID: the device will not use it any more. Nothing is asked and nothing answered. */
    @Test
    void stopMarkerIsNotARequest() {
        fixture.registers.request(READ_LAST & ~(1L << 60), 0);
        fixture.registers.interrupt("priq");
        await(() -> PriqCons.rd(fixture.registers.get(PriqCons.ADDRESS)) == 1);
        assertThat(fixture.host.requests()).isEmpty();
        assertThat(fixture.registers.takeCommands()).isEmpty();
    }

    /** The core is told once, when it has every request from before the loss: it must not wait for the rest of their groups. */
    @Test
    void overflowIsAcknowledgedCountedAndToldAfterWhatCameBefore() {
        CountDownLatch leave = new CountDownLatch(1);
        fixture.host.repairs(request -> {
            awaitLatch(leave);
            return true;
        });
        for (int i = 0; i < 10; i++) {
            fixture.registers.request(NOT_LAST, i);
        }
        leave.countDown();
        fixture.registers.interrupt("priq");
        await(() -> !fixture.host.seenBeforeLosses().isEmpty());
        assertThat(counter("driver.requests.overflows")).isEqualTo(1);
        assertThat(PriqCons.ovackflg(fixture.registers.get(PriqCons.ADDRESS))).isEqualTo(1);
        int recorded = fixture.host.requests().size();
        assertThat(recorded).isBetween(8, 9);
        assertThat(fixture.host.seenBeforeLosses()).containsExactly(recorded);
        fixture.registers.request(READ_LAST, 0);
        fixture.registers.interrupt("priq");
        await(() -> fixture.host.requests().size() == recorded + 1);
        assertThat(fixture.host.seenBeforeLosses()).hasSize(1);
    }

    @Test
    void deviceThatCanWaitStallsAndOthersDoNot() {
        DeviceRecord patient = fixture.added("gpu", 0, new TestPort(new java.util.ArrayList<>(), false), 0x60);
        DeviceRecord impatient = fixture.added("nic", 0, DevicePort.NONE, 0x61);
        fixture.unit.attach(patient, Attachment.to(fixture.context(0x8000_0000L)));
        fixture.unit.attach(impatient, Attachment.to(fixture.context(0x9000_0000L)));
        assertThat(ContextDescriptor.s(fixture.descriptor(0x60, 0)[0])).isEqualTo(1);
        assertThat(StreamTableEntry.s1stalld(fixture.streamEntry(0x60)[1])).isZero();
        assertThat(ContextDescriptor.s(fixture.descriptor(0x61, 0)[0])).isZero();
        assertThat(StreamTableEntry.s1stalld(fixture.streamEntry(0x61)[1])).isEqualTo(1);
        fixture.unit.attach(patient, Attachment.to(fixture.stage2(0xa000_0000L)));
        assertThat(StreamTableEntry.s2s(fixture.streamEntry(0x60)[2])).isEqualTo(1);
    }

    /** Offered for repair first; the golden of linux-iommu.md section 3.4 is the answer. */
    @Test
    void stalledTransactionWaitsForTheAnswer() {
        fixture.host.repairs(request -> request.kind() == PageRequest.Kind.STALL);
        fixture.registers.raise(0x0000_0042_0000_0010L, 1L << 31 | 1L << 35 | 9, 0x1000, 0);
        fixture.registers.interrupt("eventq");
        await(() -> !fixture.host.requests().isEmpty());
        PageRequest request = fixture.host.requests().get(0);
        assertThat(request.group()).isEqualTo(9);
        assertThat(request.last()).isTrue();
        assertThat(request.read()).isTrue();
        assertThat(fixture.host.faults()).as("not reported as lost").isEmpty();
        assertThat(fixture.registers.takeCommands()).isEmpty();
        responses.respond(request, PageResponse.SUCCESS);
        assertThat(fixture.registers.takeCommands()).containsExactly(new RegisterFake.Taken(0x0000_0042_0000_1044L, 9));
        responses.respond(request, PageResponse.FAILURE);
        assertThat(fixture.registers.takeCommands()).containsExactly(new RegisterFake.Taken(0x0000_0042_0000_2044L, 9));
    }

    /** Nobody could answer them any more. Only once the entry aborts, or the transaction would stall again. */
    @Test
    void removalEndsWhatStallsOnceTheEntryAborts() {
        DeviceRecord gpu = fixture.added("gpu", 0, new TestPort(new java.util.ArrayList<>(), false), 0x60);
        fixture.unit.attach(gpu, Attachment.to(fixture.context(0x8000_0000L)));
        fixture.registers.takeCommands();
        fixture.unit.removeDevice(gpu);
        java.util.List<RegisterFake.Taken> commands = fixture.registers.commands();
        int end = commands.indexOf(new RegisterFake.Taken(0x0000_0060_0000_0045L, 0));
        assertThat(commands.lastIndexOf(new RegisterFake.Taken(Command.cfgiSte(0x60), 1)))
                .isBetween(0, end - 2);
        assertThat(commands.get(end + 1)).isEqualTo(new RegisterFake.Taken(Command.sync(), 0));
        DeviceRecord nic = fixture.added("nic", 0, DevicePort.NONE, 0x61);
        fixture.unit.removeDevice(nic);
        assertThat(fixture.registers.commands()).noneMatch(command -> (command.word0() & 0xff) == Opcode.STALL_TERM);
    }

    @Test
    void stallThatNobodyRepairsIsReportedAndAborted() {
        fixture.registers.raise(0x0000_0042_0000_0010L, 1L << 31 | 9, 0x1000, 0);
        fixture.registers.interrupt("eventq");
        await(() -> fixture.registers.commands().stream().anyMatch(c -> (c.word0() & 0xff) == Opcode.RESUME));
        assertThat(fixture.host.faults()).hasSize(1);
    }

    @Test
    void drainReturnsWhenEveryEarlierRecordWasGivenToTheCore() {
        DeviceRecord device = fixture.added("dev", 10, TestPort.withAts(), STREAM);
        fixture.host.repairs(request -> true);
        for (int i = 0; i < 5; i++) {
            fixture.registers.request(READ_LAST, i);
            fixture.registers.raise(0x0000_0042_0000_5810L, 0, i, 0);
            responses.drain(device, 5);
            assertThat(fixture.host.requests()).hasSize(i + 1);
            assertThat(fixture.host.faults()).hasSize(i + 1);
        }
    }

    @Test
    void drainSaysWhenAHandlerDoesNotReturn() {
        DeviceRecord device = fixture.added("dev", 10, TestPort.withAts(), STREAM);
        CountDownLatch leave = new CountDownLatch(1);
        fixture.host.repairs(request -> {
            awaitLatch(leave);
            return true;
        });
        fixture.registers.request(READ_LAST, 0);
        assertThatExceptionOfType(IommuException.class)
                .isThrownBy(() -> responses.drain(device, FaultEvent.NO_PASID))
                .satisfies(failure -> assertThat(failure.errno()).isEqualTo(Errno.ETIMEDOUT));
        leave.countDown();
    }

    private static PageRequest request(int streamId, long word0) {
        PageRequestRecord record = new PageRequestRecord(word0 & ~0xffffffffL | streamId, 3);
        return new PageRequest(record.toFault(), PageRequest.Kind.PRI, record.group(), true, true);
    }

    private long counter(String name) {
        return ((Counters) fixture.unit).read().get(name);
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
