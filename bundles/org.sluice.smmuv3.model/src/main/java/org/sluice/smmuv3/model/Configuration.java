package org.sluice.smmuv3.model;

import org.sluice.smmuv3.arch.ContextDescriptor;
import org.sluice.smmuv3.arch.EventId;
import org.sluice.smmuv3.arch.L1ContextDescriptor;
import org.sluice.smmuv3.arch.StreamTableEntry;
import org.sluice.spi.board.Dma;
import org.sluice.spi.memory.MemoryAbortException;
import org.sluice.spi.memory.PhysicalMemory;

/**
 * The fetch of a transaction's configuration: STE, then CD, in the order of priority of their errors. Stateless; any
 * thread. It allocates, so it runs only on a miss of the {@link ConfigurationCache}.
 */
final class Configuration {
    private final PhysicalMemory memory;
    private final Identity id;
    private final StreamTable streams;

    Configuration(PhysicalMemory memory, Identity id) {
        this.memory = memory;
        this.id = id;
        streams = new StreamTable(memory, id);
    }

    /**
     * Fetches.
     *
     * @param substreamId SubstreamID, or {@link Dma#NO_PASID}
     * @param slot the counters of this thread, or null to count nothing
     */
    Route fetch(StreamTable.Shape shape, int streamId, int substreamId, long[] slot) {
        TransactionSlots.count(slot, TransactionSlots.STE_FETCH);
        long[] ste = new long[StreamTableEntry.WORDS];
        Route.Refused refused = streams.read(shape, streamId, ste);
        if (refused != null) {
            return refused;
        }
        StreamConfig config = StreamConfig.decode(ste, id);
        if (config instanceof StreamConfig.Stage1 stage1) {
            return stage1(stage1, substreamId, slot);
        }
        if (config instanceof StreamConfig.Aborting) {
            return Route.ABORTED;
        }
        if (config instanceof StreamConfig.Illegal) {
            return new Route.Refused(EventId.C_BAD_STE, 0);
        }
        return substreamId == Dma.NO_PASID ? Route.BYPASSED : new Route.Refused(EventId.C_BAD_SUBSTREAMID, 0);
    }

    private Route stage1(StreamConfig.Stage1 config, int substreamId, long[] slot) {
        if (substreamId == Dma.NO_PASID) {
            if (config.substreamBits() == 0 || config.untagged() == StreamConfig.Untagged.CONTEXT_0) {
                return context(config, 0, slot);
            }
            boolean bypass = config.untagged() == StreamConfig.Untagged.BYPASS;
            return bypass ? Route.BYPASSED : new Route.Refused(EventId.F_STREAM_DISABLED, 0);
        }
        if (config.substreamBits() == 0 || substreamId >>> config.substreamBits() != 0) {
            return new Route.Refused(EventId.C_BAD_SUBSTREAMID, 0);
        }
        if (substreamId == 0 && config.untagged() == StreamConfig.Untagged.CONTEXT_0) {
            return new Route.Refused(EventId.F_STREAM_DISABLED, 0);
        }
        return context(config, substreamId, slot);
    }

    private Route context(StreamConfig.Stage1 config, int index, long[] slot) {
        long address = config.contexts() + (long) index * ContextDescriptor.BYTES;
        try {
            if (config.leafBits() != 0) {
                address = config.contexts() + (long) (index >>> config.leafBits()) * L1ContextDescriptor.BYTES;
                long descriptor = memory.read64Acquire(address);
                long table = L1ContextDescriptor.l2Ptr(descriptor);
                if (L1ContextDescriptor.v(descriptor) == 0 || table >>> id.outputBits() != 0) {
                    return new Route.Refused(EventId.C_BAD_SUBSTREAMID, 0);
                }
                long leafBytes = (long) ContextDescriptor.BYTES << config.leafBits();
                long inLeaf = index & (1L << config.leafBits()) - 1;
                address = (table & -leafBytes) + inLeaf * ContextDescriptor.BYTES;
            }
            TransactionSlots.count(slot, TransactionSlots.CD_FETCH);
            long[] cd = new long[ContextDescriptor.WORDS];
            Structures.read(memory, address, cd);
            StreamContext context = StreamContext.decode(cd, id);
            return context == null ? new Route.Refused(EventId.C_BAD_CD, 0) : new Route.Translated(context);
        } catch (MemoryAbortException e) {
            return new Route.Refused(EventId.F_CD_FETCH, address);
        }
    }
}
