package org.sluice.smmuv3.model;

/** Where traffic goes by configuration: cached, else fetched. Any thread; a hit does not allocate. */
final class Routes {
    // no SubstreamID: under it the cache keeps what the STE says of the stream as a whole
    private static final int STREAM = Integer.MIN_VALUE;

    private final ConfigurationCache configurations;
    private final Configuration configuration;

    Routes(ConfigurationCache configurations, Configuration configuration) {
        this.configurations = configurations;
        this.configuration = configuration;
    }

    /**
     * The route of a transaction.
     *
     * @param slot the counters of this thread; null counts nothing and fills nothing
     * @param began generation before the transaction read anything
     */
    Route find(Settings settings, int streamId, int substreamId, long[] slot, long began) {
        Route route = configurations.lookup(streamId, substreamId);
        if (route != null) {
            TransactionSlots.count(slot, TransactionSlots.CONFIG_HIT);
            return route;
        }
        route = configuration.fetch(settings, streamId, substreamId, slot, began);
        if (slot != null) {
            configurations.fill(streamId, substreamId, route, began);
        }
        return route;
    }

    /**
     * What the STE says of a stream.
     *
     * @param slot the counters of this thread; null counts nothing and fills nothing
     * @param began generation before the transaction read anything
     * @return a {@link StreamPolicy}, or {@link Route.Refused}
     */
    Route stream(Settings settings, int streamId, long[] slot, long began) {
        Route policy = configurations.lookup(streamId, STREAM);
        if (policy == null) {
            TransactionSlots.count(slot, TransactionSlots.STE_FETCH);
            policy = configuration.stream(settings, streamId);
            if (slot != null) {
                configurations.fill(streamId, STREAM, policy, began);
            }
        }
        return policy;
    }
}
