package org.sluice.core.space;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.sluice.api.AddressSpace;
import org.sluice.api.Capability;
import org.sluice.api.DirtyBitmap;
import org.sluice.api.DomainRequest;
import org.sluice.api.DomainType;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.core.TestMachine;
import org.sluice.spi.memory.PhysicalMemory;

/** Dirty pages over real tables: the marks are those that hardware makes in descriptors. */
class DirtyTest {
    private static final long BASE = 0x40_0000;
    private static final long READ_ONLY = 1 << 7;

    private final TestMachine machine = TestMachine.withRealTables();
    private AddressSpace space;
    private long root;

    @BeforeEach
    void map() {
        machine.driver.capabilities = Set.of(Capability.DIRTY_TRACKING);
        var domain = machine.platform.allocDomain(
                machine.device("nic"), DomainRequest.of(DomainType.UNMANAGED).withDirtyTracking());
        domain.attach(machine.device("nic"));
        space = domain.space();
        space.map(BASE, 0x8_0000_0000L, 0x10000, TestMachine.RW);
        root = machine.hardware.untagged.get(TestMachine.NIC).root();
    }

    @AfterEach
    void stop() {
        machine.close();
    }

    private static Errno errnoOf(Runnable call) {
        return catchThrowableOfType(IommuException.class, call::run).errno();
    }

    /** What hardware does with a write through a writable-clean descriptor: clears AP[2]. */
    private void deviceWrites(long iova) {
        PhysicalMemory memory = machine.board.memory();
        long table = root;
        for (int shift = 30; shift > 12; shift -= 9) {
            table = memory.read64Acquire(table + 8 * (iova >>> shift & 511)) & 0xffff_ffff_f000L;
        }
        long address = table + 8 * (iova >>> 12 & 511);
        memory.write64(address, memory.read64(address) & ~READ_ONLY);
    }

    private DirtyBitmap read(boolean clear) {
        DirtyBitmap bitmap = new DirtyBitmap(BASE, 0x10000, 0x1000);
        space.readDirty(BASE, 0x10000, clear, bitmap);
        return bitmap;
    }

    @Test
    void writtenPagesAreFoundAndOnlyThey() {
        space.setDirtyTracking(true);
        assertThat(read(false).count()).isZero();
        deviceWrites(BASE + 0x3000);
        deviceWrites(BASE + 0xf000);
        DirtyBitmap seen = read(false);
        assertThat(seen.count()).isEqualTo(2);
        assertThat(seen.isDirty(BASE + 0x3abc)).isTrue();
        assertThat(seen.isDirty(BASE + 0xf000)).isTrue();
        assertThat(seen.isDirty(BASE + 0x4000)).isFalse();
    }

    @Test
    void clearForgetsAndInvalidatesBeforeItReturnsAndNoClearKeeps() {
        space.setDirtyTracking(true);
        deviceWrites(BASE + 0x3000);
        machine.hardware.dma(TestMachine.NIC, -1, BASE + 0x3000);
        assertThat(read(false).count()).isEqualTo(1);
        assertThat(machine.hardware.cached(1)).as("no clear, no invalidation").isEqualTo(1);
        assertThat(read(true).count()).isEqualTo(1);
        assertThat(machine.hardware.cached(1))
                .as("a cached translation would write without a mark")
                .isZero();
        assertThat(read(true).count()).isZero();
        deviceWrites(BASE + 0x3000);
        assertThat(read(true).count()).isEqualTo(1);
    }

    @Test
    void beginningMarksEverythingClean() {
        deviceWrites(BASE);
        space.setDirtyTracking(true);
        assertThat(read(false).count()).isZero();
    }

    @Test
    void mappingsStayAsTheyAre() {
        space.setDirtyTracking(true);
        deviceWrites(BASE);
        read(true);
        assertThat(space.iovaToPhys(BASE + 0x5004)).isEqualTo(0x8_0000_5004L);
        assertThat(space.unmap(BASE, 0x10000)).isEqualTo(0x10000);
    }

    @Test
    void readingNeedsTrackingAndTrackingNeedsADomainMadeForIt() {
        assertThat(errnoOf(() -> read(true))).isEqualTo(Errno.EINVAL);
        space.setDirtyTracking(true);
        space.setDirtyTracking(false);
        assertThat(errnoOf(() -> read(true))).isEqualTo(Errno.EINVAL);
        AddressSpace other = machine.domain().space();
        assertThat(errnoOf(() -> other.setDirtyTracking(true))).isEqualTo(Errno.EOPNOTSUPP);
        assertThat(errnoOf(() -> other.readDirty(0, 0x1000, true, null))).isEqualTo(Errno.EOPNOTSUPP);
        space.setDirtyTracking(true);
        assertThat(errnoOf(() -> space.readDirty(BASE, 0, true, null))).isEqualTo(Errno.EINVAL);
        assertThat(errnoOf(() -> space.readDirty(-4096, 0x1000, true, null))).isEqualTo(Errno.ERANGE);
    }

    @Test
    void hardwareThatDoesNotMarkIsEopnotsupp() {
        machine.driver.capabilities = Set.of();
        assertThat(errnoOf(() -> machine.platform.allocDomain(
                        machine.device("nic"),
                        DomainRequest.of(DomainType.UNMANAGED).withDirtyTracking())))
                .isEqualTo(Errno.EOPNOTSUPP);
        assertThatThrownBy(() -> DomainRequest.of(DomainType.IDENTITY).withDirtyTracking())
                .hasMessageContaining("EINVAL");
    }
}
