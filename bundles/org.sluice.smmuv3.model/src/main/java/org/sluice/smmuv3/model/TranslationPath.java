package org.sluice.smmuv3.model;

import org.sluice.spi.memory.PhysicalMemory;

/**
 * The way of an address: configuration, then tables, each with its cache. There is one for all transactions, and a new one
 * over the same caches for each that is to be explained. Any thread.
 */
final class TranslationPath {
    /**
     * What every path goes through.
     *
     * @param memory of structures and tables
     * @param id what the SMMU can do
     */
    record Parts(PhysicalMemory memory, Identity id, Tlb tlb, ConfigurationCache configurations) {}

    // no SubstreamID: under it the cache keeps what the STE says of the stream as a whole
    private static final int STREAM = Integer.MIN_VALUE;

    private final ConfigurationCache configurations;
    private final Configuration configuration;
    private final Stage2Translator stage2;
    private final Translator translator;
    private final Trace trace;

    /** A path that tells a trace of every step; null for nobody. */
    TranslationPath(Parts parts, Trace trace) {
        this.trace = trace;
        configurations = parts.configurations();
        stage2 = new Stage2Translator(parts.tlb(), parts.memory(), trace);
        configuration = new Configuration(parts.memory(), parts.id(), stage2, configurations, trace);
        translator = new Translator(parts.tlb(), parts.memory(), stage2, parts.id(), trace);
    }

    Trace trace() {
        return trace;
    }

    /** From an input address to a leaf. */
    Translator translator() {
        return translator;
    }

    /** From an intermediate address to a leaf. */
    Stage2Translator stage2() {
        return stage2;
    }

    /**
     * What the STE says of a stream.
     *
     * @param slot of this thread
     * @param began generation before the transaction read anything
     * @return a {@link StreamPolicy}, or {@link Route.Refused}
     */
    Route stream(Settings now, int streamId, long[] slot, long began) {
        Route policy = configurations.lookup(streamId, STREAM);
        if (policy == null) {
            TransactionSlots.count(slot, TransactionSlots.STE_FETCH);
            policy = configuration.stream(now, streamId, slot, began);
            if (TransactionSlots.fills(slot)) {
                configurations.fill(streamId, STREAM, policy, slot, began);
            }
        }
        return policy;
    }

    /**
     * Where the configuration sends a stream and substream.
     *
     * @param slot of this thread
     * @param began generation before the transaction read anything
     */
    Route route(Settings now, int streamId, int substreamId, long[] slot, long began) {
        // a device may send any number
        boolean cacheable = substreamId != STREAM;
        Route route = cacheable ? configurations.lookup(streamId, substreamId) : null;
        if (route != null) {
            TransactionSlots.count(slot, TransactionSlots.CONFIG_HIT);
            if (trace != null) {
                trace.cachedConfiguration();
            }
            return route;
        }
        route = configuration.fetch(now, streamId, substreamId, slot, began);
        if (cacheable && TransactionSlots.fills(slot)) {
            configurations.fill(streamId, substreamId, route, slot, began);
        }
        return route;
    }
}
