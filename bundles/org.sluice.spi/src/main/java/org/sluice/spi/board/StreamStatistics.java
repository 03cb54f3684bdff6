package org.sluice.spi.board;

import java.util.List;
import java.util.Map;
import org.osgi.annotation.versioning.ConsumerType;

/** A model that counts by stream. The names are those of its {@link org.sluice.api.Counters}. Any thread. */
@ConsumerType
public interface StreamStatistics {
    /**
     * Streams that made transactions.
     *
     * @return StreamIDs, unsigned, ascending; streams that the model had no room to count alone are not among them
     */
    List<Integer> streams();

    /**
     * Counts of one stream.
     *
     * @param streamId StreamID, unsigned
     * @return totals by name; empty for a stream that {@link #streams} does not name
     */
    Map<String, Long> read(int streamId);
}
