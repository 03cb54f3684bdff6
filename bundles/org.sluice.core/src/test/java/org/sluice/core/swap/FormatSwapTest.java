package org.sluice.core.swap;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.lang.ref.WeakReference;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.sluice.api.AddressSpace;
import org.sluice.api.Domain;
import org.sluice.api.IotlbGather;
import org.sluice.api.ProviderMissingException;
import org.sluice.api.SpaceState;
import org.sluice.api.UnitStatus;
import org.sluice.core.TestMachine;
import org.sluice.core.fake.FakeFormat;
import org.sluice.core.unit.Unit;

@Timeout(120)
class FormatSwapTest {
    private static final int RW = TestMachine.RW;

    private TestMachine machine = TestMachine.running(50);

    @AfterEach
    void stop() {
        machine.close();
    }

    private void restartWith(long gateMillis, long drainMillis) {
        machine.close();
        machine = TestMachine.bare(gateMillis, drainMillis);
        machine.addFormat("1.0.0");
        machine.addDriver("1.0.0");
        machine.settle();
    }

    private FakeFormat another() {
        return new FakeFormat(machine.tables, machine.journal);
    }

    private UnitStatus status() {
        return machine.platform.status().get(0);
    }

    @Test
    void successorAdoptsTheTablesAndMappingsSurvive() {
        AddressSpace space = machine.attached("nic").space();
        space.map(0x1000, 0x8000, 0x3000, RW);
        machine.removeFormat();
        assertThat(machine.hardware.dma(TestMachine.NIC, -1, 0x2000))
                .as("DMA goes on")
                .isEqualTo(0x9000);
        machine.addFormat(another(), "1.1.0");
        machine.settle();
        assertThat(space.iovaToPhys(0x2000)).isEqualTo(0x9000);
        assertThat(space.unmap(0x1000, 0x3000)).isEqualTo(0x3000);
        assertThat(machine.swaps).singleElement().satisfies(event -> {
            assertThat(event.service()).isEqualTo("page-table format FAKE");
            assertThat(event.bundle()).isEqualTo("test.format");
            assertThat(event.oldVersion()).isEqualTo("1.0.0");
            assertThat(event.newVersion()).isEqualTo("1.1.0");
            assertThat(event.adopted()).isTrue();
            assertThat(event.findings()).contains("1 page tables with 3 leaves");
            assertThat(event.pauseNanos()).isPositive();
        });
        assertThat(machine.counter("swaps")).isEqualTo(1);
        assertThat(status().state()).isEqualTo(UnitStatus.State.RUNNING);
    }

    @Test
    void callsWaitAtTheGateAndAreCounted() throws InterruptedException {
        restartWith(60_000, 2000);
        AddressSpace space = machine.attached("nic").space();
        machine.removeFormat();
        Thread mapper = new Thread(() -> space.map(0x1000, 0x8000, 0x1000, RW));
        mapper.start();
        while (machine.counter("gate.parked") == 0) {
            Thread.onSpinWait();
        }
        assertThat(mapper.isAlive()).isTrue();
        machine.addFormat(another(), "1.1.0");
        mapper.join();
        assertThat(space.iovaToPhys(0x1000)).isEqualTo(0x8000);
        machine.settle();
        assertThat(machine.swaps.get(0).callsParked()).isEqualTo(1);
    }

    @Test
    void timeOutNamesWhatIsMissingAndLeavesEverythingMapped() {
        AddressSpace space = machine.attached("nic").space();
        space.map(0x1000, 0x8000, 0x3000, RW);
        IotlbGather gather = new IotlbGather();
        space.unmapFast(0x3000, 0x1000, gather);
        machine.removeFormat();
        ProviderMissingException error =
                catchThrowableOfType(ProviderMissingException.class, () -> space.map(0x5000, 0x8000, 0x1000, RW));
        assertThat(error.missing()).isEqualTo("page-table format FAKE");
        assertThat(error).hasMessageContaining("test.format 1.0.0 left").hasMessageContaining("50 ms");
        assertThat(space.unmap(0x1000, 0x1000)).isZero();
        assertThat(space.unmapFast(0x1000, 0x1000)).isZero();
        assertThatThrownBy(() -> space.iovaToPhys(0x1000)).isInstanceOf(ProviderMissingException.class);
        assertThatThrownBy(() -> space.walk(0, -1, (iova, paddr, size, descriptor, prot) -> true))
                .isInstanceOf(ProviderMissingException.class);
        assertThatThrownBy(() -> space.sync(gather)).isInstanceOf(ProviderMissingException.class);
        assertThatThrownBy(space::tlbSync).isInstanceOf(ProviderMissingException.class);
        assertThatThrownBy(() -> space.tlbRangeAdd(0x1000, 0x1000)).isInstanceOf(ProviderMissingException.class);
        assertThat(gather.isEmpty()).as("what it owes is kept").isFalse();
        assertThat(machine.hardware.dma(TestMachine.NIC, -1, 0x1000)).isEqualTo(0x8000);
        assertThat(status().state()).isEqualTo(UnitStatus.State.HELD);
        assertThat(status().cause()).contains("test.format 1.0.0 left");

        machine.addFormat(another(), "1.1.0");
        machine.settle();
        space.sync(gather);
        assertThat(space.iovaToPhys(0x1000)).isEqualTo(0x8000);
        assertThat(space.unmap(0x1000, 0x2000)).isEqualTo(0x2000);
    }

    @Test
    void freeAndCloseWaitToo_andChangeNothing() {
        Domain domain = machine.attached("nic");
        domain.space().map(0x1000, 0x8000, 0x1000, RW);
        machine.removeFormat();
        assertThatThrownBy(domain::close)
                .isInstanceOf(ProviderMissingException.class)
                .hasMessageContaining("page-table format FAKE");
        assertThat(domain.devices()).containsExactly(machine.device("nic"));
        assertThat(machine.hardware.dma(TestMachine.NIC, -1, 0x1000)).isEqualTo(0x8000);
        machine.addFormat("1.1.0");
        machine.settle();
        domain.close();
        assertThat(machine.counter("tables.live")).isZero();
    }

    @Test
    void successorThatRefusesIsReportedAndALaterOneHeals() {
        AddressSpace space = machine.attached("nic").space();
        space.map(0x1000, 0x8000, 0x1000, RW);
        machine.removeFormat();
        FakeFormat picky = another();
        picky.refusal = "descriptor 0x8003 at 0x40001008 has reserved bits";
        machine.addFormat(picky, "1.1.0");
        machine.settle();
        assertThat(machine.swaps).singleElement().satisfies(event -> {
            assertThat(event.adopted()).isFalse();
            assertThat(event.findings()).contains("reserved bits");
        });
        assertThat(status().state()).isEqualTo(UnitStatus.State.HELD);
        assertThat(status().cause()).contains("test.format 1.1.0 was refused").contains("reserved bits");
        assertThatThrownBy(() -> space.map(0x2000, 0x8000, 0x1000, RW)).hasMessageContaining("reserved bits");
        machine.removeFormat();
        machine.addFormat(another(), "1.2.0");
        machine.settle();
        assertThat(space.iovaToPhys(0x1000)).isEqualTo(0x8000);
        assertThat(machine.counter("swaps")).isEqualTo(1);
        assertThat(status().cause()).isEmpty();
    }

    @Test
    void successorThatSeesSomethingElseIsRefused() {
        AddressSpace space = machine.attached("nic").space();
        space.map(0x1000, 0x8000, 0x1000, RW);
        long root = machine.hardware.untagged.get(TestMachine.NIC).root();
        machine.removeFormat();
        machine.tables.at(root).damage(0x1000);
        machine.addFormat(another(), "1.1.0");
        machine.settle();
        assertThat(machine.swaps.get(0).adopted()).isFalse();
        assertThat(machine.swaps.get(0).findings()).contains("successor sees").contains("predecessor saw");
    }

    @Test
    void oneSpaceThatCannotGoKeepsAllOfThem() {
        AddressSpace one = machine.attached("nic").space();
        AddressSpace two = machine.attached("disk").space();
        one.map(0x1000, 0x8000, 0x1000, RW);
        two.map(0x1000, 0x9000, 0x1000, RW);
        machine.removeFormat();
        machine.tables
                .at(machine.hardware.untagged.get(TestMachine.DISK).root())
                .damage(0x1000);
        machine.addFormat(another(), "1.1.0");
        machine.settle();
        assertThatThrownBy(() -> one.iovaToPhys(0x1000)).isInstanceOf(ProviderMissingException.class);
        assertThatThrownBy(() -> two.iovaToPhys(0x1000)).isInstanceOf(ProviderMissingException.class);
    }

    @Test
    void anotherBundleWithTheFormatTakesOverAtOnce() {
        AddressSpace space = machine.attached("nic").space();
        space.map(0x1000, 0x8000, 0x1000, RW);
        long first = machine.formatService();
        machine.addFormat(another(), "2.0.0");
        machine.settle();
        assertThat(machine.swaps).as("a second provider disturbs nobody").isEmpty();
        machine.platformFormatLeft(first);
        machine.settle();
        assertThat(machine.swaps)
                .singleElement()
                .satisfies(event -> assertThat(event.newVersion()).isEqualTo("2.0.0"));
        assertThat(space.iovaToPhys(0x1000)).isEqualTo(0x8000);
    }

    @Test
    void operationThatDoesNotLeaveBoundsTheWaitAndHoldsTheSuccessor() throws InterruptedException {
        restartWith(50, 100);
        AddressSpace space = machine.attached("nic").space();
        CountDownLatch inside = new CountDownLatch(1);
        CountDownLatch go = new CountDownLatch(1);
        machine.format.duringMap = () -> {
            inside.countDown();
            awaitQuietly(go);
        };
        Thread stuck = new Thread(() -> space.map(0x1000, 0x8000, 0x1000, RW));
        stuck.start();
        inside.await();
        machine.removeFormat();
        machine.addFormat(another(), "1.1.0");
        machine.settle();
        assertThat(machine.swaps)
                .as("nobody takes over while the old code runs")
                .isEmpty();
        assertThat(status().state()).isEqualTo(UnitStatus.State.HELD);
        go.countDown();
        stuck.join();
        machine.settle();
        machine.settle();
        assertThat(machine.swaps)
                .singleElement()
                .satisfies(event -> assertThat(event.adopted()).isTrue());
        assertThat(space.iovaToPhys(0x1000)).as("what the old code finished").isEqualTo(0x8000);
    }

    @Test
    void allocationWaitsForTheFormat() throws InterruptedException {
        restartWith(60_000, 2000);
        machine.removeFormat();
        AtomicReference<Domain> made = new AtomicReference<>();
        Thread client = new Thread(() -> made.set(machine.domain()));
        client.start();
        client.join(50);
        assertThat(made.get()).isNull();
        machine.addFormat(another(), "1.1.0");
        client.join();
        assertThat(made.get().space().state()).isEqualTo(SpaceState.PREPARED);
    }

    @Test
    void nothingOfTheOldFormatIsKept() {
        AddressSpace space = machine.attached("nic").space();
        space.map(0x200000, 0x8000, 0x200000, RW);
        space.unmap(0x200000, 0x100000);
        WeakReference<FakeFormat> old = new WeakReference<>(machine.format);
        machine.removeFormat();
        machine.format = another();
        machine.addFormat("1.1.0");
        machine.settle();
        space.map(0x200000, 0x8000, 0x100000, RW);
        assertCollected(old);
    }

    @Test
    void callbackOfTheRegistryDoesNotWaitForALongAttach() throws InterruptedException {
        restartWith(50, 20);
        AddressSpace space = machine.attached("nic").space();
        space.map(0x1000, 0x8000, 0x1000, RW);
        CountDownLatch locked = new CountDownLatch(1);
        CountDownLatch go = new CountDownLatch(1);
        Thread attach = new Thread(() -> Unit.of(machine.device("nic")).withLock(() -> {
            locked.countDown();
            awaitQuietly(go);
            return null;
        }));
        attach.start();
        locked.await();
        // Returns although the lock of the board is taken; the swap thread closes the spaces once it is free.
        machine.removeFormat();
        go.countDown();
        attach.join();
        machine.settle();
        assertThat(status().state()).isEqualTo(UnitStatus.State.HELD);
        machine.addFormat(another(), "1.1.0");
        machine.settle();
        assertThat(space.iovaToPhys(0x1000)).isEqualTo(0x8000);
    }

    @Test
    void timesChangeWithoutARestart() {
        restartWith(60_000, 2000);
        AddressSpace space = machine.space();
        space.map(0x1000, 0x8000, 0x1000, RW);
        machine.setTimes(0, 100);
        machine.removeFormat();
        assertThatThrownBy(() -> space.iovaToPhys(0x1000)).hasMessageContaining("up to 0 ms");
        assertThat(space.state()).isEqualTo(SpaceState.PREPARED);
    }

    static void assertCollected(WeakReference<?> reference) {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (reference.get() != null && System.nanoTime() < end) {
            System.gc();
        }
        assertThat(reference.get()).as("something still refers to it").isNull();
    }

    private static void awaitQuietly(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
