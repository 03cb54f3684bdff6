package org.sluice.core.unit;

import java.util.Collection;
import java.util.Map;
import java.util.function.ToLongFunction;

/** What is counted at IOMMUs, for the core's {@link org.sluice.api.Counters}. Any thread may call it. */
public final class UnitCounts {
    private UnitCounts() {}

    /**
     * Adds up what several IOMMUs have, and what their drivers count.
     *
     * @param units the IOMMUs
     * @param values taken by name
     */
    public static void read(Collection<Unit> units, Map<String, Long> values) {
        values.put("spaces", sum(units, unit -> unit.spaces().size()));
        values.put("pasids", sum(units, unit -> unit.withLock(unit.pasids()::inUse)));
        values.put("faults", sum(units, unit -> unit.faults().count()));
        values.put("sva.bonds", sum(units, unit -> unit.shared().bonds()));
        values.put("quarantine.spaces", sum(units, unit -> unit.quarantine().size()));
        values.put("quarantine.unfenced", sum(units, unit -> unit.quarantine().unfenced()));
        values.put("quarantine.bytes", sum(units, unit -> unit.quarantine().bytes()));
        for (Unit unit : units) {
            unit.driving().counters().forEach((name, count) -> values.merge(name, count, Long::sum));
        }
    }

    private static long sum(Collection<Unit> units, ToLongFunction<Unit> count) {
        return units.stream().mapToLong(count).sum();
    }
}
