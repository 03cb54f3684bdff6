package org.sluice.core.unit;

import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.sluice.api.Errno;
import org.sluice.api.IommuDevice;
import org.sluice.api.IommuException;
import org.sluice.api.SvaBond;
import org.sluice.api.SvaFeature;
import org.sluice.spi.sva.ProcessAddressSpace;

/** Processes that devices of one IOMMU share the address space of: bind, unbind, and the end of a process. */
public final class SharedSpaces {
    private final Unit unit;

    SharedSpaces(Unit unit) {
        this.unit = unit;
    }

    /**
     * Binds a device.
     *
     * @param device of this IOMMU
     * @param mm the process's
     * @param wanted features; null for those that the device was initialised with
     * @return the bond
     * @throws IommuException as {@link org.sluice.api.Iommu#bind}
     */
    public SvaBond bind(IommuDevice device, ProcessAddressSpace mm, Set<SvaFeature> wanted) {
        return unit.withLock(() -> {
            Device target = unit.own(device);
            unit.driving().serving();
            target.requireServed();
            target.requireNoReset();
            Set<SvaFeature> features = featuresOf(target, wanted);
            unit.pasidOperations();
            Optional<SharedSpace> existing = find(mm);
            if (existing.isPresent()) {
                return join(existing.get(), target, features);
            }
            return new SharedAllocation(unit, mm, features).run(target);
        });
    }

    private static Set<SvaFeature> featuresOf(Device target, Set<SvaFeature> wanted) {
        Set<SvaFeature> offered = target.requireSva().features();
        if (wanted != null && !offered.containsAll(wanted)) {
            throw new IommuException(
                    Errno.EINVAL,
                    String.format("%s was initialised for SVA with %s, %s is asked for", target, offered, wanted));
        }
        return wanted == null ? offered : Set.copyOf(wanted);
    }

    /** The space of a process; private ones have no process and are never it. */
    private Optional<SharedSpace> find(ProcessAddressSpace mm) {
        return unit.spaces().stream()
                .filter(SharedSpace.class::isInstance)
                .map(SharedSpace.class::cast)
                .filter(space -> space.isOf(mm))
                .findFirst();
    }

    private static SvaBond join(SharedSpace space, Device target, Set<SvaFeature> features) {
        if (space.isDying()) {
            throw new IommuException(Errno.ESRCH, "process " + space.mm().process() + " exits");
        }
        if (space.bindingOf(target) != null) {
            throw new IommuException(Errno.EEXIST, space.bindingOf(target) + " already");
        }
        if (!space.features().equals(features)) {
            throw new IommuException(
                    Errno.EDOM,
                    String.format("%s is shared with %s, %s is asked for", space.name(), space.features(), features));
        }
        target.requirePasid(space.pasid());
        return space.bind(target);
    }

    /**
     * Finds a bond.
     *
     * @param device of this IOMMU
     * @param pasid a PASID
     * @return empty unless the PASID reaches a process
     */
    public Optional<SvaBond> find(IommuDevice device, int pasid) {
        Device target = unit.own(device);
        return target.pasids().get(pasid) instanceof SharedSpace space
                ? Optional.ofNullable(space.bindingOf(target))
                : Optional.empty();
    }

    void unbind(SvaBinding binding, Device device) {
        SharedSpace space = binding.shared();
        unit.withLock(() -> {
            if (binding.isLive()) {
                unit.driving().serving();
            }
            if (binding.isLive()) {
                space.unbond(device, device.name() + " was unbound");
                retire(space);
            }
            return null;
        });
        unit.site().settle(List.of(space));
    }

    /** Ends a space because its process exits. */
    void takeAway(SharedSpace space, String why) {
        unit.withLock(() -> {
            if (!space.devices().isEmpty()) {
                unit.driving().serving();
            }
            endNow(space, why);
            return null;
        });
        unit.site().settle(List.of(space));
    }

    /**
     * Bonds that live.
     *
     * @return a count
     */
    public int bonds() {
        return unit.spaces().stream()
                .filter(SharedSpace.class::isInstance)
                .mapToInt(space -> ((SharedSpace) space).devices().size())
                .sum();
    }

    /** Ends every shared space while the IOMMU itself goes away; under the lock. */
    void abandon(String why) {
        unit.spaces().stream()
                .filter(SharedSpace.class::isInstance)
                .map(SharedSpace.class::cast)
                .forEach(space -> endNow(space, why));
    }

    private void endNow(SharedSpace space, String why) {
        for (Device device : space.devices()) {
            space.unbond(device, why);
        }
        retire(space);
    }

    /** A space without bonds goes: nobody can find it any more. Under the lock. */
    void retire(SharedSpace space) {
        if (space.devices().isEmpty() && space.admitOnce()) {
            unit.quarantine().admit(space, Optional.empty());
        }
    }
}
