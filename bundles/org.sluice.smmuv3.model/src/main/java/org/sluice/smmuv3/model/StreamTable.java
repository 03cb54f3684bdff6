package org.sluice.smmuv3.model;

import org.sluice.smmuv3.arch.EventId;
import org.sluice.smmuv3.arch.L1StreamTableDescriptor;
import org.sluice.smmuv3.arch.StreamTableEntry;
import org.sluice.smmuv3.arch.StrtabBase;
import org.sluice.smmuv3.arch.StrtabBaseCfg;
import org.sluice.spi.memory.MemoryAbortException;
import org.sluice.spi.memory.PhysicalMemory;

/** Finds the stream table entry of a StreamID. Any thread. */
final class StreamTable {
    private static final int MAX_SPAN = 11;

    private final PhysicalMemory memory;
    private final long outputMask;

    private final Trace trace;

    /** Reads that tell a trace; null for nobody. */
    StreamTable(PhysicalMemory memory, Identity id, Trace trace) {
        this.memory = memory;
        this.trace = trace;
        outputMask = (1L << id.outputBits()) - 1;
    }

    /**
     * Where the table is. The hardware aligns the base down to the table's size, and caps the size to the identity.
     *
     * @param base physical address of the table or of its first level
     * @param log2size StreamID bits that the table covers
     * @param split StreamID bits that the second level resolves; 0 for a linear table
     */
    record Shape(long base, int log2size, int split) {
        static Shape of(long strtabBase, long config, Identity id) {
            int log2size = (int) Math.min(StrtabBaseCfg.log2size(config), id.sidBits());
            boolean twoLevel = id.twoLevelStreamTable() && StrtabBaseCfg.fmt(config) == StrtabBaseCfg.FMT_TWO_LEVEL;
            int split = twoLevel ? split(StrtabBaseCfg.split(config)) : 0;
            int entryBytes = twoLevel ? L1StreamTableDescriptor.BYTES : StreamTableEntry.BYTES;
            long bytes = (long) entryBytes << Math.max(0, log2size - split);
            return new Shape(StrtabBase.addr(strtabBase) & -bytes, log2size, split);
        }

        // every other value acts as 6
        private static int split(long encoded) {
            return encoded == 8 || encoded == 10 ? (int) encoded : 6;
        }

        boolean covers(int streamId) {
            return Integer.toUnsignedLong(streamId) >>> log2size == 0;
        }
    }

    /**
     * Reads the entry of a stream.
     *
     * @param entry receives the words of the entry
     * @return null if it was read; else what the transaction meets
     */
    Route.Refused read(Shape shape, int streamId, long[] entry) {
        if (!shape.covers(streamId)) {
            rule("STRTAB_BASE_CFG", "the StreamID does not fit the stream table");
            return new Route.Refused(EventId.C_BAD_STREAMID, 0);
        }
        long sid = Integer.toUnsignedLong(streamId);
        long address = shape.base() + sid * StreamTableEntry.BYTES;
        try {
            if (shape.split() != 0) {
                address = shape.base() + (sid >>> shape.split()) * L1StreamTableDescriptor.BYTES;
                long descriptor = memory.read64Acquire(address);
                if (trace != null) {
                    trace.structure("L1STD", address, descriptor);
                }
                long index = sid & (1L << shape.split()) - 1;
                long span = L1StreamTableDescriptor.span(descriptor);
                if (span == 0 || span > MAX_SPAN || span > shape.split() + 1 || index >>> span - 1 != 0) {
                    rule("L1STD", "Span is invalid or does not reach the StreamID");
                    return new Route.Refused(EventId.C_BAD_STREAMID, 0);
                }
                long table = L1StreamTableDescriptor.l2Ptr(descriptor);
                if ((table & ~outputMask) != 0) {
                    rule("L1STD", "L2Ptr is beyond the output size");
                    return new Route.Refused(EventId.F_STE_FETCH, table & outputMask);
                }
                address = (table & -((long) StreamTableEntry.BYTES << span - 1)) + index * StreamTableEntry.BYTES;
            }
            Structures.read(memory, address, entry);
            if (trace != null) {
                trace.structure("STE", address, entry);
            }
            return null;
        } catch (MemoryAbortException e) {
            return new Route.Refused(EventId.F_STE_FETCH, address);
        }
    }

    private void rule(String subject, String text) {
        if (trace != null) {
            trace.rule(subject, text);
        }
    }
}
