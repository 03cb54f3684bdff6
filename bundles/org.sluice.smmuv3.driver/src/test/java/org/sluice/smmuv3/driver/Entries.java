package org.sluice.smmuv3.driver;

import org.sluice.smmuv3.arch.ContextDescriptor;
import org.sluice.smmuv3.arch.StreamTableEntry;
import org.sluice.spi.pgtable.ArmStage1;
import org.sluice.spi.pgtable.ArmStage2;

/** The entries of Linux's test of its entry writer (linux-iommu.md section 5.3), built by the driver. */
final class Entries {
    private static final StreamEntry.Traits NO_STALL = new StreamEntry.Traits(true, false, StreamTableEntry.EATS_FULL);
    private static final StreamEntry.Traits STALL = new StreamEntry.Traits(false, true, StreamTableEntry.EATS_DISABLED);
    private static final StreamEntry.ContextTablePointer TABLE =
            new StreamEntry.ContextTablePointer(0xf0f0f0f0f0c0L, StreamTableEntry.S1FMT_TWO_LEVEL_64K, 31);
    private static final StreamEntry.ContextTablePointer OTHER_TABLE =
            new StreamEntry.ContextTablePointer(0x4b4b4b4b40L, StreamTableEntry.S1FMT_TWO_LEVEL_64K, 31);
    private static final long ROOT = 0xdbeefdeadbee0L;
    private static final ArmStage2 STAGE2 = new ArmStage2(ROOT, 4, 3, 2, 3, 1, 2, 1);
    private static final ArmStage1 STAGE1 = new ArmStage1(ROOT, 4, 2, 3, 1, 2, 1, false, 0x0abcdef012345678L);

    private Entries() {}

    static long[] abort() {
        return StreamEntry.abort();
    }

    static long[] bypass() {
        return StreamEntry.bypass();
    }

    static long[] contextTable(StreamEntry.Untagged untagged) {
        return StreamEntry.stage1(TABLE, untagged, NO_STALL);
    }

    static long[] otherContextTable(StreamEntry.Untagged untagged) {
        return StreamEntry.stage1(OTHER_TABLE, untagged, NO_STALL);
    }

    static long[] stallingContextTable() {
        return StreamEntry.stage1(TABLE, StreamEntry.Untagged.SUBSTREAM_0, STALL);
    }

    static long[] stage2() {
        return StreamEntry.stage2(STAGE2, 0, NO_STALL);
    }

    static long[] stallingStage2() {
        return StreamEntry.stage2(STAGE2, 0, STALL);
    }

    /** A guest's: MEV is forced there, so that its faults cannot flood the queue. */
    static long[] nested() {
        long[] entry = StreamEntry.nested(TABLE, StreamEntry.Untagged.BYPASS, STAGE2, 0, NO_STALL);
        entry[StreamTableEntry.MEV_WORD] = StreamTableEntry.withMev(entry[StreamTableEntry.MEV_WORD], 1);
        return entry;
    }

    static long[] context(int asid) {
        return ContextEntry.of(STAGE1, asid, false, false);
    }

    static long[] otherContext(int asid) {
        return ContextEntry.of(new ArmStage1(0x8000_0000L, 16, 0, 3, 1, 1, 5, false, 0xf404ff44L), asid, false, false);
    }

    static long[] upperContext(int asid) {
        return ContextEntry.of(new ArmStage1(0x8000_0000L, 16, 2, 3, 1, 1, 5, true, 0xf404ff44L), asid, false, false);
    }

    /** A process's tables: as Linux makes it, but for the sources of its fields, a context like any. */
    static long[] processContext(int asid) {
        return context(asid);
    }

    /** A process that is gone: valid, but nothing is walked and no fault recorded. */
    static long[] releasedContext(int asid) {
        long[] entry = context(asid);
        long word = entry[ContextDescriptor.V_WORD];
        word &= ~(ContextDescriptor.T0SZ_MASK
                | ContextDescriptor.TG0_MASK
                | ContextDescriptor.IR0_MASK
                | ContextDescriptor.OR0_MASK
                | ContextDescriptor.SH0_MASK);
        entry[ContextDescriptor.V_WORD] = ContextDescriptor.withR(ContextDescriptor.withEpd0(word, 1), 0);
        entry[ContextDescriptor.TTB0_WORD] = 0;
        return entry;
    }
}
