package org.sluice.core.unit;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import org.sluice.core.space.HardwareSide;
import org.sluice.spi.driver.IommuUnit;

/** The end of an IOMMU, because its board or the core goes. Used once, under the lock of the board. */
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
                    .forEach(domain -> attempt(domain, () -> domain.end().evacuate(unit, why)));
            unit.shared().abandon(why);
            ownDomains().forEach(domain -> attempt(domain, domain.end()::abandon));
            unit.faults().pages().close();
            unit.quarantine().abandon();
            iommu.shutdown();
            unit.serve(null, null);
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

    private static void attempt(TranslationDomain domain, Runnable end) {
        try {
            end.run();
        } catch (RuntimeException failed) {
            LOG.log(System.Logger.Level.WARNING, "{0} did not end cleanly: {1}", domain.name(), failed.toString());
        }
    }
}
