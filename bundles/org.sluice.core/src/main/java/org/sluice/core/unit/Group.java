package org.sluice.core.unit;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import org.sluice.api.Domain;
import org.sluice.api.DomainType;
import org.sluice.api.IommuDevice;
import org.sluice.api.IommuGroup;
import org.sluice.api.ReservedRegion;
import org.sluice.core.dma.ReservedRegions;

/** Devices that cannot be isolated from each other; filled while the board is bound, constant afterwards. */
final class Group implements IommuGroup {
    private final Unit unit;
    private final int id;
    private final List<Device> members = new CopyOnWriteArrayList<>();
    private final TranslationDomain blocking;
    private final GroupOwnership ownership = new GroupOwnership(this);
    private volatile TranslationDomain defaultDomain; // changed under the board's lock

    Group(Unit unit, int id) {
        this.unit = unit;
        this.id = id;
        this.blocking = new TranslationDomain(unit, "blocking domain of group " + id, DomainType.BLOCKED, null, true);
        this.defaultDomain =
                new TranslationDomain(unit, "default domain of group " + id, DomainType.BLOCKED, null, true);
    }

    void add(Device device) {
        members.add(device);
    }

    Unit unit() {
        return unit;
    }

    void setDefaultDomain(TranslationDomain domain) {
        defaultDomain = domain;
    }

    List<Device> members() {
        return members;
    }

    TranslationDomain fallback() {
        return defaultDomain;
    }

    /** Where everything aborts, whatever the default is. */
    TranslationDomain blocking() {
        return blocking;
    }

    /** Where a device goes that leaves its domain: home, unless somebody owns the group. */
    TranslationDomain home() {
        return ownership.isClaimed() ? blocking : defaultDomain;
    }

    /** Whether a device of it must be able to reach what firmware mapped one to one. */
    boolean needsDirect() {
        return members.stream().anyMatch(device -> device.dmaSide().needsDirect());
    }

    boolean isUntrusted() {
        return members.stream().anyMatch(device -> device.dmaSide().properties().untrusted());
    }

    @Override
    public int id() {
        return id;
    }

    @Override
    public Set<IommuDevice> devices() {
        return new LinkedHashSet<>(members);
    }

    @Override
    public List<ReservedRegion> reservedRegions() {
        return unit.withLock(() -> ReservedRegions.merged(members.stream()
                .flatMap(device -> device.dmaSide().reserved().stream())
                .toList()));
    }

    @Override
    public Domain defaultDomain() {
        return defaultDomain;
    }

    @Override
    public void useDefaultDomain() {
        ownership.use();
    }

    @Override
    public void unuseDefaultDomain() {
        ownership.unuse();
    }

    @Override
    public void claim(Object owner) {
        ownership.claim(owner);
    }

    @Override
    public void release(Object owner) {
        ownership.release(owner);
    }

    @Override
    public boolean isClaimed() {
        return ownership.isClaimed();
    }

    @Override
    public String toString() {
        return "group " + id;
    }
}
