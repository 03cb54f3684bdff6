package org.sluice.smmuv3.driver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.smmuv3.arch.CmdqCons;
import org.sluice.smmuv3.arch.CmdqProd;
import org.sluice.smmuv3.arch.CommandHeader;
import org.sluice.smmuv3.arch.Cr0;
import org.sluice.smmuv3.arch.EventqCons;
import org.sluice.smmuv3.arch.Gbpa;
import org.sluice.smmuv3.arch.IrqCtrl;
import org.sluice.smmuv3.arch.Opcode;
import org.sluice.smmuv3.arch.StreamTableEntry;
import org.sluice.spi.board.IommuHardware;
import org.sluice.spi.bus.InterruptLines;
import org.sluice.spi.bus.PowerDomain;
import org.sluice.spi.driver.Attachment;
import org.sluice.spi.driver.DeviceRecord;
import org.sluice.spi.driver.PowerOperations;
import org.sluice.spi.driver.TranslationContext;

/** Suspend and resume, streams that firmware left running, and an SMMU that stops answering in the middle of a change. */
@Timeout(value = 120, unit = TimeUnit.SECONDS)
class PowerTest {
    private final UnitFixture fixture = UnitFixture.probedComplete(10);
    private final PowerOperations power = (PowerOperations) fixture.unit;

    @Test
    void resumeWritesEveryRegisterThatTheResetWroteAndForgetsEverything() {
        DeviceRecord device = fixture.added("dev", 10, 0x42);
        TranslationContext context = fixture.context(0x8000_0000L);
        fixture.unit.attach(device, Attachment.to(context));
        Map<Long, Long> before = registers();
        long[] entry = fixture.streamEntry(0x42);
        power.suspend();
        assertThat(Cr0.smmuen(fixture.registers.get(Cr0.ADDRESS))).isZero();
        assertThat(Gbpa.abort(fixture.registers.get(Gbpa.ADDRESS)))
                .as("streams abort")
                .isEqualTo(1);
        fixture.registers.losePower();
        fixture.registers.takeCommands();
        power.resume();
        Map<Long, Long> after = registers();
        assertThat(after).isEqualTo(before);
        assertThat(fixture.streamEntry(0x42)).containsExactly(entry);
        assertThat(opcodes()).containsExactly("CFGI_STE_RANGE_CFGI_ALL", "SYNC", "TLBI_NSNH_ALL", "SYNC");
        context.invalidateAll();
        fixture.unit.attach(device, Attachment.BLOCKED);
        assertThat(fixture.streamEntry(0x42)).containsExactly(StreamEntry.abort());
        fixture.unit.shutdown();
    }

    @Test
    void nothingIsAttachedMeanwhileAndInvalidationsWaitForTheResume() {
        DeviceRecord device = fixture.added("dev", 10, 0x42);
        TranslationContext context = fixture.context(0x8000_0000L);
        fixture.unit.attach(device, Attachment.to(context));
        power.suspend();
        fixture.registers.losePower();
        fixture.registers.takeCommands();
        context.invalidate(0x1000, 4096, 4096, true);
        context.sync();
        assertThat(fixture.registers.commands()).isEmpty();
        refused(Errno.EBUSY, () -> fixture.unit.attach(device, Attachment.BLOCKED));
        refused(Errno.EBUSY, () -> fixture.pasids().mmAttach(device, 5, context, true));
        refused(Errno.EBUSY, power::suspend);
        power.resume();
        refused(Errno.EINVAL, power::resume);
        fixture.unit.shutdown();
    }

    @Test
    void powerThatIsSwitchedWithoutAWarningIsRefused() {
        PowerDomain switched = new PowerDomain() {
            @Override
            public boolean isOn() {
                return true;
            }

            @Override
            public InterruptLines.Subscription onPowerUp(Runnable listener) {
                throw new AssertionError("nobody can live with that");
            }
        };
        UnitFixture other = new UnitFixture(0);
        IommuHardware hardware =
                new IommuHardware("smmu1", "arm,smmu-v3", other.registers, other.registers, Map.of(), switched);
        refused(Errno.EOPNOTSUPP, () -> other.driver.probe(hardware, other.host));
        assertThat(other.registers.writes()).isEmpty();
        fixture.unit.shutdown();
    }

    @Test
    void devicesDoNotCacheAcrossIt() {
        List<String> journal = new ArrayList<>();
        DeviceRecord device = fixture.added("dev", 10, new TestPort(journal, true), 0x42);
        fixture.unit.attach(device, Attachment.to(fixture.context(0x8000_0000L)));
        journal.clear();
        power.suspend();
        assertThat(journal).containsExactly("PRI off", "ATS off");
        fixture.registers.losePower();
        power.resume();
        assertThat(journal).containsExactly("PRI off", "ATS off", "ATS on 12", "PRI on 8");
        fixture.unit.shutdown();
    }

    @Test
    void recordedEventsAreReportedAndLaterOnesToo() {
        for (int i = 0; i < 3; i++) {
            fixture.registers.raise(0x0000_0042_0000_0010L, 0, i, 0);
        }
        power.suspend();
        assertThat(fixture.host.faults()).hasSize(3);
        fixture.registers.losePower();
        power.resume();
        assertThat(EventqCons.rd(fixture.registers.get(EventqCons.ADDRESS))).isEqualTo(3);
        fixture.registers.raise(0x0000_0042_0000_0010L, 0, 4, 0);
        fixture.registers.interrupt("eventq");
        await(() -> fixture.host.faults().size() == 4);
        fixture.unit.shutdown();
    }

    /** Threads that unmap meanwhile neither fail nor hang, and what they invalidate afterwards is executed. */
    @Test
    void threadsThatInvalidateMeanwhileLoseNothing() throws Exception {
        TranslationContext context = fixture.context(0x8000_0000L);
        AtomicBoolean stop = new AtomicBoolean();
        AtomicBoolean failed = new AtomicBoolean();
        Thread worker = new Thread(() -> {
            try {
                while (!stop.get()) {
                    context.invalidate(0x1000, 4096, 4096, true);
                    context.sync();
                }
            } catch (RuntimeException failure) {
                failure.printStackTrace();
                failed.set(true);
            }
        });
        worker.start();
        for (int round = 0; round < 20; round++) {
            power.suspend();
            power.resume();
        }
        stop.set(true);
        worker.join();
        assertThat(failed).isFalse();
        fixture.registers.takeCommands();
        context.invalidate(0x1000, 4096, 4096, true);
        context.sync();
        assertThat(opcodes()).containsExactly("TLBI_NH_VA", "SYNC");
        fixture.unit.shutdown();
    }

    /** Nobody can say what an SMMU uses that does not answer: entries are closed, and both contexts stay in use. */
    @Test
    void changeThatIsNotAcknowledgedLeavesTheDeviceBlocked() {
        DeviceRecord device = fixture.added("dev", 10, 0x42);
        TranslationContext one = fixture.context(0x8000_0000L);
        TranslationContext two = fixture.context(0x9000_0000L);
        fixture.unit.attach(device, Attachment.to(one));
        fixture.registers.stick(true);
        refused(Errno.ETIMEDOUT, () -> fixture.unit.attach(device, Attachment.to(two)));
        assertThat(StreamTableEntry.v(fixture.streamEntry(0x42)[0])).isZero();
        fixture.registers.stick(false);
        refused(Errno.EBUSY, () -> fixture.unit.freeContext(one));
        refused(Errno.EBUSY, () -> fixture.unit.freeContext(two));
        fixture.registers.takeCommands();
        fixture.unit.attach(device, Attachment.BLOCKED);
        assertThat(fixture.streamEntry(0x42)).containsExactly(StreamEntry.abort());
        assertThat(opcodes()).as("what was used before is forgotten now").contains("TLBI_NH_ASID");
        fixture.unit.freeContext(one);
        fixture.unit.freeContext(two);
        fixture.unit.shutdown();
        assertThat(fixture.host.allocator().allocations()).isEmpty();
    }

    @Test
    void pasidThatIsNotAcknowledgedIsNotAttachedAndTheDeviceBlockedUntilTheNextChange() {
        DeviceRecord device = fixture.added("dev", 10, 0x42);
        TranslationContext one = fixture.context(0x8000_0000L);
        TranslationContext two = fixture.context(0x9000_0000L);
        fixture.unit.attach(device, Attachment.to(one));
        fixture.pasids().mmAttach(device, 5, one, true);
        fixture.registers.stick(true);
        refused(Errno.ETIMEDOUT, () -> fixture.pasids().mmAttach(device, 6, two, true));
        assertThat(StreamTableEntry.v(fixture.streamEntry(0x42)[0])).isZero();
        fixture.registers.stick(false);
        fixture.pasids().mmAttach(device, 7, two, true);
        assertThat(StreamTableEntry.v(fixture.streamEntry(0x42)[0])).isEqualTo(1);
        assertThat(fixture.descriptor(0x42, 6)[0]).isZero();
        assertThat(fixture.descriptor(0x42, 5)[0]).isNotZero();
        assertThat(fixture.descriptor(0x42, 0)[0]).as("untagged traffic too").isNotZero();
        fixture.unit.removeDevice(device);
        fixture.unit.freeContext(one);
        fixture.unit.freeContext(two);
        fixture.unit.shutdown();
        assertThat(fixture.host.allocator().allocations()).isEmpty();
    }

    /** Firmware's streams pass from before the reset until their device is attached: GBPA lets them, then their entries. */
    @Test
    void reservedStreamsPassWithoutAGap() {
        fixture.unit.shutdown();
        UnitFixture other = UnitFixture.complete(0);
        other.properties = Map.of("rmr-streams", "0x10, 0x142-0x143");
        other.probe();
        assertThat(other.registers.writes().stream()
                        .filter(write -> write.address() == Gbpa.ADDRESS && Gbpa.abort(write.value()) != 0))
                .as("never told to abort")
                .isEmpty();
        for (int streamId : new int[] {0x10, 0x142, 0x143}) {
            assertThat(other.streamEntry(streamId)).containsExactly(StreamEntry.bypass());
        }
        assertThat(other.streamEntry(0x11)).containsExactly(StreamEntry.abort());
        DeviceRecord display = other.added("display", 0, 0x142);
        assertThat(other.streamEntry(0x142)).as("added, not attached").containsExactly(StreamEntry.bypass());
        List<Long> seen = new ArrayList<>();
        other.registers.onSync(() -> seen.add(other.streamEntry(0x142)[0]));
        other.unit.attach(display, Attachment.to(other.context(0x8000_0000L)));
        assertThat(seen).allSatisfy(word -> assertThat(StreamTableEntry.v(word)).isEqualTo(1));
        other.registers.onSync(() -> {});
        other.unit.attach(display, Attachment.BLOCKED);
        assertThat(other.streamEntry(0x142)).containsExactly(StreamEntry.abort());
        other.unit.shutdown();
    }

    @Test
    void reservedStreamsThatAreNoneAreRefused() {
        fixture.unit.shutdown();
        for (String bad : List.of("ten", "0x20-0x10", "-1", "0x10000")) {
            UnitFixture other = UnitFixture.complete(0);
            other.properties = Map.of("rmr-streams", bad);
            assertThatExceptionOfType(IommuException.class).isThrownBy(other::probe);
            assertThat(other.host.allocator().allocatedBytes()).isZero();
        }
    }

    private Map<Long, Long> registers() {
        Map<Long, Long> values = new java.util.TreeMap<>();
        fixture.registers
                .writes()
                .forEach(write -> values.put(write.address(), fixture.registers.get(write.address())));
        values.keySet().removeAll(List.of((long) Gbpa.ADDRESS, (long) CmdqProd.ADDRESS, (long) CmdqCons.ADDRESS));
        values.keySet().removeIf(address -> address != IrqCtrl.ADDRESS && fixture.registers.get(address) == 0);
        return values;
    }

    private List<String> opcodes() {
        return fixture.registers.commands().stream()
                .map(command -> Opcode.name((int) CommandHeader.opcode(command.word0())))
                .toList();
    }

    private static void await(BooleanSupplier condition) {
        while (!condition.getAsBoolean()) {
            if (Thread.currentThread().isInterrupted()) {
                throw new AssertionError("it did not happen before the test's time was up");
            }
            Thread.yield();
        }
    }

    private static void refused(Errno errno, org.assertj.core.api.ThrowableAssert.ThrowingCallable call) {
        assertThatExceptionOfType(IommuException.class)
                .isThrownBy(call)
                .satisfies(refusal -> assertThat(refusal.errno()).isEqualTo(errno));
    }
}
