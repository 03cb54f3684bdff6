package org.sluice.smmuv3.driver;

import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.smmuv3.arch.StreamTableEntry;
import org.sluice.smmuv3.arch.StrtabBase;
import org.sluice.smmuv3.arch.StrtabBaseCfg;
import org.sluice.spi.memory.PageAllocator;
import org.sluice.spi.memory.PhysicalMemory;

/**
 * The stream table. Entries that nobody configured abort. One thread at a time; the SMMU reads along.
 *
 * <p>Like Linux, a table of at most {@link #SPLIT} StreamID bits is linear even where two levels are possible.
 */
abstract class StreamTable {
    /** StreamID bits that a second-level table resolves. */
    static final int SPLIT = 8;

    /** StreamID bits that the first level resolves at most. */
    private static final int MAX_FIRST_LEVEL = 17;

    private final long base;
    private final int streamBits;

    StreamTable(long base, int streamBits) {
        this.base = base;
        this.streamBits = streamBits;
    }

    /** Whether these features ask for two levels. */
    static boolean isTwoLevel(Features features) {
        return features.has(Feature.TWO_LEVEL_STREAM_TABLE) && features.streamBits() > SPLIT;
    }

    /** How many StreamID bits the table covers. */
    static int coveredBits(Features features) {
        int limit = isTwoLevel(features) ? MAX_FIRST_LEVEL + SPLIT : LinearStreamTable.MAX_BITS;
        return Math.min(features.streamBits(), limit);
    }

    /**
     * Allocates a table in which every stream aborts.
     *
     * @throws IommuException ENOMEM
     */
    static StreamTable create(Features features, PhysicalMemory memory, PageAllocator allocator) {
        return isTwoLevel(features)
                ? TwoLevelStreamTable.create(coveredBits(features), memory, allocator)
                : LinearStreamTable.create(coveredBits(features), memory, allocator);
    }

    /** The table at an address, as it is. */
    static StreamTable at(long base, Features features, PhysicalMemory memory, PageAllocator allocator) {
        return isTwoLevel(features)
                ? new TwoLevelStreamTable(base, coveredBits(features), memory, allocator)
                : new LinearStreamTable(base, coveredBits(features), allocator);
    }

    /** What STRTAB_BASE must hold. */
    final long baseRegister() {
        return StrtabBase.withRa(StrtabBase.withAddr(0, base), 1);
    }

    /** What STRTAB_BASE_CFG must hold. */
    abstract long configRegister();

    /** Width of the StreamIDs that it covers. */
    final int streamBits() {
        return streamBits;
    }

    /** Physical address in bytes. */
    final long base() {
        return base;
    }

    /**
     * Refuses a StreamID that the table does not cover.
     *
     * @throws IommuException ERANGE
     */
    final void requireCovered(int streamId) {
        if (Integer.toUnsignedLong(streamId) >>> streamBits != 0) {
            throw new IommuException(
                    Errno.ERANGE,
                    String.format(
                            "StreamID 0x%x, the limit is 0x%x: IDR1.SIDSIZE and the stream table allow %d bits",
                            streamId, (1L << streamBits) - 1, streamBits));
        }
    }

    /** Whether an entry exists: its second-level table is linked, if there are two levels. */
    abstract boolean exists(int streamId);

    /**
     * Makes sure that an entry exists.
     *
     * @return whether a table was linked for it, so that the SMMU must forget the descriptor that was there
     * @throws IommuException ENOMEM; nothing changed
     */
    abstract boolean prepare(int streamId);

    /** Physical address in bytes of an entry that exists. */
    abstract long entry(int streamId);

    /** Visits every entry that exists, in ascending order. */
    abstract void forEach(EntryVisitor visitor);

    /** Bytes of the table that the base register names. */
    abstract long baseBytes();

    /** Frees every level. The SMMU reads it no more. */
    abstract void free();

    /**
     * Makes streams pass untranslated; the SMMU does not read the table yet.
     *
     * @throws IommuException ERANGE, ENOMEM
     */
    final void letPass(ReservedStreams reserved, PhysicalMemory memory) {
        long[] bypass = StreamEntry.bypass();
        for (ReservedStreams.Range range : reserved.ranges()) {
            requireCovered(range.last());
            for (int streamId = range.first(); streamId <= range.last(); streamId++) {
                prepare(streamId);
                for (int word = 0; word < bypass.length; word++) {
                    memory.write64(entry(streamId) + (long) word * Long.BYTES, bypass[word]);
                }
            }
        }
    }

    /** Bytes of a table of so many entries. */
    static long entryBytes(long entries) {
        return entries * StreamTableEntry.BYTES;
    }

    /** Makes entries abort; the SMMU does not read them yet. */
    static void fillWithAbort(PhysicalMemory memory, long address, long entries) {
        long[] abort = StreamEntry.abort();
        for (long entry = 0; entry < entries; entry++) {
            for (int word = 0; word < abort.length; word++) {
                memory.write64(address + entryBytes(entry) + (long) word * Long.BYTES, abort[word]);
            }
        }
    }

    /** STRTAB_BASE_CFG of a format. */
    static long config(long format, int streamBits, int split) {
        long register = StrtabBaseCfg.withFmt(0, format);
        register = StrtabBaseCfg.withLog2size(register, streamBits);
        return StrtabBaseCfg.withSplit(register, split);
    }
}
