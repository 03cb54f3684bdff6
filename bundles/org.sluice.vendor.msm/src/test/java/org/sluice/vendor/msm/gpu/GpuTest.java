package org.sluice.vendor.msm.gpu;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.sluice.api.ClientTable;
import org.sluice.memory.ResidentMemoryFactory;
import org.sluice.spi.board.Dma;
import org.sluice.spi.bus.RegisterFile;
import org.sluice.spi.memory.MemoryAbortException;
import org.sluice.spi.memory.MemoryRegion;
import org.sluice.spi.memory.PhysicalMemory;

/** Packets as words, and what the GPU makes of them over memory without an IOMMU. */
@Timeout(60)
class GpuTest {
    private static final long STREAM = 0x8000_0000L;
    private static final long DATA = 0x8001_0000L;

    private final PhysicalMemory memory =
            new ResidentMemoryFactory().create(List.of(new MemoryRegion(0x8000_0000L, 0x10_0000)));
    private final List<String> writes = new ArrayList<>();
    private final List<Integer> pasids = new ArrayList<>();
    private final Gpu gpu = new Gpu(new PlainDma(), new TableAperture(new Registers()));

    /** Physical addresses are input addresses. */
    private final class PlainDma implements Dma {
        @Override
        public int read(int pasid, long iova, byte[] target, int offset, int length, int flags) {
            pasids.add(pasid);
            try {
                memory.read(iova, target, offset, length);
                return OK;
            } catch (MemoryAbortException e) {
                return ABORT;
            }
        }

        @Override
        public int write(int pasid, long iova, byte[] source, int offset, int length, int flags) {
            pasids.add(pasid);
            try {
                memory.write(iova, source, offset, length);
                return OK;
            } catch (MemoryAbortException e) {
                return ABORT;
            }
        }
    }

    /** An SMMUv2 of 4 KiB pages whose banks begin at 0x20000. */
    private final class Registers implements RegisterFile {
        @Override
        public int read32(long offset) {
            return offset == 0x24 ? 4 << 28 : 0;
        }

        @Override
        public void write32(long offset, int value) {
            writes.add(String.format("%x=%x", offset, value));
        }

        @Override
        public long read64(long offset) {
            return 0;
        }

        @Override
        public void write64(long offset, long value) {
            writes.add(String.format("%x=%x", offset, value));
        }
    }

    @AfterEach
    void off() {
        gpu.close();
    }

    private Execution run(int pasid, int... words) {
        for (int i = 0; i < words.length; i++) {
            memory.write32(STREAM + 4L * i, words[i]);
        }
        return gpu.run(STREAM, words.length, pasid)
                .orTimeout(30, TimeUnit.SECONDS)
                .join();
    }

    @Test
    void aTableUpdateIsFourWordsAsTheReferenceHasThem() {
        ClientTable table = new ClientTable(0x1234_5678_9000L, 0xabcd, 0x0fed_cba9, 3);
        assertThat(new CommandStream().switchTable(table).words())
                .containsExactly(0x70d3_0004, 0x5678_9000, 0xabcd_1234, 0x0fed_cba9, 3);
        assertThat(run(Dma.NO_PASID, new CommandStream().switchTable(table).words()))
                .isEqualTo(Execution.DONE);
        assertThat(writes).containsExactly("23020=abcd123456789000", "23034=fedcba9");
        assertThat(gpu.tableSwitches()).isOne();
    }

    @Test
    void headersCarryOddParityOfCountAndOpcode() {
        assertThat(new CommandStream().store(DATA, 7).words()).containsExactly(0x703d_8003, (int) DATA, 0, 7);
        assertThat(new CommandStream().fence(DATA, 9).words()[0]).isEqualTo(0x7046_0004);
    }

    @Test
    void storesLoadsAndFencesReachMemoryAndOnlyWorkCarriesThePasid() {
        int[] words = new CommandStream()
                .store(DATA, 11, 22)
                .load(5, DATA, 2)
                .fence(DATA + 64, 3)
                .words();
        assertThat(run(42, words)).isEqualTo(Execution.DONE);
        assertThat(gpu.register(5)).isEqualTo(11);
        assertThat(gpu.register(6)).isEqualTo(22);
        assertThat(memory.read32(DATA + 64)).isEqualTo(3);
        assertThat(pasids).as("fetch, store, load, fence").containsExactly(Dma.NO_PASID, 42, 42, Dma.NO_PASID);
    }

    @Test
    void aStreamIsGivenUpAtWhatCannotBeAndTheNextOneRuns() {
        int[] lost = new CommandStream().store(0x10, 1).fence(DATA, 1).words();
        assertThat(run(Dma.NO_PASID, lost).reason()).isEqualTo("store to 0x10 aborted");
        assertThat(memory.read32(DATA)).as("its fence is not written").isZero();
        assertThat(run(Dma.NO_PASID, 0x703d_0003, 0, 0, 0).reason()).contains("no packet");
        assertThat(run(Dma.NO_PASID, 0x70d3_0004, 0).reason()).as("cut off").contains("no packet");
        assertThat(run(
                                Dma.NO_PASID,
                                new CommandStream()
                                        .load(Gpu.REGISTERS - 1, DATA, 2)
                                        .words())
                        .reason())
                .contains("registers 63 to 64");
        assertThat(gpu.run(0x10, 4, Dma.NO_PASID).join().reason()).isEqualTo("fetch from 0x10 aborted");
        assertThat(run(Dma.NO_PASID, new CommandStream().fence(DATA, 2).words()))
                .isEqualTo(Execution.DONE);
        assertThat(memory.read32(DATA)).isEqualTo(2);
    }

    @Test
    void aGpuThatTagsItsTrafficDoesNotLoadTables() {
        try (Gpu tagging = new Gpu(new PlainDma(), null)) {
            int[] words = new CommandStream()
                    .switchTable(new ClientTable(0x1000, 1, 1, 0))
                    .words();
            for (int i = 0; i < words.length; i++) {
                memory.write32(STREAM + 4L * i, words[i]);
            }
            assertThat(tagging.run(STREAM, words.length, Dma.NO_PASID).join().reason())
                    .contains("does not load tables");
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4})
    void randomWordsNeverEscapeAsAnException(long seed) {
        Random random = new Random(seed);
        for (int round = 0; round < 200; round++) {
            int[] words = random.ints(random.nextInt(1, 32)).toArray();
            // half of them begin like a packet
            if (random.nextBoolean()) {
                words[0] = new CommandStream().load(0, 0, 1).words()[0] ^ random.nextInt(4) << 16;
            }
            assertThat(run(Dma.NO_PASID, words)).isNotNull();
        }
    }
}
