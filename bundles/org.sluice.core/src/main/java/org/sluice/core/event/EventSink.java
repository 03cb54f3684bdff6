package org.sluice.core.event;

import java.util.Map;

/** Takes events; a service within this bundle, there while an Event Admin is. */
@FunctionalInterface
public interface EventSink {
    /**
     * Takes one; returns soon.
     *
     * @param topic one of {@link org.sluice.api.Topics}
     * @param properties strings, boxed numbers and booleans
     */
    void post(String topic, Map<String, Object> properties);

    /**
     * Whether anybody would hear of an event now.
     *
     * @return false while telling it is in vain
     */
    default boolean isHeard() {
        return true;
    }
}
