package org.sluice.smmuv3.model;

import org.sluice.smmuv3.arch.ContextDescriptor;
import org.sluice.smmuv3.arch.EventId;
import org.sluice.smmuv3.arch.EvtFTranslation;
import org.sluice.smmuv3.arch.L1ContextDescriptor;
import org.sluice.smmuv3.arch.StreamTableEntry;
import org.sluice.spi.board.Dma;
import org.sluice.spi.memory.MemoryAbortException;
import org.sluice.spi.memory.PhysicalMemory;

/**
 * The fetch of a transaction's configuration: STE, then CD, in the order of priority of their errors. Where there is a
 * stage 2, CDs are at IPAs. Stateless; any thread. It allocates, so it runs only on a miss of the
 * {@link ConfigurationCache}.
 */
final class Configuration {
    private final PhysicalMemory memory;
    private final Identity id;
    private final StreamTable streams;
    private final Stage2Translator stage2;

    Configuration(PhysicalMemory memory, Identity id, Stage2Translator stage2) {
        this.memory = memory;
        this.id = id;
        this.stage2 = stage2;
        streams = new StreamTable(memory, id);
    }

    /**
     * Fetches.
     *
     * @param substreamId SubstreamID, or {@link Dma#NO_PASID}
     * @param slot the counters of this thread; null counts nothing and fills nothing
     * @param began generation before the transaction read anything
     */
    Route fetch(Settings settings, int streamId, int substreamId, long[] slot, long began) {
        TransactionSlots.count(slot, TransactionSlots.STE_FETCH);
        long[] ste = new long[StreamTableEntry.WORDS];
        Route.Refused refused = streams.read(settings.streams(), streamId, ste);
        if (refused != null) {
            return refused;
        }
        StreamConfig config = StreamConfig.decode(ste, id, settings.atsChecked());
        if (config instanceof StreamConfig.Translating translating) {
            boolean first = translating.contexts() != null;
            return first ? stage1(translating, substreamId, slot, began) : stage2Only(translating, substreamId);
        }
        if (config instanceof StreamConfig.Aborting) {
            return Route.ABORTED;
        }
        if (config instanceof StreamConfig.Illegal) {
            return new Route.Refused(EventId.C_BAD_STE, 0);
        }
        return substreamId == Dma.NO_PASID ? Route.BYPASSED : new Route.Refused(EventId.C_BAD_SUBSTREAMID, 0);
    }

    /** Fetches what an STE says of its stream as a whole: a {@link StreamPolicy}, or {@link Route.Refused}. */
    Route stream(Settings settings, int streamId) {
        long[] ste = new long[StreamTableEntry.WORDS];
        Route.Refused refused = streams.read(settings.streams(), streamId, ste);
        if (refused != null) {
            return refused;
        }
        StreamConfig config = StreamConfig.decode(ste, id, settings.atsChecked());
        return config instanceof StreamConfig.Illegal
                ? new Route.Refused(EventId.C_BAD_STE, 0)
                : StreamPolicy.of(ste, config, id, settings.atsChecked());
    }

    private static Route stage2Only(StreamConfig.Translating config, int substreamId) {
        return substreamId == Dma.NO_PASID
                ? new Route.Translated(null, config.stage2(), config.vmid())
                : new Route.Refused(EventId.C_BAD_SUBSTREAMID, 0);
    }

    private Route stage1(StreamConfig.Translating config, int substreamId, long[] slot, long began) {
        ContextTable contexts = config.contexts();
        boolean contextZero = contexts.untagged() == ContextTable.Untagged.CONTEXT_0;
        if (substreamId == Dma.NO_PASID) {
            if (contexts.substreamBits() == 0 || contextZero) {
                return context(config, 0, slot, began);
            }
            if (contexts.untagged() == ContextTable.Untagged.DISABLED) {
                return new Route.Refused(EventId.F_STREAM_DISABLED, 0);
            }
            return config.stage2() == null ? Route.BYPASSED : stage2Only(config, substreamId);
        }
        if (contexts.substreamBits() == 0 || substreamId >>> contexts.substreamBits() != 0) {
            return new Route.Refused(EventId.C_BAD_SUBSTREAMID, 0);
        }
        if (substreamId == 0 && contextZero) {
            return new Route.Refused(EventId.F_STREAM_DISABLED, 0);
        }
        return context(config, substreamId, slot, began);
    }

    private Route context(StreamConfig.Translating config, int index, long[] slot, long began) {
        ContextTable contexts = config.contexts();
        long address = contexts.address() + (long) index * ContextDescriptor.BYTES;
        try {
            if (contexts.leafBits() != 0) {
                long pointer = contexts.address() + (long) (index >>> contexts.leafBits()) * L1ContextDescriptor.BYTES;
                long found = locate(config.stage2(), pointer, slot, began);
                if (Leaf.isFault(found)) {
                    return new Route.Unreachable(config.stage2(), found);
                }
                address = found;
                long descriptor = memory.read64Acquire(address);
                long table = L1ContextDescriptor.l2Ptr(descriptor);
                if (L1ContextDescriptor.v(descriptor) == 0 || table >>> id.outputBits() != 0) {
                    return new Route.Refused(EventId.C_BAD_SUBSTREAMID, 0);
                }
                long leafBytes = (long) ContextDescriptor.BYTES << contexts.leafBits();
                long inLeaf = index & (1L << contexts.leafBits()) - 1;
                address = (table & -leafBytes) + inLeaf * ContextDescriptor.BYTES;
            }
            long found = locate(config.stage2(), address, slot, began);
            if (Leaf.isFault(found)) {
                return new Route.Unreachable(config.stage2(), found);
            }
            address = found;
            TransactionSlots.count(slot, TransactionSlots.CD_FETCH);
            long[] cd = new long[ContextDescriptor.WORDS];
            Structures.read(memory, address, cd);
            StreamContext context = StreamContext.decode(cd, id, contexts.stallsAllowed());
            return context == null
                    ? new Route.Refused(EventId.C_BAD_CD, 0)
                    : new Route.Translated(context, config.stage2(), config.vmid());
        } catch (MemoryAbortException e) {
            return new Route.Refused(EventId.F_CD_FETCH, address);
        }
    }

    /** The physical address of a descriptor, or a fault of stage 2. */
    private long locate(Stage2Context second, long address, long[] slot, long began) {
        if (second == null) {
            return address;
        }
        long leaf = stage2.fetch(second, address, EvtFTranslation.CLASS_CD, slot, began);
        return Leaf.isFault(leaf) ? leaf : Leaf.output(leaf, address);
    }
}
