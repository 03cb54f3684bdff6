package org.sluice.smmuv2.driver;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.osgi.framework.ServiceReference;
import org.sluice.smmuv2.arch.TlbStatus;
import org.sluice.spi.bus.RegisterFile;
import org.sluice.spi.driver.TranslationContext;
import org.sluice.spi.quirk.HardwareIdentity;
import org.sluice.spi.quirk.Smmuv2Hooks;

/** Hooks that come and go while devices read and software maps and unmaps: no register write and no invalidation is lost. */
@Timeout(120)
class HookRaceTest {
    private static final int SID = 0x42;
    private static final long IOVA = 0x1234_5000L;
    private static final long PAGE = 0x8123_4000L;
    private static final int ROUNDS = 2_000;

    private final Machine machine = Machine.probed();

    @AfterEach
    void stop() {
        machine.unit.handOver();
        machine.model.close();
    }

    /** Stands before the registers and does the synchronisation itself: the two ways in which hooks could lose something. */
    private static final class Interposed implements Smmuv2Hooks {
        final AtomicInteger writes = new AtomicInteger();
        final AtomicInteger syncs = new AtomicInteger();

        @Override
        public String name() {
            return "interposed";
        }

        @Override
        public Optional<String> match(HardwareIdentity identity) {
            return Optional.of("always");
        }

        @Override
        public RegisterFile registers(HardwareIdentity identity, RegisterFile registers) {
            return new RegisterFile() {
                @Override
                public int read32(long offset) {
                    return registers.read32(offset);
                }

                @Override
                public void write32(long offset, int value) {
                    writes.incrementAndGet();
                    registers.write32(offset, value);
                }

                @Override
                public long read64(long offset) {
                    return registers.read64(offset);
                }

                @Override
                public void write64(long offset, long value) {
                    writes.incrementAndGet();
                    registers.write64(offset, value);
                }
            };
        }

        @Override
        public boolean sync(HardwareIdentity identity, RegisterFile registers, long sync, long status) {
            registers.write32(sync, 0);
            while (TlbStatus.sactive(registers.read32(status)) != 0) {
                Thread.onSpinWait();
            }
            syncs.incrementAndGet();
            return true;
        }
    }

    @Test
    void noDmaSeesAnOldPageWhileHooksComeAndGo() throws InterruptedException {
        machine.memory.write32(PAGE, 1);
        machine.memory.write32(PAGE + 0x1000, 2);
        long root = machine.table();
        TranslationContext context = machine.stage1(root, false);
        machine.attached("nic", SID, context);
        Interposed hooks = new Interposed();
        AtomicBoolean over = new AtomicBoolean();
        AtomicInteger swaps = new AtomicInteger();
        AtomicReference<Throwable> failed = new AtomicReference<>();
        Thread swapping = new Thread(
                () -> {
                    ServiceReference<Smmuv2Hooks> reference = Machine.reference(1);
                    while (!over.get()) {
                        machine.driver.addHooks(reference, hooks);
                        machine.driver.removeHooks(reference);
                        swaps.incrementAndGet();
                    }
                },
                "swapping");
        swapping.setUncaughtExceptionHandler((thread, cause) -> failed.set(cause));
        swapping.start();
        try {
            for (int round = 0; round < ROUNDS || swaps.get() < ROUNDS || hooks.syncs.get() < 100; round++) {
                machine.map(root, IOVA, PAGE + 0x1000 * (round & 1) | Machine.RW);
                context.invalidate(IOVA, 0x1000, 0x1000, true);
                context.sync();
                assertThat(machine.word(SID, IOVA)).as("round %d", round).isEqualTo(1 + (round & 1));
            }
        } finally {
            over.set(true);
            swapping.join();
        }
        assertThat(failed).hasNullValue();
        assertThat(hooks.writes).as("some writes met the hooks").hasValueGreaterThan(0);
        assertThat(machine.unit.hooks()).isEmpty();
        assertThat(machine.faults).isEmpty();
    }

    /** Two threads that add and remove services of their own: what is there at the end is what the unit uses. */
    @Test
    void lastChangeOfEachServiceCounts() throws InterruptedException {
        for (int round = 0; round < 200; round++) {
            Interposed stays = new Interposed();
            Interposed goes = new Interposed();
            ServiceReference<Smmuv2Hooks> one = Machine.reference(1);
            ServiceReference<Smmuv2Hooks> two = Machine.reference(2);
            machine.driver.addHooks(two, goes);
            Thread adding = new Thread(() -> machine.driver.addHooks(one, stays));
            Thread removing = new Thread(() -> machine.driver.removeHooks(two));
            adding.start();
            removing.start();
            adding.join();
            removing.join();
            assertThat(machine.unit.hooks()).as("round %d", round).hasSize(1);
            machine.driver.removeHooks(one);
            assertThat(machine.unit.hooks()).isEmpty();
        }
    }
}
