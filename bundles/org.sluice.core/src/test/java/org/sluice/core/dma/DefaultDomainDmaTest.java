package org.sluice.core.dma;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.sluice.api.Capability;
import org.sluice.api.DmaDirection;
import org.sluice.api.DmaLimits;
import org.sluice.api.DomainType;
import org.sluice.api.Prot;
import org.sluice.api.ReservedRegion;
import org.sluice.core.TestMachine;
import org.sluice.core.iova.FlushQueue;
import org.sluice.core.unit.DefaultPolicy;
import org.sluice.core.unit.DmaDoor;
import org.sluice.spi.board.DmaProperties;

/** A driver of a device maps for DMA without ever making a domain: the default domain is one. */
@Timeout(120)
class DefaultDomainDmaTest {
    private static final long BUFFER = 0x9_0000_0000L;
    private static final ReservedRegion DIRECT =
            new ReservedRegion(0x4800_0000L, 0x2000, Prot.READ | Prot.WRITE, ReservedRegion.Type.DIRECT);

    private TestMachine machine;

    private void start(DefaultPolicy policy, boolean deferred) {
        machine = TestMachine.withRealTables(FlushQueue.Bounds.PER_THREAD, policy, it -> {
            it.driver.capabilities = Set.of(Capability.DEFERRED_FLUSH);
            it.driver.deferAttach = deferred;
            it.board.dma("nic", new DmaProperties(true, false, DmaLimits.NONE, List.of(DIRECT)));
            it.board.dma("disk", new DmaProperties(true, true, DmaLimits.NONE, List.of()));
        });
    }

    @AfterEach
    void stop() {
        machine.close();
    }

    private DomainType typeOf(String device) {
        return machine.device(device).domain().orElseThrow().type();
    }

    private long reach(int stream, long address) {
        return machine.hardware.dma(stream, -1, address);
    }

    private long map(String device) {
        return machine.device(device).dma().map(BUFFER, 0x1000, DmaDirection.TO_DEVICE);
    }

    @Test
    void lazyAndStrictDefaultsMapAtOnce() {
        start(DefaultPolicy.LAZY, false);
        assertThat(typeOf("nic")).isEqualTo(DomainType.DMA_FQ);
        assertThat(DmaDoor.of(machine.device("nic").domain().orElseThrow()).queue())
                .isNotNull();
        assertThat(reach(TestMachine.NIC, map("nic"))).isEqualTo(BUFFER);
    }

    @Test
    void directRegionsAreThereBeforeAnybodyMaps() {
        start(DefaultPolicy.STRICT, false);
        assertThat(reach(TestMachine.NIC, 0x4800_1000L)).isEqualTo(0x4800_1000L);
        assertThat(reach(TestMachine.NIC, 0x4800_2000L)).isZero();
        assertThat(reach(TestMachine.GPU, 0x4800_1000L)).isZero();
    }

    @Test
    void membersOfAGroupShareTheIovas() {
        start(DefaultPolicy.STRICT, false);
        long left = map("left");
        long right = map("right");
        assertThat(left).isNotEqualTo(right);
        assertThat(reach(0x40, right)).isEqualTo(BUFFER);
        assertThat(reach(0x41, left)).isEqualTo(BUFFER);
    }

    @Test
    void anUntrustedDeviceIsTranslatedStrictlyWhateverThePolicySays() {
        start(DefaultPolicy.PASSTHROUGH, false);
        assertThat(typeOf("nic")).isEqualTo(DomainType.IDENTITY);
        assertThat(typeOf("disk")).isEqualTo(DomainType.DMA);
    }

    @Test
    void aDeviceThatNeedsFirmwaresMemoryIsNotBlocked() {
        start(DefaultPolicy.BLOCKED, false);
        assertThat(typeOf("nic")).isEqualTo(DomainType.IDENTITY);
        assertThat(typeOf("gpu")).isEqualTo(DomainType.BLOCKED);
    }

    @Test
    void theFirstMapAttachesADeviceWhoseAttachWasDeferred() {
        start(DefaultPolicy.STRICT, true);
        assertThat(reach(TestMachine.NIC, 0x4800_1000L)).isZero();
        long address = map("nic");
        assertThat(reach(TestMachine.NIC, address)).isEqualTo(BUFFER);
        assertThat(reach(TestMachine.NIC, 0x4800_1000L)).isEqualTo(0x4800_1000L);
        assertThat(reach(TestMachine.GPU, address)).isZero();
    }
}
