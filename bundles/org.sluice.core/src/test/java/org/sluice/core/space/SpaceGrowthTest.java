package org.sluice.core.space;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.sluice.api.AddressSpace;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.core.TestMachine;
import org.sluice.core.fake.FakeFormat;

/** A tree that grows at the top while the space is used: the hardware begins at the new root before the map returns. */
class SpaceGrowthTest {
    private static final int RW = TestMachine.RW;
    private static final long LIMIT = 1L << 30;
    private static final long HIGH = LIMIT + 0x20_0000;

    private final TestMachine machine = TestMachine.running();
    private AddressSpace space;

    private void attached(boolean exchanges) {
        machine.driver.exchangesRoots = exchanges;
        machine.format.growsAt = LIMIT;
        space = machine.attached("nic").space();
        space.map(0x1000, 0x8000, 0x1000, RW);
        machine.journal.clear();
    }

    @AfterEach
    void stop() {
        machine.close();
    }

    private long dma(long iova) {
        return machine.hardware.dma(TestMachine.NIC, -1, iova);
    }

    private SpaceLedger ledger() {
        return ((Space) space).ledger();
    }

    @Test
    void deviceReachesWhatWasMappedAboveTheFormerTop() {
        attached(true);
        long before = ledger().root();
        space.map(HIGH, 0x9000, 0x1000, RW);
        assertThat(machine.journal.of("exchangeRoot")).hasSize(1);
        assertThat(dma(HIGH + 5)).isEqualTo(0x9005);
        assertThat(dma(0x1005)).as("what was mapped before").isEqualTo(0x8005);
        assertThat(ledger().root()).isNotEqualTo(before);
        assertThat(ledger().record().walker().root()).isEqualTo(ledger().root());
        assertThat(ledger().context().record()).isEqualTo(ledger().record());
        space.map(HIGH + 0x1000, 0xa000, 0x1000, RW);
        assertThat(machine.journal.of("exchangeRoot")).as("once").hasSize(1);
    }

    @Test
    void mapBelowTheTopTellsTheHardwareNothing() {
        attached(true);
        space.map(0x20_0000, 0x9000, 0x1000, RW);
        assertThat(machine.journal.of("exchangeRoot")).isEmpty();
    }

    @Test
    void contextThatCannotChangeItsRootRefusesGrowthAndNothingIsHalfDone() {
        attached(false);
        long root = ledger().root();
        space.map(LIMIT - 0x1000, 0x20_0000, 0x1000, RW);
        assertThat(space.unmap(LIMIT - 0x1000, 0x1000)).isEqualTo(0x1000);
        long bytes = ledger().tableBytes();
        // Begins below the limit, so that a part is mapped before the refusal.
        IommuException refused =
                catchThrowableOfType(IommuException.class, () -> space.map(LIMIT - 0x1000, 0x20_0000, 0x3000, RW));
        assertThat(refused.errno()).isEqualTo(Errno.EOPNOTSUPP);
        assertThat(refused).hasMessageContaining("top table");
        assertThat(space.iovaToPhys(LIMIT - 0x1000)).as("rolled back").isZero();
        assertThat(dma(LIMIT - 0x1000)).isZero();
        assertThat(space.iovaToPhys(LIMIT)).isZero();
        assertThat(ledger().root()).isEqualTo(root);
        assertThat(ledger().record().walker().root()).isEqualTo(root);
        assertThat(ledger().tableBytes()).isEqualTo(bytes);
        assertThat(dma(0x1000)).isEqualTo(0x8000);
        space.map(0x2000, 0xb000, 0x1000, RW);
        assertThat(dma(0x2000)).isEqualTo(0xb000);
    }

    @Test
    void exchangeThatFailsLeavesTheFormerRootAndMayBeTriedAgain() {
        attached(true);
        machine.driver.refuseExchange = true;
        long root = ledger().root();
        IommuException refused = catchThrowableOfType(IommuException.class, () -> space.map(HIGH, 0x9000, 0x1000, RW));
        assertThat(refused.errno()).isEqualTo(Errno.EBUSY);
        assertThat(ledger().root()).isEqualTo(root);
        assertThat(dma(0x1000)).isEqualTo(0x8000);
        machine.driver.refuseExchange = false;
        space.map(HIGH, 0x9000, 0x1000, RW);
        assertThat(dma(HIGH)).isEqualTo(0x9000);
    }

    @Test
    void successorOfTheFormatAdoptsTheGrownTree() {
        attached(true);
        space.map(HIGH, 0x9000, 0x1000, RW);
        machine.removeFormat();
        machine.addFormat(new FakeFormat(machine.tables, machine.journal), "1.1.0");
        machine.settle();
        assertThat(space.iovaToPhys(HIGH)).isEqualTo(0x9000);
        assertThat(space.iovaToPhys(0x1000)).isEqualTo(0x8000);
        space.map(HIGH + 0x1000, 0xa000, 0x1000, RW);
        assertThat(dma(HIGH + 0x1000)).isEqualTo(0xa000);
    }

    @Test
    void successorOfTheDriverIsHandedTheGrownRoot() {
        attached(true);
        space.map(HIGH, 0x9000, 0x1000, RW);
        long root = ledger().root();
        machine.removeDriver();
        machine.driver.exchangesRoots = true;
        machine.addDriver("1.1.0");
        machine.settle();
        assertThat(machine.driver.handedOver.values())
                .flatExtracting(unit -> unit.devices())
                .filteredOn(device -> device.context() != null)
                .extracting(device -> device.context().walker().root())
                .containsExactly(root);
        assertThat(dma(HIGH)).isEqualTo(0x9000);
    }

    @Test
    void rootIsExchangedOnceHoweverManyThreadsNeedItToGrow() throws Exception {
        attached(true);
        ExecutorService threads = Executors.newFixedThreadPool(4);
        try {
            List<Future<?>> running = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                long iova = HIGH + i * 0x20_0000L;
                running.add(threads.submit(() -> {
                    space.map(iova, 0x10_0000, 0x1000, RW);
                    assertThat(dma(iova)).as("before the map's caller goes on").isEqualTo(0x10_0000);
                }));
            }
            for (Future<?> future : running) {
                future.get(120, TimeUnit.SECONDS);
            }
        } finally {
            threads.shutdownNow();
        }
        assertThat(machine.journal.of("exchangeRoot")).hasSize(1);
    }
}
