package org.sluice.smmuv3.driver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.driver.base.UnitLog;
import org.sluice.smmuv3.arch.CmdqCons;
import org.sluice.smmuv3.arch.CmdqProd;
import org.sluice.smmuv3.arch.Cr0;
import org.sluice.smmuv3.arch.Gerror;
import org.sluice.smmuv3.arch.Gerrorn;
import org.sluice.spi.bus.RegisterFile;

class CommandQueueTest {
    /** Word 0 of the commands here: an opcode that is not CMD_SYNC's, then thread and number. */
    private static long marked(int thread, long number) {
        return Command.tlbiNhAsid(thread + 1) | number << 16;
    }

    @Test
    void commandsReachTheHardwareInOrderAcrossTheWrap() {
        QueueFixture fixture = new QueueFixture(2);
        List<RegisterFake.Taken> sent = new ArrayList<>();
        for (int number = 0; number < 19; number++) {
            fixture.queue.submit(marked(0, number), ~number);
            sent.add(new RegisterFake.Taken(marked(0, number), ~number));
        }
        assertThat(fixture.registers.commands()).isEqualTo(sent);
        assertThat(fixture.registers.get(CmdqProd.ADDRESS))
                .as("index 3, wrap 0")
                .isEqualTo(19 & 7);
    }

    @Test
    void batchIsPublishedByOneRegisterWrite() {
        QueueFixture fixture = new QueueFixture(4);
        int before = fixture.registers.writes().size();
        long position = fixture.queue.claim(3);
        for (int i = 0; i < 3; i++) {
            fixture.queue.put(position + i, marked(0, i), 0);
        }
        assertThat(fixture.registers.commands()).isEmpty();
        fixture.queue.publish(position, 3);
        assertThat(fixture.registers.commands()).hasSize(3);
        assertThat(fixture.registers.writes()).hasSize(before + 1);
    }

    @Test
    void earlierClaimHoldsBackLaterCommands() {
        QueueFixture fixture = new QueueFixture(4);
        long first = fixture.queue.claim(1);
        fixture.queue.submit(marked(1, 0), 0);
        assertThat(fixture.registers.commands()).isEmpty();
        fixture.queue.put(first, marked(0, 0), 0);
        fixture.queue.publish(first, 1);
        assertThat(fixture.registers.commands())
                .containsExactly(new RegisterFake.Taken(marked(0, 0), 0), new RegisterFake.Taken(marked(1, 0), 0));
    }

    /** Complete, none lost, each thread's in its order; and what a thread sent before its sync was taken when it returns. */
    @ParameterizedTest
    @ValueSource(ints = {0, 1, 3, 6})
    void manyThreadsLoseNothingInAQueueThatIsAlwaysFull(int log2) throws Exception {
        QueueFixture fixture = new QueueFixture(log2);
        int threads = 4;
        int rounds = 1_500;
        AtomicLong[] taken = new AtomicLong[threads];
        for (int thread = 0; thread < threads; thread++) {
            taken[thread] = new AtomicLong();
        }
        AtomicBoolean broken = new AtomicBoolean();
        fixture.registers.refuse(command -> {
            if (command.word0() != Command.sync()) {
                int thread = (int) (command.word0() >>> 48) - 1;
                long number = command.word0() >>> 16 & 0xffff_ffffL;
                boolean ordered = taken[thread].getAndIncrement() == number;
                if (!ordered || command.word1() != ~command.word0()) {
                    broken.set(true);
                }
            }
            return false;
        });
        ExecutorService pool = Executors.newFixedThreadPool(threads);
        try {
            List<Future<?>> runs = new ArrayList<>();
            for (int thread = 0; thread < threads; thread++) {
                int id = thread;
                runs.add(pool.submit(() -> {
                    for (long number = 0; number < rounds; ) {
                        int batch = (int) Math.min(1 + number % fixture.queue.batchLimit(), rounds - number);
                        long position = fixture.queue.claim(batch);
                        for (int i = 0; i < batch; i++, number++) {
                            long word = marked(id, number);
                            fixture.queue.put(position + i, word, ~word);
                        }
                        fixture.queue.publish(position, batch);
                        if (number % 7 == 0) {
                            fixture.queue.sync();
                            assertThat(taken[id].get()).isEqualTo(number);
                        }
                    }
                    fixture.queue.sync();
                    assertThat(taken[id].get()).isEqualTo(rounds);
                }));
            }
            for (Future<?> run : runs) {
                run.get();
            }
        } finally {
            pool.shutdownNow();
        }
        assertThat(broken).isFalse();
        assertThat(fixture.registers.commands().stream().filter(c -> c.word0() != Command.sync()))
                .hasSize(threads * rounds);
    }

    @Test
    void fullQueueWaitsUntilThereIsSpace() throws Exception {
        QueueFixture fixture = new QueueFixture(1);
        fixture.registers.stick(true);
        fixture.queue.submit(marked(0, 0), 0);
        fixture.queue.submit(marked(0, 1), 0);
        Thread third = new Thread(() -> fixture.queue.submit(marked(0, 2), 0));
        third.start();
        while (third.getState() == Thread.State.NEW) {
            Thread.onSpinWait();
        }
        assertThat(fixture.registers.commands()).isEmpty();
        fixture.registers.stick(false);
        third.join();
        assertThat(fixture.registers.commands()).hasSize(3);
    }

    @ParameterizedTest
    @EnumSource(Completion.class)
    void hardwareThatDoesNotAnswerTimesOutInsteadOfHanging(Completion completion) {
        QueueFixture fixture = new QueueFixture(5, completion);
        fixture.queue.submit(marked(0, 0), 0);
        fixture.registers.stick(true);
        assertThatExceptionOfType(IommuException.class)
                .isThrownBy(fixture.queue::sync)
                .withMessageContaining("for 1 s")
                .withMessageContaining("CMDQ_PROD 0x2")
                .satisfies(timeout -> assertThat(timeout.errno()).isEqualTo(Errno.ETIMEDOUT));
        fixture.registers.stick(false);
        fixture.queue.sync();
        assertThat(fixture.registers.commands())
                .as("the first, the late one and the next")
                .hasSize(3);
    }

    @Test
    void whoClaimedBehindIsPublishedByTheOwnerBefore() {
        QueueFixture fixture = new QueueFixture(4);
        long first = fixture.queue.claim(2);
        for (int number = 0; number < 3; number++) {
            fixture.queue.submit(marked(1, number), 0);
        }
        int before = fixture.registers.writes().size();
        fixture.queue.put(first, marked(0, 0), 0);
        fixture.queue.put(first + 1, marked(0, 1), 0);
        fixture.queue.publish(first, 2);
        assertThat(fixture.registers.commands()).hasSize(5);
        assertThat(fixture.registers.writes())
                .as("one bell for the owner's, one for all that were behind")
                .hasSize(before + 2);
        assertThat(fixture.queue.published()).isEqualTo(5);
    }

    /** A command that overtook the suspension waits for hardware that is off: nothing is translated, so it need not. */
    @Test
    void whoWaitsWhenTheHardwareIsOffIsLetGo() throws Exception {
        QueueFixture fixture = new QueueFixture(3);
        fixture.registers.stick(true);
        CompletableFuture<Void> late = CompletableFuture.runAsync(fixture.queue::sync);
        while (fixture.queue.published() == 0 && !late.isDone()) {
            Thread.onSpinWait();
        }
        fixture.queue.drop();
        late.get();
        fixture.queue.sync();
        assertThat(fixture.queue.published()).as("dropped").isEqualTo(1);
    }

    /** A board that dies under the bell: the one who rang learns of it, and those behind are not left waiting for him. */
    @Test
    void bellThatFailsLeavesTheQueueToOthers() {
        QueueFixture fixture = new QueueFixture(3);
        IllegalStateException gone = new IllegalStateException("the board is gone");
        AtomicBoolean dead = new AtomicBoolean(true);
        RegisterFile fragile = new RegisterFile() {
            @Override
            public int read32(long offset) {
                return fixture.registers.read32(offset);
            }

            @Override
            public long read64(long offset) {
                return fixture.registers.read64(offset);
            }

            @Override
            public void write64(long offset, long value) {
                fixture.registers.write64(offset, value);
            }

            @Override
            public void write32(long offset, int value) {
                if (dead.get()) {
                    throw gone;
                }
                fixture.registers.write32(offset, value);
            }
        };
        CommandQueue queue = new CommandQueue(fragile, fixture.memory, fixture.ring, new UnitLog(null, "test"), 0, 0);
        assertThatExceptionOfType(IllegalStateException.class)
                .isThrownBy(() -> queue.submit(marked(0, 0), 0))
                .isSameAs(gone);
        dead.set(false);
        queue.submit(marked(0, 1), 0);
        queue.sync();
        assertThat(fixture.registers.commands()).hasSize(3);
    }

    @Test
    void illegalCommandIsReplacedByASyncAndTheRestGoesOn() {
        QueueFixture fixture = new QueueFixture(3);
        RegisterFake.Taken bad = new RegisterFake.Taken(0x7f, 0x1234);
        fixture.registers.refuse(bad::equals);
        fixture.queue.submit(marked(0, 0), 0);
        fixture.queue.submit(bad.word0(), bad.word1());
        fixture.queue.submit(marked(0, 1), 0);
        assertThat(CmdqCons.err(fixture.registers.get(CmdqCons.ADDRESS))).isEqualTo(CmdqCons.ERR_ILL);
        fixture.queue.sync();
        assertThat(fixture.registers.commands())
                .containsExactly(
                        new RegisterFake.Taken(marked(0, 0), 0),
                        new RegisterFake.Taken(Command.silentSync(), 0),
                        new RegisterFake.Taken(marked(0, 1), 0),
                        new RegisterFake.Taken(Command.sync(), 0));
        assertThat(fixture.registers.get(Gerrorn.ADDRESS)).isEqualTo(fixture.registers.get(Gerror.ADDRESS));
    }

    @Test
    void abortedFetchIsRetriedUnchanged() {
        QueueFixture fixture = new QueueFixture(3);
        fixture.registers.stick(true);
        fixture.queue.submit(marked(0, 0), 5);
        fixture.registers.set(CmdqCons.ADDRESS, CmdqCons.withErr(0, CmdqCons.ERR_ABT));
        fixture.registers.set(Gerror.ADDRESS, Gerror.CMDQ_MASK);
        fixture.registers.stick(false);
        fixture.queue.errors().handle();
        assertThat(fixture.registers.commands()).containsExactly(new RegisterFake.Taken(marked(0, 0), 5));
    }

    @Test
    void invalidatingAndWaitingDoNotAllocate() {
        QuietRegisters registers = new QuietRegisters();
        QueueFixture fixture = new QueueFixture(8);
        CommandQueue queue = new CommandQueue(registers, fixture.memory, fixture.ring, new UnitLog(null, "test"), 0, 0);
        TlbInvalidation tlb = new TlbInvalidation(queue, true, TlbTag.asid(7));
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        int rounds = 100_000;
        long least = Long.MAX_VALUE;
        for (int attempt = 0; attempt < 5; attempt++) {
            long before = threads.getCurrentThreadAllocatedBytes();
            for (int i = 0; i < rounds; i++) {
                tlb.range(0x1000L * i, 33 * 4096, 4096, (i & 1) == 0, 12);
                queue.sync();
            }
            least = Math.min(least, threads.getCurrentThreadAllocatedBytes() - before);
        }
        assertThat(least).as("bytes of %d rounds", rounds).isLessThan(rounds);
    }

    /** Hardware that is done with a command as soon as it is told of it. */
    private static final class QuietRegisters implements RegisterFile {
        private volatile int prod;

        @Override
        public int read32(long offset) {
            return offset == CmdqCons.ADDRESS ? prod : 0;
        }

        @Override
        public void write32(long offset, int value) {
            prod = value;
        }

        @Override
        public long read64(long offset) {
            return 0;
        }

        @Override
        public void write64(long offset, long value) {
            throw new AssertionError("0x" + Long.toHexString(offset));
        }
    }

    @Test
    void serviceFailureModeDisablesAndIsAcknowledged() {
        QueueFixture fixture = new QueueFixture(3);
        fixture.registers.set(Gerror.ADDRESS, Gerror.SFM_MASK | Gerror.EVENTQ_ABT_MASK);
        fixture.queue.errors().handle();
        assertThat(fixture.registers.get(Cr0.ADDRESS)).isZero();
        assertThat(fixture.registers.get(Gerrorn.ADDRESS)).isEqualTo(Gerror.SFM_MASK | Gerror.EVENTQ_ABT_MASK);
    }

    @Test
    void producerContinuesWhereAPredecessorStopped() {
        QueueFixture fixture = new QueueFixture(2);
        for (int number = 0; number < 5; number++) {
            fixture.queue.submit(marked(0, number), 0);
        }
        fixture.registers.takeCommands();
        CommandQueue successor =
                new CommandQueue(fixture.registers, fixture.memory, fixture.ring, new UnitLog(null, "test"), 5, 5);
        for (int number = 0; number < 9; number++) {
            successor.submit(marked(1, number), 0);
        }
        successor.sync();
        assertThat(fixture.registers.commands()).hasSize(10);
        assertThat(fixture.registers.get(CmdqProd.ADDRESS)).isEqualTo(15 & 7);
    }
}
