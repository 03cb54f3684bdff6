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
 * stage 2, CDs are at IPAs. Any thread. It allocates, so it runs only on a miss of the
 * {@link ConfigurationCache}.
 */
final class Configuration {
    private final PhysicalMemory memory;
    private final Identity id;
    private final StreamTable streams;
    private final Stage2Translator stage2;
    private final ConfigurationCache cache;
    private final Trace trace;

    /** Fetches that tell a trace of what they read; null for nobody. */
    Configuration(PhysicalMemory memory, Identity id, Stage2Translator stage2, ConfigurationCache cache, Trace trace) {
        this.memory = memory;
        this.cache = cache;
        this.id = id;
        this.stage2 = stage2;
        this.trace = trace;
        streams = new StreamTable(memory, id, trace);
    }

    /**
     * Fetches.
     *
     * @param substreamId SubstreamID, or {@link Dma#NO_PASID}
     * @param slot of this thread
     * @param began generation before the transaction read anything
     */
    Route fetch(Settings settings, int streamId, int substreamId, long[] slot, long began) {
        TransactionSlots.count(slot, TransactionSlots.STE_FETCH);
        long[] ste = new long[StreamTableEntry.WORDS];
        Route.Refused refused = entry(settings, streamId, ste, slot, began);
        if (refused != null) {
            return refused;
        }
        StreamConfig config = StreamConfig.decode(ste, id, settings.e2h());
        if (config instanceof StreamConfig.Translating translating) {
            boolean first = translating.contexts() != null;
            return first ? stage1(translating, substreamId, slot, began) : stage2Only(translating, substreamId);
        }
        if (config instanceof StreamConfig.Aborting) {
            return Route.ABORTED;
        }
        if (config instanceof StreamConfig.Illegal illegal) {
            rule("STE", illegal.reason());
            return new Route.Refused(EventId.C_BAD_STE, 0);
        }
        if (substreamId != Dma.NO_PASID) {
            rule("STE", "a SubstreamID needs stage 1");
            return new Route.Refused(EventId.C_BAD_SUBSTREAMID, 0);
        }
        return new Route.Bypassed(((StreamConfig.Bypassing) config).overrides());
    }

    private Route.Refused entry(Settings settings, int streamId, long[] ste, long[] slot, long began) {
        Route.Refused refused = streams.read(settings.streams(), streamId, ste);
        if (refused == null && cache.conflict(streamId, ste, TransactionSlots.fills(slot), began)) {
            rule("STE", "another entry that is cached serves the stream by its CONT, and is not the same");
            return new Route.Refused(EventId.F_CFG_CONFLICT, 0);
        }
        return refused;
    }

    /** Fetches what an STE says of its stream as a whole: a {@link StreamPolicy}, or {@link Route.Refused}. */
    Route stream(Settings settings, int streamId, long[] slot, long began) {
        long[] ste = new long[StreamTableEntry.WORDS];
        Route.Refused refused = entry(settings, streamId, ste, slot, began);
        if (refused != null) {
            return refused;
        }
        StreamConfig config = StreamConfig.decode(ste, id, settings.e2h());
        return config instanceof StreamConfig.Illegal
                ? new Route.Refused(EventId.C_BAD_STE, 0)
                : StreamPolicy.of(ste, config, id, settings.atsChecked());
    }

    private void rule(String subject, String text) {
        if (trace != null) {
            trace.rule(subject, text);
        }
    }

    private Route stage2Only(StreamConfig.Translating config, int substreamId) {
        if (substreamId != Dma.NO_PASID) {
            rule("STE", "a SubstreamID needs stage 1");
            return new Route.Refused(EventId.C_BAD_SUBSTREAMID, 0);
        }
        return new Route.Translated(null, config.stage2(), config.vmid(), config.overrides());
    }

    private Route stage1(StreamConfig.Translating config, int substreamId, long[] slot, long began) {
        ContextTable contexts = config.contexts();
        boolean contextZero = contexts.untagged() == ContextTable.Untagged.CONTEXT_0;
        if (substreamId == Dma.NO_PASID) {
            if (contexts.substreamBits() == 0 || contextZero) {
                return context(config, 0, slot, began);
            }
            if (contexts.untagged() == ContextTable.Untagged.DISABLED) {
                rule("STE", "S1DSS disables traffic without a SubstreamID");
                return new Route.Refused(EventId.F_STREAM_DISABLED, 0);
            }
            rule("STE", "S1DSS lets traffic without a SubstreamID bypass stage 1");
            return config.stage2() == null ? new Route.Bypassed(config.overrides()) : stage2Only(config, substreamId);
        }
        if (contexts.substreamBits() == 0 || substreamId >>> contexts.substreamBits() != 0) {
            rule("STE", "the SubstreamID does not fit S1CDMax");
            return new Route.Refused(EventId.C_BAD_SUBSTREAMID, 0);
        }
        if (substreamId == 0 && contextZero) {
            rule("STE", "S1DSS gives CD 0 to traffic without a SubstreamID");
            return new Route.Refused(EventId.F_STREAM_DISABLED, 0);
        }
        return context(config, substreamId, slot, began);
    }

    private Route context(StreamConfig.Translating config, int index, long[] slot, long began) {
        ContextTable contexts = config.contexts();
        long address = contexts.entry(index);
        try {
            if (contexts.leafBits() != 0) {
                long found = locate(config.stage2(), address, slot, began);
                if (Leaf.isFault(found)) {
                    return new Route.Unreachable(config.stage2(), found);
                }
                address = found;
                long descriptor = memory.read64Acquire(address);
                if (trace != null) {
                    trace.structure("L1CD", address, descriptor);
                }
                long table = L1ContextDescriptor.l2Ptr(descriptor);
                if (L1ContextDescriptor.v(descriptor) == 0 || table >>> id.outputBits() != 0) {
                    rule("L1CD", "V is 0, or L2Ptr is beyond the output size");
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
            if (trace != null) {
                trace.structure("CD", address, cd);
            }
            StreamContext context = StreamContext.decode(cd, id, contexts.stallsAllowed(), config.regime());
            if (context == null) {
                rule("CD", "V is 0, or a field is reserved, beyond its limit or of an absent feature");
                return new Route.Refused(EventId.C_BAD_CD, 0);
            }
            return new Route.Translated(context, config.stage2(), config.vmid(), config.overrides());
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
