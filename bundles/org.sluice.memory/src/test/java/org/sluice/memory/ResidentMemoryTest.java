package org.sluice.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.spi.memory.MemoryAbortException;
import org.sluice.spi.memory.MemoryRegion;
import org.sluice.spi.memory.PhysicalMemory;

class ResidentMemoryTest {
    private static final long GIB = 1L << 30;
    private static final long BASE = 0x4000_0000L;

    private final ResidentMemoryFactory factory = new ResidentMemoryFactory();
    private final PhysicalMemory memory = factory.create(List.of(new MemoryRegion(BASE, 0x40_0000)));

    @Test
    void readingMemoryThatWasNeverWrittenGivesZeroAndCostsNoStorage() {
        long size = 64 * GIB; // far more than the heap of the test
        PhysicalMemory sparse = factory.create(List.of(new MemoryRegion(GIB, size)));
        byte[] bytes = new byte[24];
        for (long at = GIB; at < GIB + size; at += 1 << 20) {
            assertThat(sparse.read64(at)).isZero();
            assertThat(sparse.read32(at + 4)).isZero();
            assertThat(sparse.read8(at + 9)).isZero();
            assertThat(sparse.read64Acquire(at + 16)).isZero();
            bytes[3] = 1;
            sparse.read(at + 1, bytes, 0, 24);
            assertThat(bytes).containsOnly(0);
            sparse.clear(at, 1 << 20);
        }
    }

    @Test
    void wordsAreLittleEndian() {
        memory.write64(BASE, 0x0807060504030201L);
        assertThat(memory.read8(BASE)).isEqualTo((byte) 1);
        assertThat(memory.read8(BASE + 7)).isEqualTo((byte) 8);
        assertThat(memory.read32(BASE)).isEqualTo(0x04030201);
        assertThat(memory.read32(BASE + 4)).isEqualTo(0x08070605);
        byte[] bytes = new byte[5];
        memory.read(BASE + 2, bytes, 1, 4);
        assertThat(bytes).containsExactly(0, 3, 4, 5, 6);
    }

    @Test
    void windowIsTheStorageItself() {
        long at = BASE + 0x1234 * 8;
        long[] window = memory.window(at);
        int word = (int) ((at & (memory.windowBytes() - 1)) >>> 3);
        memory.write64(at, 77);
        assertThat(window[word]).isEqualTo(77);
        window[word] = 78;
        assertThat(memory.read64(at)).isEqualTo(78);
        assertThat(memory.window(at + 8)).isSameAs(window);
    }

    @Test
    void aWindowThatWasNeverWrittenIsNotMadeForWhoOnlyReads() {
        assertThat(memory.writtenWindow(BASE)).isNull();
        memory.read64(BASE);
        assertThat(memory.writtenWindow(BASE)).isNull();
        memory.write64(BASE + 8, 1);
        assertThat(memory.writtenWindow(BASE)).isSameAs(memory.window(BASE));
    }

    @Test
    void regionsThatShareAWindowShareItsStorage() {
        PhysicalMemory two =
                factory.create(List.of(new MemoryRegion(0x3_0000, 0x1_0000), new MemoryRegion(0x1_0000, 0x1_0000)));
        two.write64(0x1_0000, 1);
        two.write64(0x3_0000, 3);
        assertThat(two.window(0x1_0000)).isSameAs(two.window(0x3_0000));
        assertThat(two.contains(0x2_0000, 1)).isFalse();
        assertThat(two.read64(0x1_0000)).isEqualTo(1);
    }

    @Test
    void accessMayCrossRegionsThatTouch() {
        PhysicalMemory two =
                factory.create(List.of(new MemoryRegion(0x1_0000, 0x1_0000), new MemoryRegion(0x2_0000, 0x1_0000)));
        assertThat(two.contains(0x1_0000, 0x2_0000)).isTrue();
        two.write(0x1_fffd, new byte[] {1, 2, 3, 4, 5, 6}, 0, 6);
        assertThat(two.read32(0x2_0000)).isEqualTo(0x060504);
    }

    @Test
    void memoryAtTheTopOfTheAddressSpaceDoesNotWrap() {
        PhysicalMemory top = factory.create(List.of(new MemoryRegion(-0x1_0000L, 0x1_0000)));
        top.write64(-8L, 5);
        assertThat(top.read64(-8L)).isEqualTo(5);
        assertThat(top.contains(-8L, 16)).isFalse();
        assertThatThrownBy(() -> top.read(-4L, new byte[8], 0, 8)).isInstanceOf(MemoryAbortException.class);
        assertThatThrownBy(() -> top.read64(0)).isInstanceOf(MemoryAbortException.class);
    }

    @Test
    void everyKindOfAccessOutsideMemoryAbortsWithItsAddress() {
        for (long outside : new long[] {BASE - 8, BASE + 0x40_0000, 0, -8}) {
            assertAborts(outside, m -> m.read8(outside));
            assertAborts(outside, m -> m.read32(outside));
            assertAborts(outside, m -> m.read64(outside));
            assertAborts(outside, m -> m.read64Acquire(outside));
            assertAborts(outside, m -> m.write8(outside, (byte) 1));
            assertAborts(outside, m -> m.write32(outside, 1));
            assertAborts(outside, m -> m.write64(outside, 1));
            assertAborts(outside, m -> m.write64Release(outside, 1));
            assertAborts(outside, m -> m.compareAndSet32(outside, 0, 1));
            assertAborts(outside, m -> m.compareAndSet64(outside, 0, 1));
            assertAborts(outside, m -> m.read(outside, new byte[1], 0, 1));
            assertAborts(outside, m -> m.write(outside, new byte[1], 0, 1));
            assertAborts(outside, m -> m.clear(outside, 8));
            assertAborts(outside, m -> m.window(outside));
            assertAborts(outside, m -> m.writtenWindow(outside));
        }
    }

    @Test
    void misalignedSingleAccessesAbortAndChangeNothing() {
        memory.write64(BASE, -1);
        for (int offset = 1; offset < 8; offset++) {
            long at = BASE + offset;
            assertAborts(at, m -> m.read64(at));
            assertAborts(at, m -> m.read64Acquire(at));
            assertAborts(at, m -> m.write64(at, 0));
            assertAborts(at, m -> m.write64Release(at, 0));
            assertAborts(at, m -> m.compareAndSet64(at, -1, 0));
            assertAborts(at, m -> m.clear(at, 8));
            if (offset % 4 != 0) {
                assertAborts(at, m -> m.read32(at));
                assertAborts(at, m -> m.write32(at, 0));
                assertAborts(at, m -> m.compareAndSet32(at, -1, 0));
            }
        }
        assertAborts(BASE, m -> m.clear(BASE, 4));
        assertThat(memory.read64(BASE)).isEqualTo(-1);
    }

    @Test
    void writeThatRunsOutOfMemoryWritesNothing() {
        long last = BASE + 0x40_0000 - 8;
        memory.write64(last, 42);
        assertAborts(last, m -> m.write(last, new byte[9], 0, 9));
        assertAborts(last, m -> m.clear(last, 16));
        assertThat(memory.read64(last)).isEqualTo(42);
    }

    @Test
    void compareAndSetReplacesOnlyTheExpectedValue() {
        assertThat(memory.compareAndSet64(BASE, 1, 2)).isFalse();
        assertThat(memory.compareAndSet64(BASE, 0, -1)).isTrue();
        assertThat(memory.compareAndSet32(BASE + 4, 0, 7)).isFalse();
        assertThat(memory.compareAndSet32(BASE + 4, -1, 7)).isTrue();
        assertThat(memory.read64(BASE)).isEqualTo(0x7_ffff_ffffL);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 0xffff, 0x1_0001})
    void regionThatIsNotInMultiplesOf64KIsRefused(long size) {
        assertThatThrownBy(() -> factory.create(List.of(new MemoryRegion(0, size))))
                .isInstanceOfSatisfying(
                        IommuException.class, e -> assertThat(e.errno()).isEqualTo(Errno.EINVAL))
                .hasMessageContaining("65536");
    }

    @Test
    void overlappingEmptyAndOversizedMemoriesAreRefused() {
        assertThatThrownBy(() ->
                        factory.create(List.of(new MemoryRegion(0, 0x2_0000), new MemoryRegion(0x1_0000, 0x1_0000))))
                .hasMessageContaining("EINVAL")
                .hasMessageContaining("overlap");
        assertThatThrownBy(() -> factory.create(List.of())).hasMessageContaining("EINVAL");
        assertThatThrownBy(() -> factory.create(List.of(new MemoryRegion(0, 1L << 52))))
                .hasMessageContaining("EINVAL")
                .hasMessageContaining("limit");
    }

    private void assertAborts(long address, Consumer<PhysicalMemory> access) {
        assertThatThrownBy(() -> access.accept(memory))
                .isInstanceOfSatisfying(
                        MemoryAbortException.class, e -> assertThat(e.address()).isEqualTo(address))
                .hasMessageContaining(String.format("0x%x", address));
    }
}
