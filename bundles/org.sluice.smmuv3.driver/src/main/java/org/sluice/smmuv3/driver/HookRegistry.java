package org.sluice.smmuv3.driver;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.sluice.spi.quirk.Smmuv3Hooks;

/** The hooks that there are at the moment, highest ranking first, and the units that want to know. Any thread. */
final class HookRegistry {
    /**
     * A service.
     *
     * @param hooks the service
     * @param ranking its ranking
     */
    private record Ranked(Smmuv3Hooks hooks, int ranking) {}

    private final List<Ranked> ranked = new ArrayList<>(); // guarded by this
    private final Set<UnitHooks> units = new HashSet<>(); // guarded by this

    /** A service came. */
    synchronized void add(Smmuv3Hooks hooks, int ranking) {
        ranked.add(new Ranked(hooks, ranking));
        ranked.sort(Comparator.comparingInt(Ranked::ranking).reversed());
        units.forEach(unit -> unit.refresh(snapshot()));
    }

    /** A service goes: nothing calls it when this returns, but for calls under way. */
    synchronized void remove(Smmuv3Hooks hooks) {
        ranked.removeIf(other -> other.hooks() == hooks);
        units.forEach(unit -> unit.refresh(snapshot()));
    }

    /** A unit wants to know of changes from now on. */
    synchronized void watch(UnitHooks unit) {
        units.add(unit);
        unit.refresh(snapshot());
    }

    /** A unit is gone. */
    synchronized void forget(UnitHooks unit) {
        units.remove(unit);
    }

    /** What there is. */
    synchronized List<Smmuv3Hooks> snapshot() {
        return ranked.stream().map(Ranked::hooks).toList();
    }
}
