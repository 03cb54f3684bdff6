package org.sluice.smmuv3.model;

import java.util.List;
import org.sluice.memory.ResidentMemoryFactory;
import org.sluice.smmuv3.arch.ContextDescriptor;
import org.sluice.smmuv3.arch.StreamTableEntry;
import org.sluice.spi.memory.MemoryRegion;
import org.sluice.spi.memory.PhysicalMemory;
import org.sluice.vmsa.arch.Stage1Leaf;
import org.sluice.vmsa.arch.Stage2Leaf;
import org.sluice.vmsa.arch.TableDescriptor;

/** Translation without a TLB, so that every address is walked for, for benchmarks. Any thread, with a slot of its own. */
public final class WalkDoor {
    private static final long BASE = 0x4000_0000L;
    private static final long SIZE = 0x1000_0000L;
    private static final long PAGE = 4096;
    private static final int TABLE_BITS = 9;

    private final PhysicalMemory memory;
    private final Translator translator;
    private final Route.Translated route;
    private long free = BASE;

    /**
     * Maps the first pages of the address space by 4K pages: four levels of stage 1.
     *
     * @param nested whether each address of stage 1 goes through three levels of stage 2
     */
    public WalkDoor(int pages, boolean nested) {
        memory = new ResidentMemoryFactory().create(List.of(new MemoryRegion(BASE, SIZE)));
        Identity id = Profile.FULL.identity();
        Tlb tlb = new Tlb(TlbShape.of(0), new Generation());
        ConfigurationCache none = new ConfigurationCache(0, false, new Generation());
        translator = new TranslationPath(new TranslationPath.Parts(memory, id, tlb, none), null).translator();
        long root = table();
        long leaf = Stage1Leaf.AF_MASK | Stage1Leaf.AP_UNPRIV_MASK | Stage1Leaf.NG_MASK | Stage1Leaf.TYPE_PAGE;
        for (long page = 0; page < pages; page++) {
            map(root, 0, page * PAGE, BASE + page * PAGE | leaf);
        }
        long word0 = ContextDescriptor.withIps(ContextDescriptor.withT0sz(0, 16), 5);
        word0 = ContextDescriptor.withEpd1(ContextDescriptor.withAa64(ContextDescriptor.withV(word0, 1), 1), 1);
        long[] cd = {ContextDescriptor.withA(word0, 1), root, 0, 0, 0, 0, 0, 0};
        StreamContext context = StreamContext.decode(cd, id, true, Regime.EL1);
        route = new Route.Translated(context, nested ? stage2(id) : null, 0, AttributeOverrides.NONE);
    }

    private Stage2Context stage2(Identity id) {
        long root = table();
        long leaf = Stage2Leaf.AF_MASK | Stage2Leaf.S2AP_R_MASK | Stage2Leaf.S2AP_W_MASK | Stage2Leaf.TYPE_PAGE;
        leaf |= Stage2Leaf.withMemAttr(0, Stage2Leaf.MEMATTR_WB);
        for (long ipa = BASE; ipa < BASE + SIZE / 2; ipa += PAGE) {
            map(root, 1, ipa, ipa | leaf);
        }
        long word2 = StreamTableEntry.withS2t0sz(0, 25);
        word2 = StreamTableEntry.withS2sl0(word2, 1);
        word2 = StreamTableEntry.withS2ps(StreamTableEntry.withS2aa64(word2, 1), 5);
        return Stage2Context.decode(new long[] {0, 0, word2, root, 0, 0, 0, 0}, id);
    }

    private long table() {
        long table = free;
        free += PAGE;
        return table;
    }

    private void map(long root, int level, long input, long leaf) {
        long table = root;
        for (int at = level; at < Granule.LAST_LEVEL; at++) {
            long entry = table + index(input, at);
            if (memory.read64(entry) == 0) {
                memory.write64(entry, table() | TableDescriptor.TYPE_TABLE);
            }
            table = TableDescriptor.nextTable(memory.read64(entry));
        }
        memory.write64(table + index(input, Granule.LAST_LEVEL), leaf);
    }

    private static long index(long input, int level) {
        return (input >>> Granule.shift(Granule.BITS_4K, level) & (1 << TABLE_BITS) - 1) * Long.BYTES;
    }

    /** Where an IOVA goes; the IOVA is a page's that was mapped. */
    public long translate(long iova, long[] slot) {
        long leaf = translator.translate(route, iova, 0, slot, 0);
        if (Leaf.isFault(leaf)) {
            throw new IllegalStateException("event " + Leaf.event(leaf) + " at 0x" + Long.toHexString(iova));
        }
        return Leaf.output(leaf, iova);
    }
}
