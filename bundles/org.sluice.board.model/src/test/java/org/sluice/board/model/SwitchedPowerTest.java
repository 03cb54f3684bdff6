package org.sluice.board.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.sluice.api.Counters;
import org.sluice.api.IommuException;
import org.sluice.smmuv3.arch.Cr0;
import org.sluice.spi.board.Dma;
import org.sluice.spi.bus.InterruptLines;
import org.sluice.spi.bus.PowerDomain;
import org.sluice.spi.bus.PowerSwitch;

class SwitchedPowerTest {
    private static final long IOVA = 0x12_3000;

    @Test
    void whileItIsOffRegistersAreDeadAndNothingPasses() {
        try (Bench bench = new Bench("none", "power", "switched")) {
            bench.map(1, IOVA, bench.page(5));
            byte[] data = new byte[1];
            int control = bench.registers.read32(Cr0.ADDRESS);
            PowerSwitch power =
                    bench.board.powerSwitch(bench.board.endpoints().get(0)).orElseThrow();
            PowerDomain domain = bench.board.iommus().get(0).power();
            power.off();
            power.off();
            assertThat(domain.isOn()).isFalse();
            assertThat(bench.registers.read32(Cr0.ADDRESS)).isZero();
            assertThat(bench.registers.read64(Cr0.ADDRESS)).isZero();
            bench.registers.write32(Cr0.ADDRESS, 0);
            bench.registers.write64(Cr0.ADDRESS, 0);
            assertThat(bench.dma.read(1, IOVA, data, 0, 1, 0)).isEqualTo(Dma.ABORT);
            power.on();
            assertThat(bench.registers.read32(Cr0.ADDRESS)).isEqualTo(control);
            assertThat(bench.dma.read(1, IOVA, data, 0, 1, 0)).isEqualTo(Dma.OK);
            Counters counters = bench.board.counters();
            assertThat(counters.read())
                    .containsAllEntriesOf(Map.of("power.lost-write", 2L, "power.up", 1L))
                    .containsKey("transaction");
            assertThat(counters.subject()).isEqualTo("smmu0");
        }
    }

    @Test
    void listenersAreCalledOnceForEachPowerUpUntilTheyEnd() {
        SwitchedPower power = new SwitchedPower();
        List<Boolean> seen = new ArrayList<>();
        InterruptLines.Subscription subscription = power.onPowerUp(() -> seen.add(power.isOn()));
        power.on();
        assertThat(seen).as("it was on").isEmpty();
        power.off();
        power.on();
        assertThat(seen).containsExactly(true);
        subscription.close();
        power.off();
        power.on();
        assertThat(seen).hasSize(1);
    }

    @Test
    void aBoardIsAlwaysOnUnlessItIsSaid() {
        try (Bench bench = new Bench("none")) {
            assertThat(bench.board.powerSwitch(bench.board.endpoints().get(0))).isEmpty();
            assertThat(bench.board.iommus().get(0).power()).isSameAs(PowerDomain.ALWAYS_ON);
        }
        assertThatThrownBy(() -> new Bench("none", "power", "sometimes"))
                .isInstanceOf(IommuException.class)
                .hasMessageContaining("power")
                .hasMessageContaining("always or switched");
    }
}
