package org.sluice.core.unit;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Predicate;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.api.SvaParameters;
import org.sluice.api.Topics;
import org.sluice.spi.driver.PageResponse;
import org.sluice.spi.driver.PasidOperations;
import org.sluice.spi.driver.PasidReplacement;
import org.sluice.spi.driver.TranslationContext;

/** The PASIDs by which devices reach the space of one domain. Everything is called under the lock of the board. */
final class DomainPasids {
    private final TranslationDomain domain;
    private final Map<Device, Set<Integer>> attached = new ConcurrentHashMap<>();

    DomainPasids(TranslationDomain domain) {
        this.domain = domain;
    }

    boolean isEmpty() {
        return attached.isEmpty();
    }

    void attach(Device device, int pasid) {
        PasidOperations operations = check(device, pasid);
        if (device.pasids().containsKey(pasid)) {
            throw new IommuException(Errno.EBUSY, "PASID " + pasid + " is in use on " + device);
        }
        Unit unit = device.unit();
        unit.pasids().choose(pasid);
        try {
            domain.units().join(unit);
            operations.mmAttach(device.record(), pasid, context(device), true);
        } catch (RuntimeException failed) {
            domain.units().release(unit);
            unit.pasids().unchoose(pasid);
            throw failed;
        }
        enter(device, pasid);
    }

    void replace(Device device, int pasid) {
        PasidOperations operations = check(device, pasid);
        if (!(device.pasids().get(pasid) instanceof PasidAttachment old)) {
            throw new IommuException(
                    Errno.EINVAL,
                    "PASID " + pasid + " of " + device + " is not attached to a domain, nothing to replace");
        }
        if (old.domain() == domain) {
            throw new IommuException(
                    Errno.EINVAL, "PASID " + pasid + " of " + device + " is attached to " + domain + " already");
        }
        try {
            domain.units().join(device.unit());
            move(operations, device, pasid, old.domain().units().context(device.unit()));
        } catch (RuntimeException failed) {
            domain.units().release(device.unit());
            throw failed;
        }
        enter(device, pasid);
        old.pasids().leave(device, pasid);
        // What was reported of the old space is asked of the new one when it is tried again.
        device.unit().faults().drain(device, pasid, PageResponse.SUCCESS);
    }

    private void move(PasidOperations operations, Device device, int pasid, TranslationContext from) {
        if (operations instanceof PasidReplacement straight) {
            straight.mmReplace(device.record(), pasid, from, context(device));
            return;
        }
        operations.mmDetach(device.record(), pasid, from, true);
        try {
            operations.mmAttach(device.record(), pasid, context(device), true);
        } catch (RuntimeException failed) {
            operations.mmAttach(device.record(), pasid, from, true);
            throw failed;
        }
    }

    void detach(Device device, int pasid) {
        if (device.pasids().get(pasid) instanceof PasidAttachment attachment && attachment.domain() == domain) {
            detachNow(device, pasid);
        }
    }

    void detachNow(Device device, int pasid) {
        Unit unit = device.unit();
        if (!device.isParked()) {
            unit.pasidOperations().mmDetach(device.record(), pasid, context(device), true);
        }
        device.pasids().remove(pasid);
        leave(device, pasid);
        unit.pasids().unchoose(pasid);
        unit.faults().drain(device, pasid, PageResponse.INVALID);
    }

    /** Whether a device of an IOMMU reaches the domain by PASID. */
    boolean areOn(Unit unit) {
        return attached.keySet().stream().anyMatch(device -> device.unit() == unit);
    }

    void detachIf(Predicate<Device> which) {
        for (Device device : attached.keySet().stream().filter(which).toList()) {
            for (int pasid : List.copyOf(attached.get(device))) {
                detachNow(device, pasid);
            }
        }
    }

    private void enter(Device device, int pasid) {
        device.pasids().put(pasid, new PasidAttachment(this, domain, pasid));
        attached.computeIfAbsent(device, key -> new TreeSet<>()).add(pasid);
        domain.markAttached();
        tell(Topics.PASID_ATTACHED, device, pasid);
    }

    private void leave(Device device, int pasid) {
        Set<Integer> pasids = attached.get(device);
        pasids.remove(pasid);
        if (pasids.isEmpty()) {
            attached.remove(device);
        }
        tell(Topics.PASID_DETACHED, device, pasid);
        domain.markAttached();
        domain.units().release(device.unit());
    }

    private void tell(String topic, Device device, int pasid) {
        Unit unit = device.unit();
        unit.tell(
                topic,
                () -> Map.of("iommu", unit.name(), "device", device.name(), "domain", domain.name(), "pasid", pasid));
    }

    private TranslationContext context(Device device) {
        return domain.units().context(device.unit());
    }

    private PasidOperations check(Device device, int pasid) {
        Unit unit = device.unit();
        if (!(unit.iommu() instanceof PasidOperations operations)) {
            throw new IommuException(
                    Errno.EOPNOTSUPP, "driver of " + unit.name() + " has no PASID operations (mm_attach, mm_detach)");
        }
        if (domain.translating() == null) {
            throw new IommuException(
                    Errno.EINVAL, domain + " is of type " + domain.type() + ", no PASID can reach a space of it");
        }
        int bits = Math.min(
                unit.iommu().capabilities().pasidBits(), device.record().pasidBits());
        int limit = Math.min((1 << bits) - 1, SvaParameters.PCI_MAX_PASID);
        if (pasid < 1 || pasid > limit) {
            throw new IommuException(
                    Errno.EINVAL, String.format("PASID %d of %s is not within [1, %d]", pasid, device, limit));
        }
        device.requireAlone();
        device.requireNoReset();
        return operations;
    }
}
