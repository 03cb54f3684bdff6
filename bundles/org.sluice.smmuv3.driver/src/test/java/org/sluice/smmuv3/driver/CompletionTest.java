package org.sluice.smmuv3.driver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.sluice.api.IommuException;
import org.sluice.smmuv3.arch.CmdSync;
import org.sluice.smmuv3.arch.CmdqCons;
import org.sluice.smmuv3.arch.CommandHeader;
import org.sluice.smmuv3.arch.Gerror;
import org.sluice.smmuv3.arch.Gerrorn;
import org.sluice.smmuv3.arch.Idr0;
import org.sluice.smmuv3.arch.Opcode;
import org.sluice.spi.driver.TranslationContext;
import org.sluice.spi.quirk.Smmuv3Hooks;

/** The ways of waiting for a CMD_SYNC, and what a queue that stops loses: nothing. */
@Timeout(value = 120, unit = TimeUnit.SECONDS)
class CompletionTest {
    @Test
    void bestWayThatTheSmmuOffersIsTaken() {
        assertThat(word0OfSync(1, 1)).as("a message to the command itself").isEqualTo(0xfc01046L);
        assertThat(word0OfSync(0, 1)).as("a wake-up event").isEqualTo(0xfc02046L);
        assertThat(word0OfSync(0, 0)).as("nothing").isEqualTo(0x46L);
    }

    private static long word0OfSync(long msi, long sev) {
        UnitFixture fixture = new UnitFixture(0);
        long idr0 = Idr0.withMsi(fixture.registers.get(Idr0.ADDRESS), msi);
        fixture.registers.set(Idr0.ADDRESS, Idr0.withSev(idr0, sev));
        fixture.probe();
        TranslationContext context = fixture.context(0x8000_0000L);
        context.sync();
        long word = fixture.registers.commands().get(0).word0();
        fixture.unit.shutdown();
        return word;
    }

    /** The golden of linux-iommu.md section 3.4 has the command at 0x80001000; here it lies at the queue's second slot. */
    @Test
    void messageGoesToTheCommandsOwnSlot() {
        QueueFixture fixture = new QueueFixture(4, Completion.MESSAGE);
        fixture.queue.submit(Command.tlbiNhAsid(1), 0);
        fixture.queue.sync();
        RegisterFake.Taken sync = fixture.registers.commands().get(1);
        assertThat(sync.word0()).isEqualTo(0xfc01046L);
        assertThat(CmdSync.msiAddress(sync.word1())).isEqualTo(fixture.ring.address(1));
        assertThat(Command.messageSyncAddress(0x80001000L)).isEqualTo(0x80001000L);
    }

    /** Complete, in order, and each sync only after what was before it: however it is waited for, in a queue always full. */
    @ParameterizedTest
    @EnumSource(Completion.class)
    void manyThreadsLoseNothingHoweverTheyWait(Completion completion) throws Exception {
        for (int log2 : new int[] {1, 4}) {
            QueueFixture fixture = new QueueFixture(log2, completion);
            int threads = 3;
            AtomicLong[] taken = {new AtomicLong(), new AtomicLong(), new AtomicLong()};
            AtomicBoolean broken = new AtomicBoolean();
            fixture.registers.refuse(command -> {
                if (CommandHeader.opcode(command.word0()) == Opcode.TLBI_NH_ASID) {
                    long number = command.word0() >>> 16 & 0xffff;
                    broken.compareAndSet(false, taken[(int) (command.word0() >>> 48)].getAndIncrement() != number);
                }
                return false;
            });
            List<Thread> workers = new ArrayList<>();
            for (int thread = 0; thread < threads; thread++) {
                int id = thread;
                Thread worker = new Thread(() -> {
                    for (long number = 0; number < 1000; number++) {
                        fixture.queue.submit(Command.tlbiNhAsid(id) | number << 16, 0);
                        if (number % 3 == 0) {
                            fixture.queue.sync();
                            broken.compareAndSet(false, taken[id].get() != number + 1);
                        }
                    }
                });
                workers.add(worker);
                worker.start();
            }
            for (Thread worker : workers) {
                worker.join();
            }
            fixture.queue.sync();
            assertThat(broken).isFalse();
            for (AtomicLong count : taken) {
                assertThat(count).hasValue(1000);
            }
        }
    }

    /** The SYNC stops at a command that it waits for; a message never comes, and the one who waits finds the error himself. */
    @ParameterizedTest
    @EnumSource(Completion.class)
    void illegalCommandHoldsUpNoWaiter(Completion completion) {
        QueueFixture fixture = new QueueFixture(3, completion);
        fixture.registers.refuse(command -> command.word0() == 0x7f);
        for (int round = 0; round < 20; round++) {
            fixture.queue.submit(Command.tlbiNhAsid(round + 1), 0);
            fixture.queue.submit(0x7f, round);
            fixture.queue.sync();
        }
        assertThat(fixture.queue.errors().refusedCommands()).isEqualTo(20);
        assertThat(fixture.registers.commands().stream()
                        .filter(command -> CommandHeader.opcode(command.word0()) == Opcode.TLBI_NH_ASID))
                .as("each once")
                .hasSize(20)
                .doesNotHaveDuplicates();
    }

    @ParameterizedTest
    @EnumSource(Completion.class)
    void silentDeviceStopsTheSyncOnceAndNothingRunsTwice(Completion completion) {
        QueueFixture fixture = new QueueFixture(3, completion);
        fixture.registers.silenceDevices(stream -> true);
        fixture.queue.submit(Command.tlbiNhAsid(1), 0);
        fixture.queue.submit(DeviceCommand.atcInv(0x42, 0), DeviceCommand.atcInvRange(0, -1));
        fixture.queue.sync();
        assertThat(fixture.queue.errors().deviceTimeouts()).isEqualTo(1);
        assertThat(fixture.registers.commands()).hasSize(3);
        assertThat(fixture.registers.get(Gerrorn.ADDRESS)).isEqualTo(fixture.registers.get(Gerror.ADDRESS));
    }

    @Test
    void abortedFetchIsRepeatedWhereItStopped() {
        QueueFixture fixture = new QueueFixture(3, Completion.MESSAGE);
        fixture.queue.submit(Command.tlbiNhAsid(1), 0);
        fixture.registers.stick(true);
        fixture.queue.submit(Command.tlbiNhAsid(2), 0);
        fixture.registers.set(CmdqCons.ADDRESS, CmdqCons.withErr(1, CmdqCons.ERR_ABT));
        fixture.registers.set(Gerror.ADDRESS, Gerror.CMDQ_MASK);
        fixture.registers.stick(false);
        fixture.queue.sync();
        assertThat(fixture.registers.commands()).hasSize(3);
    }

    @Test
    void serviceFailureModeIsSaidAndTheSmmuDisabled() {
        QueueFixture fixture = new QueueFixture(3, Completion.EVENT);
        fixture.registers.set(Gerror.ADDRESS, Gerror.SFM_MASK);
        fixture.queue.errors().handle();
        assertThat(fixture.queue.errors().isFailed()).isTrue();
        assertThat(fixture.registers.get(org.sluice.smmuv3.arch.Cr0.ADDRESS)).isZero();
        assertThatExceptionOfType(IommuException.class).isThrownBy(fixture.queue::sync);
    }

    /** Erratum 2812531: at most 63 commands of a batch, then a CMD_SYNC, with nothing between them. */
    @Test
    void batchesEndInASyncWhereTheImplementationNeedsIt() {
        QueueFixture fixture = new QueueFixture(8, Completion.EVENT);
        TlbInvalidation singles = new TlbInvalidation(fixture.queue, false, TlbTag.asid(7));
        singles.range(0, 130 * 4096, 4096, true, 12);
        assertThat(fixture.registers.takeCommands()).as("sound").hasSize(130);
        fixture.queue.limitBatches(63);
        singles.range(0, 130 * 4096, 4096, true, 12);
        List<RegisterFake.Taken> commands = fixture.registers.takeCommands();
        List<Integer> syncs = new ArrayList<>();
        for (int i = 0; i < commands.size(); i++) {
            if (CommandHeader.opcode(commands.get(i).word0()) == Opcode.SYNC) {
                syncs.add(i);
            }
        }
        assertThat(syncs).containsExactly(63, 127, 132);
        fixture.queue.limitBatches(Smmuv3Hooks.UNLIMITED);
        singles.range(0, 130 * 4096, 4096, true, 12);
        assertThat(fixture.registers.takeCommands()).hasSize(130);
    }

    @Test
    void queueOfOneEntryStillWorksWithThatErratum() {
        QueueFixture fixture = new QueueFixture(0, Completion.EVENT);
        fixture.queue.limitBatches(63);
        new TlbInvalidation(fixture.queue, false, TlbTag.asid(7)).range(0, 3 * 4096, 4096, true, 12);
        fixture.queue.sync();
        assertThat(fixture.registers.commands()).hasSize(4);
    }

    @Test
    void featuresOfTheFakeAreWhatThisTestThinks() {
        assertThat(Completion.of(Features.identify(new RegisterFake(new TestMemory(0)), Map.of())))
                .isEqualTo(Completion.POLL);
    }
}
