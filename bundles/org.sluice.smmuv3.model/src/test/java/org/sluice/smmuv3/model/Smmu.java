package org.sluice.smmuv3.model;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.UnaryOperator;
import org.sluice.memory.ResidentMemoryFactory;
import org.sluice.smmuv3.arch.CmdSync;
import org.sluice.smmuv3.arch.CmdqBase;
import org.sluice.smmuv3.arch.CmdqCons;
import org.sluice.smmuv3.arch.CmdqProd;
import org.sluice.smmuv3.arch.ContextDescriptor;
import org.sluice.smmuv3.arch.Cr0;
import org.sluice.smmuv3.arch.Cr2;
import org.sluice.smmuv3.arch.EventId;
import org.sluice.smmuv3.arch.EventqBase;
import org.sluice.smmuv3.arch.EventqCons;
import org.sluice.smmuv3.arch.EventqProd;
import org.sluice.smmuv3.arch.EvtFTranslation;
import org.sluice.smmuv3.arch.Gerror;
import org.sluice.smmuv3.arch.Gerrorn;
import org.sluice.smmuv3.arch.IrqCtrl;
import org.sluice.smmuv3.arch.StreamTableEntry;
import org.sluice.smmuv3.arch.StrtabBase;
import org.sluice.smmuv3.arch.StrtabBaseCfg;
import org.sluice.spi.board.Dma;
import org.sluice.spi.board.ExplainingModel;
import org.sluice.spi.board.Explanation;
import org.sluice.spi.board.IommuModel;
import org.sluice.spi.board.ModelRequest;
import org.sluice.spi.board.Translation;
import org.sluice.spi.bus.RegisterFile;
import org.sluice.spi.memory.MemoryRegion;
import org.sluice.spi.memory.PhysicalMemory;

/** A model with memory and a driver of few words, for tests. It knows the model by its contracts only. */
final class Smmu {
    static final int SID = 0x42;
    static final long STREAMS = 0x8800_0000L;
    static final long COMMANDS = 0x8810_0000L;
    static final long EVENTS = 0x8820_0000L;
    static final long CONTEXTS = 0x8000_1000L;
    static final long ROOT = 0x8200_0000L;
    /** Of stage 2; aligned for 16 tables of 64K. */
    static final long ROOT2 = 0x8e00_0000L;

    static final int QUEUE_BITS = 8;
    static final int STREAM_BITS = 8;
    /** No memory there. */
    static final long HOLE = 0x1_0000_0000L;

    final PhysicalMemory memory;
    final IommuModel model;
    final RegisterFile registers;
    final List<String> interrupts = new CopyOnWriteArrayList<>();
    /** What a raised line does besides. */
    volatile Runnable onInterrupt = () -> {};

    private long freeTable = 0x8300_0000L;

    private Smmu(Map<String, Object> properties, UnaryOperator<PhysicalMemory> wrapping) {
        memory = wrapping.apply(
                new ResidentMemoryFactory().create(List.of(new MemoryRegion(0x4000_0000L, 0x6000_0000L))));
        model = new Smmuv3ModelFactory().create(new ModelRequest("smmu0", memory, memory, this::raise, properties));
        registers = model.registers();
    }

    private void raise(String line) {
        interrupts.add(line);
        onInterrupt.run();
    }

    /** A model in reset state; properties as key, value, key, value. */
    static Smmu reset(Object... properties) {
        return reset(UnaryOperator.identity(), properties);
    }

    static Smmu reset(UnaryOperator<PhysicalMemory> wrapping, Object... properties) {
        Map<String, Object> map = new HashMap<>();
        for (int i = 0; i < properties.length; i += 2) {
            map.put((String) properties[i], properties[i + 1]);
        }
        return new Smmu(map, wrapping);
    }

    /** A model with a linear stream table, both queues and translation on. */
    static Smmu on(Object... properties) {
        return reset(properties).enable();
    }

    /** Its stream table is of two levels if {@link #twoLevelStreams} wrote the registers before. */
    Smmu enable() {
        if (registers.read64(StrtabBase.ADDRESS) == 0) {
            registers.write64(StrtabBase.ADDRESS, STREAMS);
            registers.write32(StrtabBaseCfg.ADDRESS, STREAM_BITS);
        }
        registers.write64(CmdqBase.ADDRESS, COMMANDS | QUEUE_BITS);
        registers.write64(EventqBase.ADDRESS, EVENTS | QUEUE_BITS);
        registers.write32(Cr2.ADDRESS, (int) Cr2.RECINVSID_MASK);
        registers.write32(IrqCtrl.ADDRESS, (int) (IrqCtrl.EVENTQ_MASK | IrqCtrl.GERROR_MASK));
        registers.write32(Cr0.ADDRESS, (int) (Cr0.CMDQEN_MASK | Cr0.EVENTQEN_MASK | Cr0.SMMUEN_MASK));
        return this;
    }

    Smmu twoLevelStreams(long base, int log2size, int split) {
        registers.write64(StrtabBase.ADDRESS, base);
        long config = StrtabBaseCfg.withFmt(log2size, StrtabBaseCfg.FMT_TWO_LEVEL);
        registers.write32(StrtabBaseCfg.ADDRESS, (int) (config | (long) split << StrtabBaseCfg.SPLIT_LSB));
        return this;
    }

    // memory

    void write(long address, long... words) {
        for (int i = words.length - 1; i >= 0; i--) {
            memory.write64Release(address + 8L * i, words[i]);
        }
    }

    Smmu ste(int sid, long... words) {
        write(STREAMS + (long) sid * StreamTableEntry.BYTES, words);
        return this;
    }

    /** A stage-1 STE of {@link #SID} with its CD table at {@link #CONTEXTS}. */
    Smmu stage1(int substreamBits, long s1dss) {
        return ste(SID, stage1Word0(substreamBits), StreamTableEntry.withS1dss(0, s1dss));
    }

    static long stage1Word0(int substreamBits) {
        long word0 = StreamTableEntry.withV(0, 1);
        word0 = StreamTableEntry.withConfig(word0, StreamTableEntry.CONFIG_S1_TRANSLATE);
        word0 = StreamTableEntry.withS1ContextPtr(word0, CONTEXTS);
        return StreamTableEntry.withS1cdMax(word0, substreamBits);
    }

    /** An STE of {@link #SID} with a 40-bit stage 2 of 4K pages that starts at level 1, its root at {@link #ROOT2}. */
    Smmu stage2(long config, int vmid) {
        return stage2(config, stage2Word2(vmid));
    }

    Smmu stage2(long config, long word2) {
        long word0 = StreamTableEntry.withConfig(stage1Word0(0), config);
        return ste(SID, word0, 0, word2, ROOT2);
    }

    static long stage2Word2(int vmid) {
        long word2 = StreamTableEntry.withS2vmid(0, vmid);
        word2 = StreamTableEntry.withS2t0sz(word2, 24);
        word2 = StreamTableEntry.withS2sl0(word2, 1);
        word2 = StreamTableEntry.withS2ps(word2, 5);
        word2 = StreamTableEntry.withS2aa64(word2, 1);
        return StreamTableEntry.withS2r(word2, 1);
    }

    /** Maps one 4K page of {@link #stage2}. */
    long map2(long ipa, long pa, long attributes) {
        return Tables.descend(this, ROOT2, 12, 1, ipa, 3, pa | attributes | 3);
    }

    /** Maps 1G, one to one, of {@link #stage2}. */
    void identity2(long gigabyte) {
        Tables.descend(this, ROOT2, 12, 1, gigabyte << 30, 1, gigabyte << 30 | Tables.S2_RW | 1);
    }

    Smmu cd(int index, long... words) {
        write(CONTEXTS + (long) index * ContextDescriptor.BYTES, words);
        return this;
    }

    /** A 48-bit, 4K, low-half context; ASID and root as given. */
    static long cdWord0(int asid) {
        long word0 = ContextDescriptor.withV(0, 1);
        word0 = ContextDescriptor.withAa64(word0, 1);
        word0 = ContextDescriptor.withT0sz(word0, 16);
        word0 = ContextDescriptor.withEpd1(word0, 1);
        word0 = ContextDescriptor.withIps(word0, 5);
        word0 = ContextDescriptor.withA(word0, 1);
        word0 = ContextDescriptor.withR(word0, 1);
        return ContextDescriptor.withAsid(word0, asid);
    }

    /** An STE and a CD for untagged traffic, its root at {@link #ROOT}. */
    static Smmu translating(Object... properties) {
        return on(properties).stage1(0, 0).cd(0, cdWord0(1), ROOT);
    }

    long table() {
        long table = freeTable;
        freeTable += 0x1_0000;
        return table;
    }

    /** Maps one 4K page under a 48-bit root; the descriptor's attributes are given. */
    void map(long root, long iova, long pa, long attributes) {
        Tables.map(this, root, 12, 48, iova, 3, pa | attributes | 3);
    }

    // DMA

    int read(int substream, long iova, byte[] data, int flags) {
        return model.transact(SID, substream, iova, flags, data, 0, data.length);
    }

    int read(long iova) {
        return read(Dma.NO_PASID, iova, new byte[4], 0);
    }

    int write(long iova) {
        return model.transact(SID, Dma.NO_PASID, iova, IommuModel.WRITE, new byte[4], 0, 4);
    }

    /** The 64-bit word that the device reads, or -1 if the read does not complete. */
    long load(int substream, long iova) {
        byte[] data = new byte[8];
        if (read(substream, iova, data, 0) != Dma.OK) {
            return -1;
        }
        return java.nio.ByteBuffer.wrap(data)
                .order(java.nio.ByteOrder.LITTLE_ENDIAN)
                .getLong();
    }

    long load(long iova) {
        return load(Dma.NO_PASID, iova);
    }

    Translation translate(int substream, long iova, int flags) {
        return model.translate(SID, substream, iova, flags);
    }

    /** What an untagged read of a stream would meet. */
    Translation translateOf(int streamId, long iova) {
        return model.translate(streamId, Dma.NO_PASID, iova, 0);
    }

    /** Why an untagged access would meet what it would meet. */
    Explanation explain(long iova, int flags) {
        return ((ExplainingModel) model).explain(SID, Dma.NO_PASID, iova, flags);
    }

    // queues

    /** Queues a command and rings the bell. */
    void command(long word0, long word1) {
        int producer = registers.read32(CmdqProd.ADDRESS);
        write(COMMANDS + (long) (producer & (1 << QUEUE_BITS) - 1) * CmdSync.BYTES, word0, word1);
        registers.write32(CmdqProd.ADDRESS, producer + 1 & (2 << QUEUE_BITS) - 1);
    }

    void sync() {
        command(CmdSync.withOpcode(0, CmdSync.OPCODE_VALUE), 0);
    }

    boolean commandsConsumed() {
        return registers.read32(CmdqProd.ADDRESS) == registers.read32(CmdqCons.ADDRESS);
    }

    long commandError() {
        boolean active =
                ((registers.read32(Gerror.ADDRESS) ^ registers.read32(Gerrorn.ADDRESS)) & Gerror.CMDQ_MASK) != 0;
        return active ? CmdqCons.err(registers.read32(CmdqCons.ADDRESS)) : CmdqCons.ERR_NONE;
    }

    /** Takes all events out of the queue. */
    List<long[]> events() {
        List<long[]> events = new ArrayList<>();
        int consumer = registers.read32(EventqCons.ADDRESS);
        while ((consumer ^ registers.read32(EventqProd.ADDRESS)) << 31 - QUEUE_BITS - 1 << 1 != 0) {
            long address = EVENTS + (long) (consumer & (1 << QUEUE_BITS) - 1) * EvtFTranslation.BYTES;
            events.add(new long[] {
                memory.read64(address),
                memory.read64(address + 8),
                memory.read64(address + 16),
                memory.read64(address + 24)
            });
            consumer = consumer & Integer.MIN_VALUE | consumer + 1 & (2 << QUEUE_BITS) - 1;
        }
        registers.write32(EventqCons.ADDRESS, consumer);
        return events;
    }

    /** The names of all events in the queue, which it takes out. */
    List<String> eventNames() {
        return events().stream()
                .map(event -> EventId.name((int) event[0] & 0xff))
                .toList();
    }

    long counter(String name) {
        return ((org.sluice.api.Counters) model).read().getOrDefault(name, 0L);
    }
}
