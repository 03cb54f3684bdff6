package org.sluice.core.unit;

import java.util.Set;
import org.sluice.api.Capability;
import org.sluice.api.DomainRequest;
import org.sluice.api.DomainType;
import org.sluice.api.ProviderMissingException;

/**
 * Where the devices of a group go while nobody attached them elsewhere. The choice is the operator's, with two limits: what
 * anybody can plug in is always translated, and a device whose memory firmware mapped one to one is never blocked.
 *
 * <p>A group starts blocked, because tables need a driver and a format that may not be there yet; it moves when they are.
 */
final class DefaultDomains {
    private static final System.Logger LOG = System.getLogger("org.sluice.core");

    private final Unit unit;
    private final DefaultPolicy policy;

    DefaultDomains(Unit unit, DefaultPolicy policy) {
        this.unit = unit;
        this.policy = policy;
    }

    /** What a group should have. */
    DomainType typeFor(Group group) {
        if (group.isUntrusted()) {
            return DomainType.DMA;
        }
        DomainType wanted = policy.type();
        if (wanted == DomainType.BLOCKED && group.needsDirect()) {
            return DomainType.IDENTITY;
        }
        Set<Capability> can = unit.iommu().capabilities().capabilities();
        return wanted == DomainType.DMA_FQ && !can.contains(Capability.DEFERRED_FLUSH) ? DomainType.DMA : wanted;
    }

    /** Gives every group what it should have, as far as that is possible now; under the lock, with a driver there. */
    void apply() {
        for (Group group : unit.population().groups()) {
            DomainType wanted = typeFor(group);
            if (group.fallback().type() != wanted && !give(group, wanted) && wanted == DomainType.IDENTITY) {
                give(group, DomainType.DMA);
            }
        }
    }

    private boolean give(Group group, DomainType type) {
        String title = "default domain of " + group;
        TranslationDomain old = group.fallback();
        try {
            TranslationDomain fresh = type.isPaging()
                    ? unit.creation().paging(title, DomainRequest.of(type), true)
                    : new TranslationDomain(unit, title, type, null, true);
            group.setDefaultDomain(fresh);
            for (Device device : group.members()) {
                if (device.current() == old && device.isDeferred()) {
                    fresh.attached().enter(device);
                    device.setDeferred(true);
                } else if (device.current() == old && device.refusal().isEmpty()) {
                    GroupMove.to(fresh, device).whatCan();
                }
            }
            return true;
        } catch (ProviderMissingException missing) {
            // The bundle that comes applies the policy again.
            return true;
        } catch (RuntimeException failed) {
            LOG.log(
                    System.Logger.Level.WARNING,
                    "{0} stays {1}, {2} was wanted: {3}",
                    title,
                    old.type(),
                    type,
                    failed.toString());
            return false;
        }
    }
}
