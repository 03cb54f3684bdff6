package org.sluice.board.qemu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.sluice.api.IommuException;
import org.sluice.smmuv3.arch.Cr0;
import org.sluice.smmuv3.arch.Cr0Ack;
import org.sluice.smmuv3.arch.Cr2;
import org.sluice.smmuv3.arch.EventqBase;
import org.sluice.smmuv3.arch.EventqProd;
import org.sluice.smmuv3.arch.Idr0;
import org.sluice.smmuv3.arch.Idr1;
import org.sluice.smmuv3.arch.IrqCtrl;
import org.sluice.smmuv3.arch.StrtabBase;
import org.sluice.smmuv3.arch.StrtabBaseCfg;
import org.sluice.spi.board.Dma;
import org.sluice.spi.board.Endpoint;
import org.sluice.spi.bus.InterruptLines;
import org.sluice.spi.bus.RegisterFile;
import org.sluice.spi.memory.MemoryAbortException;
import org.sluice.spi.memory.PhysicalMemory;

/** The board as its contracts describe it, on a QEMU whose SMMU is off or aborts. */
class QemuBoardTest {
    private static final long DATA = InstalledQemu.DATA;
    private static final long HOLE = 0x6000_0000L;

    private static QemuBoard board;
    private static PhysicalMemory memory;
    private static RegisterFile registers;
    private static Dma dma;

    @BeforeAll
    static void powerOn() {
        board = InstalledQemu.board("disk;sid=0x10", "net;sid=0x1a;group=3;compatible=qcom,adreno");
        memory = board.memory();
        registers = board.iommus().get(0).registers();
        dma = board.endpoints().get(0).dma();
    }

    @AfterAll
    static void powerOff() {
        if (board != null) {
            board.close();
        }
    }

    @Test
    void endpointsAreWhatTheConfigurationSays() {
        assertThat(board.name()).isEqualTo("qemu-test");
        assertThat(board.iommus())
                .singleElement()
                .satisfies(iommu -> assertThat(iommu.compatible()).isEqualTo("arm,smmu-v3"));
        Endpoint net = board.endpoints().get(1);
        assertThat(net).isEqualTo(new Endpoint("net", "qcom,adreno", "smmu0", List.of(0x1a), 0, 3, net.dma()));
    }

    @Test
    void registersAreQemus() {
        long idr0 = Integer.toUnsignedLong(registers.read32(Idr0.ADDRESS));
        long idr1 = Integer.toUnsignedLong(registers.read32(Idr1.ADDRESS));
        assertThat(Idr0.ttf(idr0)).isEqualTo(Idr0.TTF_AARCH64);
        assertThat(Idr1.sidsize(idr1)).isEqualTo(16);
        assertThat(registers.read32(0x7fff_0000L)).isZero();
        registers.write32(0x7fff_0000L, 1);
    }

    @Test
    void wordsAndBytesAreLittleEndianAndKeepTheirNeighbours() {
        memory.write64(DATA, 0x1122_3344_5566_7788L);
        memory.write32(DATA + 4, 0xa1b2_c3d4);
        memory.write8(DATA + 1, (byte) 0xee);
        assertThat(memory.read64(DATA)).isEqualTo(0xa1b2_c3d4_5566_ee88L);
        assertThat(memory.read32(DATA)).isEqualTo(0x5566_ee88);
        assertThat(memory.read8(DATA + 7)).isEqualTo((byte) 0xa1);
        byte[] bytes = new byte[6];
        memory.read(DATA + 1, bytes, 2, 3);
        assertThat(bytes).containsExactly(0, 0, 0xee, 0x66, 0x55, 0);
        memory.clear(DATA, 8);
        assertThat(memory.read64Acquire(DATA)).isZero();
    }

    @Test
    void byteRunsOfAnyLengthAndPlaceComeBack() {
        Random random = new Random(7);
        for (int length : new int[] {1, 7, 4095, 4096, 4097, 20_000}) {
            byte[] data = new byte[length];
            random.nextBytes(data);
            long at = DATA + random.nextInt(5000);
            memory.write(at, data, 0, length);
            byte[] back = new byte[length];
            memory.read(at, back, 0, length);
            assertThat(back).isEqualTo(data);
        }
    }

    @Test
    void compareAndSetReplacesOnlyWhatItExpects() {
        for (long address : new long[] {DATA + 64, board.allocator().allocate(8192, 8192) + 4096}) {
            memory.write64(address, 5);
            assertThat(memory.compareAndSet64(address, 4, 9)).isFalse();
            assertThat(memory.compareAndSet64(address, 5, 9)).isTrue();
            assertThat(memory.compareAndSet32(address + 4, 1, 2)).isFalse();
            assertThat(memory.compareAndSet32(address + 4, 0, 2)).isTrue();
            byte[] bytes = new byte[8];
            memory.read(address, bytes, 0, 8);
            assertThat(bytes).as("what QEMU has").containsExactly(9, 0, 0, 0, 2, 0, 0, 0);
            assertThat(memory.read64(address)).as("what we see").isEqualTo(0x2_0000_0009L);
        }
        assertThat(memory.atomicWithDevice()).isFalse();
        assertThat(memory.windowBytes()).isZero();
    }

    @ParameterizedTest
    @CsvSource({"0x3ffffff8, 8", "0x50000000, 8", "0x40000004, 8", "0x40000002, 4"})
    void accessOutsideMemoryOrMisalignedIsAnAbort(String address, int bytes) {
        long at = Long.decode(address);
        assertThatThrownBy(() -> {
                    if (bytes == 8) {
                        memory.read64(at);
                    } else {
                        memory.write32(at, 1);
                    }
                })
                .isInstanceOf(MemoryAbortException.class)
                .hasMessageContaining(address);
    }

    @Test
    void dmaOfAnyLengthArrives() {
        Random random = new Random(11);
        for (int length : new int[] {1, 3, 4, 5, 64, 4095, 4096, 9000}) {
            byte[] data = new byte[length];
            random.nextBytes(data);
            long at = DATA + 0x2_0000 + random.nextInt(4096);
            assertThat(dma.write(Dma.NO_PASID, at, data, 0, length, 0)).isEqualTo(Dma.OK);
            byte[] seen = new byte[length];
            memory.read(at, seen, 0, length);
            assertThat(seen).as("%d bytes in memory", length).isEqualTo(data);
            byte[] back = new byte[length + 2];
            assertThat(dma.read(Dma.NO_PASID, at, back, 1, length, 0)).isEqualTo(Dma.OK);
            assertThat(Arrays.copyOfRange(back, 1, length + 1))
                    .as("%d bytes read", length)
                    .isEqualTo(data);
        }
    }

    @Test
    void smallWordIsWrittenByMessage() {
        memory.write64(DATA + 0x800, -1);
        assertThat(dma.write(Dma.NO_PASID, DATA + 0x800, new byte[] {0x34, 0x12, 0, 0}, 0, 4, 0))
                .isEqualTo(Dma.OK);
        assertThat(memory.read64(DATA + 0x800)).isEqualTo(0xffff_ffff_0000_1234L);
        assertThat(dma.write(Dma.NO_PASID, HOLE, new byte[] {0x34, 0x12, 0, 0}, 0, 4, 0))
                .isEqualTo(Dma.ABORT);
    }

    @Test
    void dmaToAHoleAborts() {
        byte[] data = new byte[64];
        assertThat(dma.read(Dma.NO_PASID, HOLE, data, 0, 64, 0)).isEqualTo(Dma.ABORT);
        assertThat(dma.write(Dma.NO_PASID, HOLE, data, 0, 64, 0)).isEqualTo(Dma.ABORT);
        assertThat(dma.read(Dma.NO_PASID, DATA, data, 0, 64, 0)).as("the next").isEqualTo(Dma.OK);
    }

    @Test
    void whatTheDeviceCannotSendIsRefusedInWords() {
        assertThatThrownBy(() -> dma.read(1, DATA, new byte[4], 0, 4, 0))
                .isInstanceOf(IommuException.class)
                .hasMessageContaining("disk")
                .hasMessageContaining("0 bits");
        assertThatThrownBy(() -> dma.read(Dma.NO_PASID, DATA, new byte[4], 0, 4, Dma.PRIVILEGED))
                .hasMessageContaining("privileged");
    }

    /** The queue's page was used as a table before: a copy of it must not hide what the device writes. */
    @Test
    void faultReachesTheQueueAndTheInterruptAndIsOneRecord() throws InterruptedException {
        long queue = board.allocator().allocate(4096, 4096);
        memory.write64Release(queue, 0x77);
        assertThat(memory.read64(queue)).isEqualTo(0x77);
        long streams = board.allocator().allocate(256 * 64, 256 * 64);
        CountDownLatch heard = new CountDownLatch(1);
        InterruptLines.Subscription line = board.iommus().get(0).interrupts().subscribe("eventq", heard::countDown);
        try {
            registers.write64(EventqBase.ADDRESS, EventqBase.withLog2size(EventqBase.withAddr(0, queue), 6));
            registers.write64(StrtabBase.ADDRESS, StrtabBase.withAddr(0, streams));
            registers.write32(StrtabBaseCfg.ADDRESS, 8);
            registers.write32(Cr2.ADDRESS, (int) Cr2.RECINVSID_MASK);
            registers.write32(IrqCtrl.ADDRESS, (int) IrqCtrl.EVENTQ_MASK);
            int running = (int) (Cr0.SMMUEN_MASK | Cr0.EVENTQEN_MASK);
            registers.write32(Cr0.ADDRESS, running);

            assertThat(dma.read(Dma.NO_PASID, 0x1_2340, new byte[64], 0, 64, 0)).isEqualTo(Dma.ABORT);

            assertThat(registers.read32(EventqProd.ADDRESS)).isEqualTo(1);
            assertThat(memory.read64(queue) & 0xff).as("C_BAD_STE").isEqualTo(0x04);
            assertThat(memory.read64(queue) >>> 32).as("StreamID").isEqualTo(0x10);
            assertThat(heard.await(30, TimeUnit.SECONDS)).isTrue();
            assertThat(registers.read32(Cr0Ack.ADDRESS))
                    .as("the board's own transfers leave no trace")
                    .isEqualTo(running);
            assertThat(dma.write(Dma.NO_PASID, DATA, new byte[5], 0, 5, 0)).isEqualTo(Dma.ABORT);
        } finally {
            line.close();
            registers.write32(Cr0.ADDRESS, 0);
        }
    }

    @Test
    void threadsMayTalkAtOnce() throws InterruptedException {
        long base = board.allocator().allocate(1 << 16, 1 << 16);
        List<Throwable> wrong = new ArrayList<>();
        List<Thread> threads = new ArrayList<>();
        for (int n = 0; n < 4; n++) {
            int lane = n;
            threads.add(new Thread(() -> {
                for (long i = 1; i <= 300; i++) {
                    long at = base + (i % 8) * 4096 + lane * 8;
                    long before = memory.read64(at);
                    if (!memory.compareAndSet64(at, before, i << 8 | lane) || memory.read64(at) != (i << 8 | lane)) {
                        throw new AssertionError("lane " + lane + " lost word " + i);
                    }
                }
            }));
        }
        for (Thread thread : threads) {
            thread.setUncaughtExceptionHandler((which, error) -> wrong.add(error));
            thread.start();
        }
        for (Thread thread : threads) {
            thread.join();
        }
        assertThat(wrong).isEmpty();
        byte[] bytes = new byte[32];
        memory.read(base + 4096, bytes, 0, 32);
        for (int lane = 0; lane < 4; lane++) {
            assertThat(memory.read64(base + 4096 + lane * 8L) & 0xff).isEqualTo(lane);
            assertThat(bytes[8 * lane]).as("what QEMU has").isEqualTo((byte) lane);
        }
    }

    /** The board holds a connection: an interrupt of somebody's thread must not close it. */
    @Test
    void interruptOfACallerChangesNothing() {
        Thread.currentThread().interrupt();
        try {
            for (int i = 0; i < 50; i++) {
                assertThat(memory.read64(DATA + 0x900)).isZero();
            }
            assertThat(dma.read(Dma.NO_PASID, DATA, new byte[8], 0, 8, 0)).isEqualTo(Dma.OK);
            assertThat(Thread.currentThread().isInterrupted()).isTrue();
        } finally {
            Thread.interrupted();
        }
        assertThat(memory.read64(DATA + 0x900)).isZero();
    }

    @Test
    void tablesAreReadFromCopiesAndTheRestIsNot() {
        long table = board.allocator().allocate(4096, 4096);
        long buffer = board.allocator().allocate(4096, 4096);
        memory.compareAndSet64(table, 0, 1);
        memory.write(buffer, new byte[16], 0, 16);
        Map<String, Long> before = board.read();
        for (int i = 0; i < 100; i++) {
            memory.read64(table + 8);
        }
        assertThat(board.read().get("qtest.wait")).isEqualTo(before.get("qtest.wait"));
        dma.write(Dma.NO_PASID, buffer, new byte[] {1, 2, 3, 4, 5, 6, 7, 8}, 0, 8, 0);
        assertThat(memory.read64(buffer)).isEqualTo(0x0807_0605_0403_0201L);
        board.allocator().free(table, 4096);
        long again = board.allocator().allocate(4096, 4096);
        dma.write(Dma.NO_PASID, again, new byte[] {1, 2, 3, 4, 5, 6, 7, 8}, 0, 8, 0);
        assertThat(memory.read64(again)).as("a buffer where a table was").isEqualTo(0x0807_0605_0403_0201L);
    }
}
