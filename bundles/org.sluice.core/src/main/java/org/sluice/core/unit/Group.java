package org.sluice.core.unit;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import org.sluice.api.Domain;
import org.sluice.api.IommuDevice;
import org.sluice.api.IommuGroup;

/** Devices that cannot be isolated from each other; filled while the board is bound, constant afterwards. */
final class Group implements IommuGroup {
    private final int id;
    private final List<Device> members = new CopyOnWriteArrayList<>();
    private TranslationDomain defaultDomain;

    Group(int id) {
        this.id = id;
    }

    void add(Device device) {
        members.add(device);
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

    @Override
    public int id() {
        return id;
    }

    @Override
    public Set<IommuDevice> devices() {
        return new LinkedHashSet<>(members);
    }

    @Override
    public Domain defaultDomain() {
        return defaultDomain;
    }
}
