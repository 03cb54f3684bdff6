package org.sluice.core.unit;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import org.sluice.core.space.HardwareSide;
import org.sluice.core.space.Space;
import org.sluice.spi.driver.IommuUnit;

/**
 * The end of an IOMMU, because its board or the core goes. Hardware that does not answer any more, because the board died, let go
 * of nothing: its clients hear of the end all the same, but the memory of its tables is not given to anybody else. Used once,
 * under the lock of the board.
 */
final class UnitShutdown {
    private static final System.Logger LOG = System.getLogger("org.sluice.core");

    private final Unit unit;
    private final String why;

    UnitShutdown(Unit unit) {
        this.unit = unit;
        this.why = unit.name() + " went away";
    }

    /** Takes every space away and switches the hardware off. Without a driver the hardware is left as it is. */
    void run() {
        unit.driving().end();
        IommuUnit iommu = unit.iommu();
        if (iommu == null) {
            unit.sides().stream()
                    .map(HardwareSide::space)
                    .forEach(space -> space.ledger().revoke(why));
        } else {
            unit.site().units().stream()
                    .flatMap(neighbour -> Set.copyOf(neighbour.domains()).stream())
                    .filter(domain -> domain.unit() != unit)
                    .forEach(domain -> attempt(
                            domain.name() + " behind " + unit.name(),
                            () -> domain.end().evacuate(unit, why)));
            attempt(
                    "sharing with processes behind " + unit.name(),
                    () -> unit.shared().abandon(why));
            List<TranslationDomain> own = ownDomains();
            own.forEach(domain -> attempt(domain.name(), domain.end()::abandon));
            attempt("what waits for repair behind " + unit.name(), unit.faults().pages()::close);
            attempt("the quarantine of " + unit.name(), unit.quarantine()::abandon);
            attempt("the hardware of " + unit.name(), iommu::shutdown);
            unit.serve(null, null);
            own.forEach(domain -> domain.end().forsake());
            unit.sides().stream().map(HardwareSide::space).forEach(this::forsake);
        }
        unit.driving().blame("the board or the core was stopped");
        unit.site().lock().signal();
    }

    /** Nested domains after their parents were made, so before them here. */
    private List<TranslationDomain> ownDomains() {
        List<TranslationDomain> all = new ArrayList<>(unit.domains());
        Collections.reverse(all);
        unit.population().groups().forEach(group -> all.addAll(List.of(group.fallback(), group.blocking())));
        return all;
    }

    private void forsake(Space space) {
        space.ledger().revoke(why);
        if (space instanceof BondedSpace bonded) {
            bonded.forsake();
        }
    }

    private void attempt(String what, Runnable end) {
        try {
            end.run();
        } catch (RuntimeException failed) {
            LOG.log(System.Logger.Level.WARNING, "{0} did not end cleanly: {1}", what, failed.toString());
        }
    }
}
