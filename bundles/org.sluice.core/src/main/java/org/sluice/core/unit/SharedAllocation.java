package org.sluice.core.unit;

import java.util.Set;
import org.sluice.api.SvaBond;
import org.sluice.api.SvaFeature;
import org.sluice.api.Topics;
import org.sluice.spi.driver.ContextRequest;
import org.sluice.spi.driver.TranslationContext;
import org.sluice.spi.sva.ProcessAddressSpace;

/**
 * The first bond of a process behind an IOMMU, step by step: context and tag, the process's table, PASID, the process's
 * notices, attachment. Each step that succeeded is undone in reverse order when a later one fails. Runs under the lock of the
 * board and is used once.
 */
final class SharedAllocation {
    private static final ContextRequest SHARED = new ContextRequest(1, false, true, 0);

    private final Unit unit;
    private final ProcessAddressSpace mm;
    private final SharedSpace space;
    private final Undo undo = new Undo();

    SharedAllocation(Unit unit, ProcessAddressSpace mm, Set<SvaFeature> features) {
        this.unit = unit;
        this.mm = mm;
        this.space = new SharedSpace(unit, mm, features);
    }

    SvaBond run(Device device) {
        try {
            TranslationContext context = unit.iommu().createContext(SHARED);
            undo.push(() -> unit.iommu().freeContext(context));
            space.share(context);
            undo.push(space.ledger()::free);
            int pasid = unit.pasids().allocate(device.sva().min(), device.sva().max());
            undo.push(() -> unit.pasids().release(pasid));
            space.setPasid(pasid);
            // Open and watching before the hardware can walk the table: no change of it is missed.
            space.ledger().open();
            mm.watch(space);
            undo.push(() -> mm.unwatch(space));
            SvaBond bond = space.bind(device);
            unit.add(space);
            space.tell(Topics.PASID_ALLOCATED, device);
            return bond;
        } catch (RuntimeException failed) {
            undo.run(failed);
            throw failed;
        }
    }
}
