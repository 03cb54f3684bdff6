package org.sluice.api;

import java.util.Map;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * Monotonic counters that a part of the platform offers as a service. Reading them costs the reader, never the hot path.
 */
@ConsumerType
public interface Counters {
    /**
     * Whose they are, e.g. {@code smmu0}.
     *
     * @return a name
     */
    String subject();

    /**
     * Their values now. Names are dotted and stable, e.g. {@code tlb.hit}, {@code command.CMD_SYNC},
     * {@code event.F_TRANSLATION}, {@code tables.bytes}.
     *
     * @return value by name
     */
    Map<String, Long> read();
}
