package org.sluice.smmuv3.driver;

import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.spi.driver.Attachment;
import org.sluice.spi.driver.DeviceRecord;

/**
 * A device behind the SMMU: its streams, and what is attached. The unit's lock guards it.
 *
 * <p>A change happens in this order: whatever can fail; the lists of what must be invalidated; a device that is to stop caching
 * stops; the tables, each step acknowledged; a device that is to cache begins; what was cached of the route before is
 * invalidated, in the TLBs and then in the device; the lists again.
 *
 * <p>When the SMMU does not answer in the middle of that, nobody can say what it uses. Then the streams' entries are made
 * invalid, so that they abort as soon as it looks, a route that was to change counts as blocked, and the contexts of before
 * and after stay in use until a later change, or the removal of the device, was acknowledged.
 */
final class ClientDevice {
    private final DeviceRecord record;
    private final DeviceSwitches switches;
    private final StreamRoute route;
    private final ConfigurationWriter writer;
    private final SortedMap<Integer, Stage1Context> pasids = new TreeMap<>();

    /** Contexts that the SMMU may still use although they are not attached. */
    private final Set<UnitContext> lingering = new HashSet<>();

    /** What this device added to the lists of contexts. */
    private final Map<Use, InvalidationList> joined = new HashMap<>();

    private Attachment untagged;
    private boolean unacknowledged;
    private boolean shutOut;

    /**
     * One way in which a context is used.
     *
     * @param context the context
     * @param substreamId PASID, or {@link DeviceCommand#UNTAGGED}
     */
    private record Use(UnitContext context, int substreamId) {}

    ClientDevice(
            DeviceRecord record,
            DeviceSwitches switches,
            StreamRoute route,
            ConfigurationWriter writer,
            Attachment untagged) {
        this.record = record;
        this.switches = switches;
        this.route = route;
        this.writer = writer;
        this.untagged = untagged;
    }

    /** As it was added. */
    DeviceRecord record() {
        return record;
    }

    /** Its entries and descriptors. */
    StreamRoute route() {
        return route;
    }

    /** Whether a context is attached to it in any way, or was and may still be used. */
    boolean uses(UnitContext context) {
        return untaggedContext() != null && untaggedContext().rests(context)
                || pasids.containsValue(context)
                || lingering.stream().anyMatch(other -> other.rests(context));
    }

    /** PASIDs and what they reach. */
    SortedMap<Integer, Stage1Context> pasids() {
        return Collections.unmodifiableSortedMap(pasids);
    }

    /** What translates untagged traffic, or null. */
    UnitContext untaggedContext() {
        return (UnitContext) untagged.context();
    }

    /** Adds what the device caches to what an attachment needs, if it can cache at all. */
    void addCaches(List<Invalidation> needed, Invalidation.Kind kind, int substreamId) {
        if (switches.available()) {
            record.streamIds().forEach(stream -> needed.add(new Invalidation(kind, stream, substreamId)));
        }
    }

    /** Routes untagged traffic; see {@link org.sluice.spi.driver.IommuUnit#attach}. */
    void attach(Attachment next) {
        if (next.kind() != Attachment.Kind.BLOCKED) {
            requireServed();
        }
        if (next.equals(untagged) && !unacknowledged) {
            return;
        }
        UnitContext context = (UnitContext) next.context();
        if (!pasids.isEmpty() && context != null && context.stage() == 2) {
            throw new IommuException(
                    Errno.EBUSY,
                    "device " + record.name() + " has PASIDs " + pasids.keySet() + ": stage 2 takes the whole stream");
        }
        UnitContext previous = untaggedContext();
        route.prepare(previous, context);
        join(context, DeviceCommand.UNTAGGED);
        acknowledge(previous, context, () -> {
            try {
                change(next, previous);
            } catch (IommuException failure) {
                untagged = Attachment.BLOCKED;
                route.clearDescriptorUnseen(0);
                throw failure;
            }
        });
    }

    /** Attaches a PASID; see {@link org.sluice.spi.driver.PasidOperations#mmAttach}. */
    void attachPasid(int pasid, Stage1Context context) {
        requireServed();
        route.requirePasid(pasid);
        if (pasids.containsKey(pasid)) {
            throw new IommuException(
                    Errno.EBUSY,
                    "PASID " + pasid + " of device " + record.name() + " is attached to " + pasids.get(pasid));
        }
        if (untaggedContext() != null && untaggedContext().stage() == 2) {
            throw new IommuException(
                    Errno.EBUSY,
                    "device " + record.name() + " is attached to " + untaggedContext() + ": no PASIDs beside stage 2");
        }
        route.prepareDescriptor(pasid);
        join(context, pasid);
        acknowledge(null, context, () -> {
            try {
                route.writeDescriptor(pasid, context);
                pasids.put(pasid, context);
                writeEntries();
                switchDevice();
            } catch (IommuException failure) {
                pasids.remove(pasid);
                route.clearDescriptorUnseen(pasid);
                throw failure;
            }
        });
    }

    /**
     * Takes a PASID's descriptor and translations away; does not wait for faults that were reported before. See
     * {@link org.sluice.spi.driver.PasidOperations#mmDetach}.
     */
    void detachPasid(int pasid, Stage1Context context) {
        requireAttached(pasid, context);
        acknowledge(context, null, () -> {
            pasids.remove(pasid);
            route.writeDescriptor(pasid, null);
            writer.forgetTranslations(context);
            switches.forgetIfOn(record.streamIds(), pasid);
            stopUnlessNeeded();
            writeEntries();
        });
    }

    /** Moves a PASID from one context to another; see {@link org.sluice.spi.driver.PasidReplacement}. */
    void replacePasid(int pasid, Stage1Context from, Stage1Context to) {
        requireServed();
        requireAttached(pasid, from);
        route.prepareReplacement(pasid);
        join(to, pasid);
        acknowledge(from, to, () -> {
            try {
                route.replaceDescriptor(to);
                pasids.put(pasid, to);
                writeEntries();
                writer.forgetTranslations(from);
                switches.forgetIfOn(record.streamIds(), pasid);
            } catch (IommuException failure) {
                pasids.remove(pasid);
                route.clearDescriptorUnseen(pasid);
                throw failure;
            }
        });
    }

    /** Makes every stream abort, ends what stalls and lets go of everything. */
    void remove() {
        UnitContext last = untaggedContext();
        lingering.addAll(pasids.values());
        acknowledge(last, null, () -> {
            untagged = Attachment.BLOCKED;
            pasids.clear();
            switches.turnOff();
            writeEntries();
            route.terminateStalls();
            lingering.forEach(writer::forgetTranslations);
        });
    }

    /**
     * Blocks a device that does not answer: its streams abort, and it may no longer use what it cached. It stays so until it is
     * removed.
     */
    void shutOut() {
        shutOut = true;
        switches.stop();
        acknowledge(untaggedContext(), null, () -> {
            writeEntries();
            route.terminateStalls();
        });
    }

    /** Whether it was shut out, and the SMMU has acknowledged that. */
    boolean isShutOut() {
        return shutOut && !unacknowledged;
    }

    /** Before the SMMU stops: the device must not use what it cached any more. */
    void suspend() {
        switches.turnOff();
    }

    /** The SMMU translates again. */
    void resume() {
        if (!shutOut) {
            switchDevice();
        }
    }

    /** Lets go of the device and frees its table; the SMMU is disabled. */
    void abandon() {
        if (switches.isOn()) {
            switches.stop();
        }
        route.freeTable();
    }

    /** Takes over what a predecessor attached; memory is as it left it. */
    void adopt(Attachment attachment, SortedMap<Integer, Stage1Context> attached, ContextTable table) {
        untagged = attachment;
        pasids.putAll(attached);
        route.adopt(table);
        switches.adopt(wantsAts());
        join(untaggedContext(), DeviceCommand.UNTAGGED);
        pasids.forEach((pasid, context) -> join(context, pasid));
    }

    /** What the entry of each stream must say. */
    long[] streamEntry() {
        return shutOut ? StreamEntry.abort() : route.entry(untagged, !pasids.isEmpty(), wantsAts());
    }

    private void change(Attachment next, UnitContext previous) {
        boolean cached = switches.isOn();
        Attachment before = untagged;
        untagged = next;
        stopUnlessNeeded();
        route.enter(before, next);
        writeEntries();
        switchDevice();
        route.leave(previous, (UnitContext) next.context(), !pasids.isEmpty());
        if (previous != null) {
            writer.forgetTranslations(previous);
        }
        if (unacknowledged) {
            lingering.forEach(writer::forgetTranslations);
        }
        if (cached) {
            switches.forgetIfOn(record.streamIds(), DeviceCommand.UNTAGGED);
        }
    }

    private void join(UnitContext context, int substreamId) {
        if (context != null && !joined.containsKey(new Use(context, substreamId))) {
            InvalidationList needs = context.needs(this, substreamId);
            context.join(needs);
            joined.put(new Use(context, substreamId), needs);
        }
    }

    /** Leaves the lists of contexts that are not attached any more. */
    private void leaveUnused() {
        joined.entrySet().removeIf(entry -> {
            UnitContext context = entry.getKey().context();
            int substreamId = entry.getKey().substreamId();
            boolean used = substreamId == DeviceCommand.UNTAGGED
                    ? untaggedContext() == context
                    : pasids.get(substreamId) == context;
            if (!used) {
                context.leave(entry.getValue());
            }
            return !used;
        });
    }

    /** Runs a change whose waits may fail; from the first to the last both contexts count as used. */
    private void acknowledge(UnitContext before, UnitContext after, Runnable change) {
        if (before != null) {
            lingering.add(before);
        }
        if (after != null) {
            lingering.add(after);
        }
        try {
            change.run();
        } catch (IommuException failure) {
            unacknowledged = true;
            route.close();
            throw failure;
        }
        unacknowledged = false;
        lingering.clear();
        leaveUnused();
        route.settle(!pasids.isEmpty() || untaggedContext() instanceof Stage1Context);
    }

    private boolean wantsAts() {
        if (shutOut || !switches.available()) {
            return false;
        }
        if (untaggedContext() instanceof NestedContext nested) {
            return nested.guest().wantsAts();
        }
        return untaggedContext() != null || !pasids.isEmpty();
    }

    private void stopUnlessNeeded() {
        if (!wantsAts()) {
            switches.turnOff();
        }
    }

    private void switchDevice() {
        if (wantsAts()) {
            switches.turnOn();
        }
    }

    private void writeEntries() {
        route.write(streamEntry());
    }

    private void requireAttached(int pasid, Stage1Context context) {
        if (pasids.get(pasid) != context) {
            throw new IommuException(
                    Errno.EINVAL,
                    "PASID " + pasid + " of device " + record.name() + " is attached to " + pasids.get(pasid)
                            + ", not to " + context);
        }
    }

    private void requireServed() {
        if (shutOut) {
            throw new IommuException(
                    Errno.EIO,
                    "device " + record.name()
                            + " did not answer an invalidation of its cache and is shut out until it is removed");
        }
    }
}
