package org.sluice.board.qemu;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.sluice.smmuv3.arch.CmdCfgiCd;
import org.sluice.smmuv3.arch.CmdCfgiCdAll;
import org.sluice.smmuv3.arch.CmdCfgiSte;
import org.sluice.smmuv3.arch.CmdCfgiSteRange;
import org.sluice.smmuv3.arch.CmdSync;
import org.sluice.smmuv3.arch.CmdTlbiNhAll;
import org.sluice.smmuv3.arch.CmdTlbiNhAsid;
import org.sluice.smmuv3.arch.CmdTlbiNhVa;
import org.sluice.smmuv3.arch.CmdTlbiNhVaa;
import org.sluice.smmuv3.arch.CmdTlbiNsnhAll;
import org.sluice.smmuv3.arch.CmdTlbiS12Vmall;
import org.sluice.smmuv3.arch.CmdTlbiS2Ipa;
import org.sluice.smmuv3.arch.CmdqBase;
import org.sluice.smmuv3.arch.CmdqCons;
import org.sluice.smmuv3.arch.CmdqProd;
import org.sluice.smmuv3.arch.ContextDescriptor;
import org.sluice.smmuv3.arch.Cr0;
import org.sluice.smmuv3.arch.Cr2;
import org.sluice.smmuv3.arch.EventqBase;
import org.sluice.smmuv3.arch.EventqCons;
import org.sluice.smmuv3.arch.EventqProd;
import org.sluice.smmuv3.arch.L1StreamTableDescriptor;
import org.sluice.smmuv3.arch.StreamTableEntry;
import org.sluice.smmuv3.arch.StrtabBase;
import org.sluice.smmuv3.arch.StrtabBaseCfg;
import org.sluice.vmsa.arch.Tg1;

/**
 * A random but legal set-up of registers, stream table, contexts and page tables on both twins, and changes to it with the
 * invalidations that they need. Every choice comes from the one source of random numbers.
 */
final class RandomSetUp {
    private static final long STREAMS = 0x4100_0000L;
    private static final long LEAF_STREAMS = 0x4110_0000L;
    private static final long COMMANDS = 0x4120_0000L;
    private static final long EVENTS = 0x4130_0000L;
    private static final long CONTEXTS = 0x4140_0000L;
    private static final long TABLES = 0x4200_0000L;

    private static final int QUEUE_LOG2 = 8;
    private static final int CONTEXT_COUNT = 4;
    private static final int SPLIT = 6;
    private static final int DATA_PAGES = RandomTables.DATA_BYTES >>> 12;
    // of S2PS, capped to the output size
    private static final int[] ADDRESS_BITS = {32, 36, 40, 42, 44, 44};
    private static final long LEAF_BYTES = (long) StreamTableEntry.BYTES << SPLIT;

    /** What of the SMMU is set up. */
    enum Reach {
        /** Stage 1, its lower half: addresses above do not reach the SMMU of an old QEMU. */
        LOW_HALF,
        /** Stage 1, each context with either half. */
        STAGE_1,
        /** Stage 2 alone, a VMID to each set of tables. */
        STAGE_2,
        /** Stage 1 as above, over an {@link IdentityStage2}. */
        NESTED
    }

    private final Twins twins;
    private Random random;
    private final Reach reach;
    private final boolean twoLevel;
    private final List<RandomTables> tables = new ArrayList<>();
    private final int[] spans = new int[4];
    private final Map<Integer, Integer> contexts = new HashMap<>();
    // of stage 2: S2VMID and what follows it, by the set of tables
    private final long[] stages = new long[CONTEXT_COUNT];
    private final Set<Integer> bypassed = new HashSet<>();
    // null unless nested
    private final IdentityStage2 under;
    private long[] underFields = {0, 0};
    private int producer;
    private long tablesEnd = TABLES;

    RandomSetUp(Twins twins, Reach reach, boolean twoLevel) {
        this.twins = twins;
        this.reach = reach;
        this.twoLevel = twoLevel;
        under = reach == Reach.NESTED ? new IdentityStage2(twins) : null;
    }

    private boolean once(int in) {
        return random.nextInt(in) == 0;
    }

    /**
     * Makes everything anew and enables translation.
     *
     * @param numbers decides everything from now on
     */
    void build(Random numbers) {
        random = numbers;
        twins.write32(Cr0.ADDRESS, 0);
        for (long at : new long[] {STREAMS, LEAF_STREAMS, CONTEXTS}) {
            twins.clear(at, 0x1_0000);
        }
        twins.clear(TABLES, tablesEnd - TABLES);
        byte[] data = new byte[RandomTables.DATA_BYTES];
        random.nextBytes(data);
        twins.fill(RandomTables.DATA, data);
        streamTable();
        long[] free = {TABLES};
        tables.clear();
        for (int i = 0; i < CONTEXT_COUNT; i++) {
            tables.add(new RandomTables(twins, random, free, form()));
            describe(i);
        }
        if (under != null) {
            underFields = under.fields(!once(8), once(4));
            for (int page = 0; page < DATA_PAGES; page++) {
                under.change(page, random);
            }
        }
        tablesEnd = free[0];
        Twins.STREAMS.forEach(this::stream);
        twins.write64(CmdqBase.ADDRESS, CmdqBase.withLog2size(CmdqBase.withAddr(0, COMMANDS), QUEUE_LOG2));
        twins.write32(CmdqProd.ADDRESS, 0);
        twins.write32(CmdqCons.ADDRESS, 0);
        producer = 0;
        twins.write64(
                EventqBase.ADDRESS, EventqBase.withLog2size(EventqBase.withAddr(0, EVENTS), Twins.EVENT_QUEUE_LOG2));
        twins.write32(EventqProd.ADDRESS, 0);
        twins.write32(EventqCons.ADDRESS, 0);
        twins.eventsAt(EVENTS);
        twins.write32(Cr2.ADDRESS, Cr2.withRecinvsid(0, once(3) ? 0 : 1));
        twins.write32(Cr0.ADDRESS, Cr0.CMDQEN_MASK | Cr0.EVENTQEN_MASK | Cr0.SMMUEN_MASK);
        command(CmdCfgiSteRange.withOpcode(0, CmdCfgiSteRange.OPCODE_VALUE), CmdCfgiSteRange.withRange(0, 31));
        command(CmdTlbiNsnhAll.withOpcode(0, CmdTlbiNsnhAll.OPCODE_VALUE), 0);
        sync();
    }

    private RandomTables.Form form() {
        return switch (reach) {
            case LOW_HALF -> RandomTables.Form.LOW_HALF;
            case STAGE_1, NESTED -> once(2) ? RandomTables.Form.LOW_HALF : RandomTables.Form.HIGH_HALF;
            case STAGE_2 -> RandomTables.Form.STAGE_2;
        };
    }

    private void describe(int index) {
        if (reach == Reach.STAGE_2) {
            stages[index] = stage(index);
        } else {
            context(index);
        }
    }

    private void streamTable() {
        twins.write64(StrtabBase.ADDRESS, StrtabBase.withAddr(0, STREAMS));
        // now and then too small for some of the streams
        long config = StrtabBaseCfg.withLog2size(0, once(5) ? 7 : 8);
        if (twoLevel) {
            config = StrtabBaseCfg.withFmt(config, StrtabBaseCfg.FMT_TWO_LEVEL);
            config = StrtabBaseCfg.withSplit(config, SPLIT);
            for (int i = 0; i < 4; i++) {
                long descriptor = L1StreamTableDescriptor.withL2Ptr(0, LEAF_STREAMS + i * LEAF_BYTES);
                spans[i] = once(4) ? random.nextInt(SPLIT + 1) : SPLIT + 1;
                twins.store(STREAMS + 8L * i, L1StreamTableDescriptor.withSpan(descriptor, spans[i]));
            }
        }
        twins.write32(StrtabBaseCfg.ADDRESS, config);
    }

    private long entryOf(int streamId) {
        return (twoLevel ? LEAF_STREAMS : STREAMS) + (long) streamId * StreamTableEntry.BYTES;
    }

    private void stream(int streamId) {
        long word0 = StreamTableEntry.withV(0, once(20) ? 0 : 1);
        long config = once(12)
                ? StreamTableEntry.CONFIG_BYPASS
                : once(12)
                        ? StreamTableEntry.CONFIG_ABORT
                        : switch (reach) {
                            case STAGE_2 -> StreamTableEntry.CONFIG_S2_TRANSLATE;
                            case NESTED -> StreamTableEntry.CONFIG_NESTED;
                            default -> StreamTableEntry.CONFIG_S1_TRANSLATE;
                        };
        word0 = StreamTableEntry.withConfig(word0, config);
        bypassed.remove(streamId);
        if (config == StreamTableEntry.CONFIG_BYPASS) {
            bypassed.add(streamId);
        }
        int index = random.nextInt(CONTEXT_COUNT);
        contexts.put(streamId, index);
        long context = CONTEXTS + (long) index * ContextDescriptor.BYTES;
        word0 = StreamTableEntry.withS1ContextPtr(word0, once(25) ? RandomTables.HOLE : context);
        long word1 = StreamTableEntry.withS1dss(0, random.nextInt(3));
        word1 = StreamTableEntry.withS1cir(word1, random.nextInt(4));
        word1 = StreamTableEntry.withS1csh(word1, 3);
        word1 = StreamTableEntry.withShcfg(word1, StreamTableEntry.SHCFG_INCOMING);
        if (reach == Reach.STAGE_2) {
            twins.store(entryOf(streamId), word0, word1, stages[index], tables.get(index).root);
        } else {
            twins.store(entryOf(streamId), word0, word1, underFields[0], underFields[1]);
        }
    }

    private long stage(int index) {
        RandomTables walked = tables.get(index);
        int level = walked.startLevel();
        long word2 = StreamTableEntry.withS2vmid(0, index + 1);
        word2 = StreamTableEntry.withS2t0sz(word2, 64 - walked.inputBits);
        word2 = StreamTableEntry.withS2sl0(word2, walked.granule == 12 ? 2 - level : 3 - level);
        word2 = StreamTableEntry.withS2sh0(word2, 3);
        word2 = StreamTableEntry.withS2tg(word2, tg0(walked.granule));
        word2 = StreamTableEntry.withS2ps(word2, once(4) ? random.nextInt(6) : 4);
        word2 = StreamTableEntry.withS2aa64(word2, 1);
        word2 = StreamTableEntry.withS2endi(word2, once(25) ? 1 : 0);
        word2 = StreamTableEntry.withS2affd(word2, once(4) ? 1 : 0);
        return StreamTableEntry.withS2r(word2, once(8) ? 0 : 1);
    }

    private void context(int index) {
        RandomTables walked = tables.get(index);
        boolean high = walked.form == RandomTables.Form.HIGH_HALF;
        long word0 = ContextDescriptor.withV(0, once(25) ? 0 : 1);
        word0 = ContextDescriptor.withAa64(word0, 1);
        word0 = high
                ? ContextDescriptor.withT1sz(word0, 64 - walked.inputBits)
                : ContextDescriptor.withT0sz(word0, 64 - walked.inputBits);
        word0 = high
                ? ContextDescriptor.withTg1(word0, tg1(walked.granule))
                : ContextDescriptor.withTg0(word0, tg0(walked.granule));
        word0 = ContextDescriptor.withSh0(word0, 3);
        word0 = ContextDescriptor.withEpd0(word0, high || once(20) ? 1 : 0);
        word0 = ContextDescriptor.withEpd1(word0, !high || once(20) ? 1 : 0);
        word0 = ContextDescriptor.withIps(word0, once(4) ? random.nextInt(6) : 4);
        word0 = ContextDescriptor.withAffd(word0, once(4) ? 1 : 0);
        word0 = ContextDescriptor.withR(word0, once(8) ? 0 : 1);
        word0 = ContextDescriptor.withA(word0, 1);
        word0 = ContextDescriptor.withAsid(word0, index + 1);
        long flat = once(10) ? 1 : 0;
        long low = ContextDescriptor.withHad0DisCH0(ContextDescriptor.withTtb0(0, walked.root), flat);
        long upper = ContextDescriptor.withHad1DisCH1(ContextDescriptor.withTtb1(0, walked.root), flat);
        long address = CONTEXTS + (long) index * ContextDescriptor.BYTES;
        twins.store(address, word0, high ? 0 : low, high ? upper : 0, 0xff44L);
    }

    private static long tg0(int granule) {
        return granule == 12
                ? ContextDescriptor.TG0_4K
                : granule == 14 ? ContextDescriptor.TG0_16K : ContextDescriptor.TG0_64K;
    }

    private static long tg1(int granule) {
        return granule == 12 ? Tg1.GRANULE_4K : granule == 14 ? Tg1.GRANULE_16K : Tg1.GRANULE_64K;
    }

    /** Changes a leaf, a context or a stream entry, and invalidates it in one of the ways that suffice. */
    void change() {
        int index = random.nextInt(CONTEXT_COUNT);
        RandomTables changed = tables.get(index);
        switch (random.nextInt(under == null ? 4 : 5)) {
            case 4 -> {
                under.change(random.nextInt(DATA_PAGES), random);
                command(once(2) ? all() : vmid(IdentityStage2.VMID - 1), 0);
            }
            case 0 -> {
                int streamId = Twins.STREAMS.get(random.nextInt(Twins.STREAMS.size()));
                stream(streamId);
                if (once(3)) {
                    command(CmdCfgiSteRange.withOpcode(0, CmdCfgiSteRange.OPCODE_VALUE), 31);
                } else {
                    long word0 = CmdCfgiSte.withOpcode(0, CmdCfgiSte.OPCODE_VALUE);
                    command(CmdCfgiSte.withStreamID(word0, streamId), CmdCfgiSte.withLeaf(0, random.nextInt(2)));
                }
            }
            case 1 -> {
                if (reach == Reach.STAGE_2) {
                    changeStage(index);
                    break;
                }
                context(index);
                for (int streamId : Twins.STREAMS) {
                    boolean all = once(2);
                    long word0 = CmdCfgiCd.withStreamID(
                            CmdCfgiCd.withOpcode(0, all ? CmdCfgiCdAll.OPCODE_VALUE : CmdCfgiCd.OPCODE_VALUE),
                            streamId);
                    command(word0, all ? 0 : CmdCfgiCd.withLeaf(0, 1));
                }
                // the output size is checked when a translation is made
                command(asid(index), 0);
            }
            default -> {
                if (!changed.mappings().isEmpty()) {
                    RandomTables.Mapping mapping = changed.mappings()
                            .get(random.nextInt(changed.mappings().size()));
                    changed.change(mapping);
                    if (reach == Reach.STAGE_2) {
                        invalidateStage2(index, changed, mapping);
                    } else {
                        invalidate(index, changed, mapping);
                    }
                }
            }
        }
        sync();
    }

    // of all that share the VMID
    private void changeStage(int index) {
        long old = stages[index];
        describe(index);
        contexts.forEach((streamId, used) -> {
            long at = entryOf(streamId) + 8L * StreamTableEntry.S2VMID_WORD;
            if (used == index && twins.load(at) == old) {
                twins.store(at, stages[index]);
            }
        });
        command(CmdCfgiSteRange.withOpcode(0, CmdCfgiSteRange.OPCODE_VALUE), CmdCfgiSteRange.withRange(0, 31));
        command(vmid(index), 0);
    }

    private static long vmid(int index) {
        return CmdTlbiS12Vmall.withVmid(CmdTlbiS12Vmall.withOpcode(0, CmdTlbiS12Vmall.OPCODE_VALUE), index + 1);
    }

    private void invalidateStage2(int index, RandomTables changed, RandomTables.Mapping mapping) {
        long word0 = CmdTlbiS2Ipa.withVmid(CmdTlbiS2Ipa.withOpcode(0, CmdTlbiS2Ipa.OPCODE_VALUE), index + 1);
        switch (random.nextInt(4)) {
            case 0 -> command(vmid(index), 0);
            case 1 -> command(all(), 0);
            case 2 -> command(word0, address(mapping));
            default -> range(word0, changed, mapping);
        }
    }

    private void invalidate(int index, RandomTables changed, RandomTables.Mapping mapping) {
        // QEMU keeps what stage 2 has cut a leaf into, unless it is told to forget more than the leaf
        boolean cut = under != null && mapping.bytes() > 1 << 12;
        switch (random.nextInt(cut ? 3 : 6)) {
            case 0 -> command(asid(index), 0);
            case 1 -> command(ofVmid(CmdTlbiNhAll.withOpcode(0, CmdTlbiNhAll.OPCODE_VALUE)), 0);
            case 2 -> command(all(), 0);
            case 3 -> command(ofVmid(CmdTlbiNhVaa.withOpcode(0, CmdTlbiNhVaa.OPCODE_VALUE)), address(mapping));
            case 4 -> command(ofAsid(index, CmdTlbiNhVa.OPCODE_VALUE), address(mapping));
            default -> range(ofAsid(index, CmdTlbiNhVa.OPCODE_VALUE), changed, mapping);
        }
    }

    // as many granules as the leaf has; the fields of a range stand at the same places in every command
    private void range(long word0, RandomTables changed, RandomTables.Mapping mapping) {
        long pages = mapping.bytes() >>> changed.granule;
        int scale = Long.numberOfTrailingZeros(pages);
        long word1 = CmdTlbiNhVa.withTg(address(mapping), (changed.granule - 10) / 2);
        command(CmdTlbiNhVa.withScale(word0, scale), CmdTlbiNhVa.withTtl(word1, scale == 0 ? 3 : 0));
    }

    private static long address(RandomTables.Mapping mapping) {
        return CmdTlbiNhVa.withLeaf(CmdTlbiNhVa.withAddr(0, mapping.iova()), 1);
    }

    private static long all() {
        return CmdTlbiNsnhAll.withOpcode(0, CmdTlbiNsnhAll.OPCODE_VALUE);
    }

    private long asid(int index) {
        return ofAsid(index, CmdTlbiNhAsid.OPCODE_VALUE);
    }

    // ASID and VMID stand at the same places in every command
    private long ofAsid(int index, long opcode) {
        return ofVmid(CmdTlbiNhAsid.withAsid(CmdTlbiNhAsid.withOpcode(0, opcode), index + 1));
    }

    private long ofVmid(long word0) {
        return under == null ? word0 : CmdTlbiNhAsid.withVmid(word0, IdentityStage2.VMID);
    }

    private void command(long word0, long word1) {
        twins.store(COMMANDS + (long) (producer & (1 << QUEUE_LOG2) - 1) * CmdSync.BYTES, word0, word1);
        producer = producer + 1 & (2 << QUEUE_LOG2) - 1;
    }

    private void sync() {
        command(CmdSync.withOpcode(0, CmdSync.OPCODE_VALUE), 0);
        twins.write32(CmdqProd.ADDRESS, producer);
        if (!twins.consumed(producer)) {
            throw new AssertionError("the command queue stands on one side or both, producer " + producer);
        }
    }

    /** Whether a stream is behind its second-level table, but within twice its size. */
    boolean isInDoubleSpan(int streamId) {
        int span = spans[streamId >>> SPLIT];
        int index = streamId & (1 << SPLIT) - 1;
        return twoLevel && span > 0 && span <= SPLIT && index >= 1 << span - 1 && index < 1 << span;
    }

    /** Where the choices come from. */
    Random random() {
        return random;
    }

    boolean isBypassed(int streamId) {
        return bypassed.contains(streamId);
    }

    /** The descriptors that a stream's IOVA leads to. */
    List<Long> walk(int streamId, long iova) {
        return tables.get(contexts.get(streamId)).walk(iova);
    }

    /** Whether a DMA there could change anything but the data. */
    boolean leadsAstray(int streamId, long iova) {
        return tables.get(contexts.get(streamId)).leadsAstray(iova);
    }

    boolean isTwoLevel() {
        return twoLevel;
    }

    /** Whether a stream has a stage 2 with more input bits than S2PS has output bits. */
    boolean isNarrow(int streamId) {
        int index = contexts.get(streamId);
        int outputBits = ADDRESS_BITS[(int) StreamTableEntry.s2ps(stages[index])];
        return isOfStage2() && tables.get(index).inputBits > outputBits;
    }

    boolean isNested() {
        return reach == Reach.NESTED;
    }

    boolean isOfStage2() {
        return reach == Reach.STAGE_2;
    }

    /** An IOVA that is worth a look: mostly of the stream's context, and mapped, or the neighbour of such a one. */
    long iova(int streamId) {
        RandomTables looked = tables.get(once(8) ? random.nextInt(CONTEXT_COUNT) : contexts.get(streamId));
        if (looked.mappings().isEmpty() || once(6)) {
            return anywhere(looked);
        }
        RandomTables.Mapping mapping =
                looked.mappings().get(random.nextInt(looked.mappings().size()));
        long inside = random.nextLong(mapping.reach()) & -4;
        return once(8) ? reached(mapping.iova() + mapping.bytes() + inside) : mapping.target() + inside;
    }

    private long anywhere(RandomTables looked) {
        long any = random.nextLong() & (1L << reachedBits() - random.nextInt(24)) - 4;
        return looked.form == RandomTables.Form.HIGH_HALF && once(2) ? any | -1L << 24 + random.nextInt(32) : any;
    }

    private long reached(long address) {
        return reach == Reach.STAGE_1 ? address : address & (1L << reachedBits()) - 1;
    }

    // what stage 2 alone is given beyond the output size is not for it to judge
    private int reachedBits() {
        return reach == Reach.STAGE_2 ? 44 : 48;
    }
}
