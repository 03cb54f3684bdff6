package org.sluice.core.unit;

import java.util.Map;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.api.Topics;

/**
 * Who may decide about a group's DMA: drivers that use the default domain, any number of them, or one owner that claimed it.
 * Guarded by the lock of the board.
 */
final class GroupOwnership {
    private final Group group;
    private volatile Object owner; // read without the lock to see whether there is one
    private int claims;
    private int users;

    GroupOwnership(Group group) {
        this.group = group;
    }

    boolean isClaimed() {
        return owner != null;
    }

    void use() {
        group.unit().withLock(() -> {
            if (owner != null) {
                throw new IommuException(Errno.EBUSY, group + " is claimed by " + owner);
            }
            requireAtHome();
            users++;
            return null;
        });
    }

    void unuse() {
        group.unit().withLock(() -> {
            if (users == 0) {
                throw new IommuException(Errno.EINVAL, "no driver uses the default domain of " + group);
            }
            users--;
            return null;
        });
    }

    void claim(Object who) {
        if (who == null) {
            throw new IommuException(Errno.EINVAL, "owner is null");
        }
        group.unit().withLock(() -> {
            if (owner != null && owner != who) {
                throw new IommuException(Errno.EPERM, group + " is claimed by " + owner + " already");
            }
            if (users > 0) {
                throw new IommuException(Errno.EPERM, users + " drivers use the default domain of " + group);
            }
            if (owner == null) {
                group.unit().driving().serving();
                requireAtHome();
                GroupMove.to(group.blocking(), group).all();
                owner = who;
                tell(Topics.CLAIMED);
            }
            claims++;
            return null;
        });
    }

    void release(Object who) {
        group.unit().withLock(() -> {
            if (owner == null || owner != who) {
                throw new IommuException(Errno.EPERM, group + " is not claimed by " + who);
            }
            if (claims == 1) {
                group.unit().driving().serving();
                owner = null;
                GroupMove.to(group.fallback(), group).whatCan();
                tell(Topics.RELEASED);
            }
            claims--;
            return null;
        });
    }

    private void tell(String topic) {
        Unit unit = group.unit();
        unit.tell(topic, () -> Map.of("iommu", unit.name(), "group", group.id()));
    }

    private void requireAtHome() {
        for (Device device : group.members()) {
            if (device.current() != null && device.current() != group.fallback()) {
                throw new IommuException(Errno.EBUSY, device + " is attached to " + device.current());
            }
            if (!device.pasids().isEmpty()) {
                throw new IommuException(
                        Errno.EBUSY, device + " uses PASIDs " + device.pasids().keySet());
            }
        }
    }
}
