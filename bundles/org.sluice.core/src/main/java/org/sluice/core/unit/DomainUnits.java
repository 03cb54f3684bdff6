package org.sluice.core.unit;

import java.util.List;
import org.sluice.api.Capability;
import org.sluice.api.DomainType;
import org.sluice.api.Errno;
import org.sluice.api.IommuDevice;
import org.sluice.api.IommuException;
import org.sluice.api.IommuGroup;
import org.sluice.core.space.HardwareSide;
import org.sluice.core.space.Space;
import org.sluice.core.space.SpaceLedger;
import org.sluice.spi.driver.ContextRecord;
import org.sluice.spi.driver.ContextRequest;
import org.sluice.spi.driver.RootExchange;
import org.sluice.spi.driver.TranslationContext;
import org.sluice.spi.driver.UnitCapabilities;
import org.sluice.spi.pgtable.PageTableConfig;

/**
 * The IOMMUs of one board whose devices reach a domain: the one where it was made, and others that join with their first device
 * and leave with their last. All walk one page table; each has a context, and so a tag, of its own. Under the lock of the board.
 *
 * <p>An IOMMU that joins is told of every invalidation before its first device is attached, those of operations in flight
 * too: these are drained. One that leaves is told no more once its last device is gone; when operations in flight have left, its
 * tag is invalidated and freed. If that cannot be now, it keeps the tag until it can.
 */
final class DomainUnits {
    private static final System.Logger LOG = System.getLogger("org.sluice.core");

    private final TranslationDomain domain;
    private final Unit home;

    DomainUnits(TranslationDomain domain) {
        this.domain = domain;
        this.home = domain.unit();
    }

    /**
     * A device that may reach the domain, in the core's terms.
     *
     * @throws IommuException EINVAL it is another board's, or no device of this platform
     */
    Device own(IommuDevice device) {
        if (device instanceof Device own && own.unit().site() == home.site()) {
            return own;
        }
        throw elsewhere(
                "device " + (device == null ? "null" : device.name()),
                device instanceof Device other ? other.unit() : null);
    }

    /**
     * A group that may reach the domain, in the core's terms.
     *
     * @throws IommuException EINVAL it is another board's, or no group of this platform
     */
    Group own(IommuGroup group) {
        if (group instanceof Group own && own.unit().site() == home.site()) {
            return own;
        }
        throw elsewhere(
                "group " + (group == null ? "null" : group.id()), group instanceof Group other ? other.unit() : null);
    }

    private IommuException elsewhere(String what, Unit unit) {
        return new IommuException(
                Errno.EINVAL,
                unit == null
                        ? what + " is not behind an IOMMU of this platform"
                        : String.format(
                                "%s is behind %s of another board, which has no memory in common with %s",
                                what, unit.name(), home.name()));
    }

    /** Waits for the driver of an IOMMU, and for those of all others if the space is, or will be, on several. */
    void serving(Unit unit) {
        Space space = domain.translating();
        if (space == null || unit == home && space.ledger().sides().size() <= 1) {
            unit.driving().serving();
        } else {
            unit.driving().requireWhole(List.of(space));
        }
    }

    /** Whether somebody drives every IOMMU that walks its tables. */
    boolean areDriven() {
        Space space = domain.translating();
        return space == null
                || space.ledger().sides().stream().allMatch(side -> side.unit().iommu() != null);
    }

    /** The context that a device of an IOMMU is attached to. */
    TranslationContext context(Unit unit) {
        return domain.translating().ledger().side(unit).context();
    }

    /**
     * Lets an IOMMU translate the domain's space, before its first device is attached.
     *
     * @throws IommuException EINVAL its tables would have to be others; ETIMEDOUT an operation in flight did not leave; or of its
     *     driver. Nothing changed
     */
    void join(Unit unit) {
        if (unit == home) {
            return;
        }
        if (domain.isPermanent()) {
            throw incompatible(unit, "it ends with what it belongs to on " + home.name());
        }
        if (domain.translating() == null) {
            return;
        }
        SpaceLedger ledger = domain.translating().ledger();
        HardwareSide side = ledger.side(unit);
        if (side != null && side.isActive()) {
            return;
        }
        if (side == null) {
            side = made(unit, ledger);
        }
        side.activate();
        try {
            if (!drain(ledger)) {
                throw new IommuException(
                        Errno.ETIMEDOUT,
                        String.format(
                                "an operation in %s did not leave within %d ms, %s cannot join it yet",
                                domain, ledger.commons().drainTimeoutNanos() / 1_000_000, unit.name()));
            }
            // What happened while it was not active did not reach its TLBs.
            side.context().invalidateAll();
        } catch (RuntimeException failed) {
            release(unit);
            throw failed;
        }
    }

    /** Makes the side of an IOMMU whose tables would be the same. */
    private HardwareSide made(Unit unit, SpaceLedger ledger) {
        requireShareable(unit);
        ContextRecord there = ledger.record();
        // What the format chose of what the hardware offered; it does not matter what else the other offers.
        long sizes = there.table().pageSizes() & ledger.table().config().pageSizes();
        PageTableConfig shared = there.table().withPageSizes(sizes);
        ContextRequest request = new ContextRequest(
                there.stage(),
                there.request().upperHalf(),
                false,
                sizes,
                there.request().dirtyTracking());
        TranslationContext context;
        try {
            context = unit.iommu().createContext(request);
        } catch (IommuException refused) {
            throw refused.errno() == Errno.EOPNOTSUPP ? incompatible(unit, refused.getMessage()) : refused;
        }
        try {
            if (!context.tableConfig().equals(shared)) {
                throw incompatible(
                        unit,
                        String.format(
                                "%s walks %s, %s would walk %s",
                                home.name(), shared, unit.name(), context.tableConfig()));
            }
            return ledger.join(unit, context);
        } catch (RuntimeException failed) {
            unit.iommu().freeContext(context);
            throw failed;
        }
    }

    private void requireShareable(Unit unit) {
        UnitCapabilities can = unit.iommu().capabilities();
        if (!domain.type().isPaging()) {
            throw incompatible(unit, "it is of type " + domain.type());
        }
        if (domain.dma() != null
                && domain.dma().queue() != null
                && !can.capabilities().contains(Capability.DEFERRED_FLUSH)) {
            throw incompatible(
                    unit, "it is of type " + DomainType.DMA_FQ + ", " + unit.name() + " cannot defer invalidations");
        }
        SpaceLedger ledger = domain.translating().ledger();
        if (ledger.tracksDirty() && !can.capabilities().contains(Capability.DIRTY_TRACKING)) {
            throw incompatible(unit, "it tracks dirty pages, " + unit.name() + " does not");
        }
        if (ledger.context() instanceof RootExchange) {
            throw incompatible(unit, "its page table grows at the top, which only one IOMMU can be told");
        }
    }

    private IommuException incompatible(Unit unit, String why) {
        return new IommuException(
                Errno.EINVAL, String.format("%s cannot be reached through %s: %s", domain, unit.name(), why));
    }

    /** Lets an IOMMU go that has no device here any more. */
    void release(Unit unit) {
        if (unit == home || domain.translating() == null || domain.isReachedFrom(unit)) {
            return;
        }
        HardwareSide side = domain.translating().ledger().side(unit);
        if (side != null) {
            side.deactivate();
            free(side);
        }
    }

    /** Frees the tags of an IOMMU that domains it left could not free at once. */
    static void sweep(Unit unit) {
        for (HardwareSide side : unit.sides()) {
            if (!side.isActive() && side.space().ledger().isLive()) {
                free(side);
            }
        }
    }

    private static void free(HardwareSide side) {
        if (side.context() == null || !drain(side.space().ledger())) {
            return;
        }
        try {
            side.free();
        } catch (RuntimeException refused) {
            LOG.log(System.Logger.Level.WARNING, "{0} keeps its tag: {1}", side, refused.toString());
        }
    }

    private static boolean drain(SpaceLedger ledger) {
        return ledger.commons().gate().drain(ledger.commons().drainTimeoutNanos());
    }
}
