package org.sluice.board.qemu;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.sluice.memory.ResidentMemoryFactory;
import org.sluice.smmuv3.arch.CmdqCons;
import org.sluice.smmuv3.arch.Cr0;
import org.sluice.smmuv3.arch.EventqCons;
import org.sluice.smmuv3.arch.EventqProd;
import org.sluice.smmuv3.model.Smmuv3ModelFactory;
import org.sluice.spi.board.Dma;
import org.sluice.spi.board.ExplainingModel;
import org.sluice.spi.board.Explanation;
import org.sluice.spi.board.IommuModel;
import org.sluice.spi.board.ModelRequest;
import org.sluice.spi.bus.RegisterFile;
import org.sluice.spi.memory.MemoryRegion;
import org.sluice.spi.memory.PhysicalMemory;

/** QEMU and the model side by side: whatever is done is done to both, and what comes of it is looked at on both. */
final class Twins implements AutoCloseable {
    static final List<Integer> STREAMS = List.of(0x08, 0x11, 0x1a, 0x40, 0x9b, 0xf8);

    static final int EVENT_QUEUE_LOG2 = 7;
    private static final int RECORD_BYTES = 32;

    private final QemuBoard qemu;
    private final RegisterFile qemuRegisters;
    private final PhysicalMemory modelMemory;
    private final ExplainingModel model;
    private long eventQueue;
    private int eventsConsumed;

    /**
     * A pair in reset state.
     *
     * @param binary QEMU
     * @param stage of its SMMU, or empty
     * @param profile of the model
     */
    Twins(String binary, String stage, String profile) {
        Map<String, Object> properties = InstalledQemu.properties(
                STREAMS.stream().map(id -> "dma" + id + ";sid=" + id).toArray(String[]::new));
        properties.put("qemu", binary);
        properties.put("iommu.stage", stage);
        qemu = InstalledQemu.board(properties);
        qemuRegisters = qemu.iommus().get(0).registers();
        modelMemory = new ResidentMemoryFactory().create(List.of(new MemoryRegion(InstalledQemu.MEMORY, 0x1000_0000L)));
        model = (ExplainingModel) new Smmuv3ModelFactory()
                .create(new ModelRequest("twin", modelMemory, modelMemory, line -> {}, Map.of("profile", profile)));
    }

    void write32(long offset, long value) {
        qemuRegisters.write32(offset, (int) value);
        model.registers().write32(offset, (int) value);
    }

    void write64(long offset, long value) {
        qemuRegisters.write64(offset, value);
        model.registers().write64(offset, value);
    }

    /** A register's value on QEMU, then on the model. */
    long[] read32(long offset) {
        return new long[] {
            Integer.toUnsignedLong(qemuRegisters.read32(offset)),
            Integer.toUnsignedLong(model.registers().read32(offset))
        };
    }

    void store(long address, long... words) {
        for (int i = words.length - 1; i >= 0; i--) {
            qemu.memory().write64(address + 8L * i, words[i]);
            modelMemory.write64(address + 8L * i, words[i]);
        }
    }

    long load(long address) {
        return modelMemory.read64(address);
    }

    void clear(long address, long bytes) {
        qemu.memory().clear(address, bytes);
        modelMemory.clear(address, bytes);
    }

    void fill(long address, byte[] data) {
        qemu.memory().write(address, data, 0, data.length);
        modelMemory.write(address, data, 0, data.length);
    }

    /** Memory of QEMU, then of the model. */
    byte[][] contents(long address, int bytes) {
        byte[][] both = new byte[2][bytes];
        qemu.memory().read(address, both[0], 0, bytes);
        modelMemory.read(address, both[1], 0, bytes);
        return both;
    }

    /** Where events go: the queue is empty. */
    void eventsAt(long address) {
        eventQueue = address;
        eventsConsumed = 0;
    }

    /** Gives the model what QEMU has. */
    void followQemu(long address, int bytes) {
        byte[] data = new byte[bytes];
        qemu.memory().read(address, data, 0, bytes);
        modelMemory.write(address, data, 0, bytes);
    }

    /** What the model would do and why, without doing it. */
    Explanation explain(int streamId, long iova, boolean write) {
        return model.explain(streamId, Dma.NO_PASID, iova, write ? IommuModel.WRITE : 0);
    }

    /** A DMA of four aligned bytes: what came of it on QEMU, then on the model. */
    Observation[] dma(int streamId, long iova, boolean write, int value) {
        byte[] word = {
            (byte) value, (byte) (value >>> 8), (byte) (value >>> 16), (byte) (value >>> 24),
        };
        byte[] twin = word.clone();
        Dma port = qemu.endpoints().get(STREAMS.indexOf(streamId)).dma();
        int real = write
                ? port.write(Dma.NO_PASID, iova, word, 0, word.length, 0)
                : port.read(Dma.NO_PASID, iova, word, 0, word.length, 0);
        int modelled = model.transact(streamId, Dma.NO_PASID, iova, write ? IommuModel.WRITE : 0, twin, 0, twin.length);
        int start = eventsConsumed;
        Observation[] both = {
            new Observation(
                    real, write || real != Dma.OK ? 0 : number(word), events(qemu.memory(), qemuRegisters, start)),
            new Observation(
                    modelled,
                    write || modelled != Dma.OK ? 0 : number(twin),
                    events(modelMemory, model.registers(), start))
        };
        consume();
        return both;
    }

    private static int number(byte[] word) {
        return IntStream.range(0, word.length)
                .map(i -> (word[i] & 0xff) << 8 * i)
                .sum();
    }

    private List<long[]> events(PhysicalMemory memory, RegisterFile registers, int start) {
        int mask = (2 << EVENT_QUEUE_LOG2) - 1;
        int producer = registers.read32(EventqProd.ADDRESS) & mask;
        List<long[]> records = new ArrayList<>();
        for (int at = start; at != producer && records.size() < 4; at = at + 1 & mask) {
            long address = eventQueue + (long) RECORD_BYTES * (at & (1 << EVENT_QUEUE_LOG2) - 1);
            long[] words = new long[4];
            for (int i = 0; i < words.length; i++) {
                words[i] = memory.read64(address + 8L * i);
            }
            records.add(words);
        }
        return records;
    }

    /** Each side goes on where it stands: when one recorded more than the other, the difference has been seen. */
    private void consume() {
        int qemuProducer = qemuRegisters.read32(EventqProd.ADDRESS);
        int modelProducer = model.registers().read32(EventqProd.ADDRESS);
        if (qemuProducer != modelProducer) {
            // as software may while the queue is off: nothing else is lost by it
            realign(qemuProducer);
        }
        eventsConsumed = qemuProducer & (2 << EVENT_QUEUE_LOG2) - 1;
        qemuRegisters.write32(EventqCons.ADDRESS, eventsConsumed);
        model.registers().write32(EventqCons.ADDRESS, eventsConsumed);
    }

    private void realign(int producer) {
        int control = model.registers().read32(Cr0.ADDRESS);
        model.registers().write32(Cr0.ADDRESS, (int) Cr0.withEventqen(control, 0));
        model.registers().write32(EventqProd.ADDRESS, producer);
        model.registers().write32(Cr0.ADDRESS, control);
    }

    /** Whether both consumed the command queue up to an index. */
    boolean consumed(int producer) {
        long[] consumer = read32(CmdqCons.ADDRESS);
        long mask = CmdqCons.RD_MASK;
        return (consumer[0] & mask) == producer && (consumer[1] & mask) == producer;
    }

    @Override
    public void close() {
        model.close();
        qemu.close();
    }
}
