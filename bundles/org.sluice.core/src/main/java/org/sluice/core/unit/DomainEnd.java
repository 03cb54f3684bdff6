package org.sluice.core.unit;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.core.space.Space;

/** The end of one domain: by its client, or because an IOMMU goes away. Under the lock of the board. */
final class DomainEnd {
    private final TranslationDomain domain;
    private final String why;
    private boolean closed;

    DomainEnd(TranslationDomain domain) {
        this.domain = domain;
        this.why = domain.name() + " was closed";
    }

    void requireOpen() {
        if (closed) {
            throw new IommuException(Errno.ESTALE, why);
        }
    }

    /** The spaces that end with it: its own and the private ones. */
    List<Space> spaces() {
        List<Space> all = new ArrayList<>(domain.privateSpaces().list());
        if (domain.translating() != null) {
            all.add(domain.translating());
        }
        return all;
    }

    /** Ends it for its client, once all bundles that must take part are there. */
    void close() {
        if (domain.isPermanent()) {
            throw new IommuException(Errno.EBUSY, domain + " cannot be closed, it ends with what it belongs to");
        }
        if (!closed) {
            domain.unit().driving().requireWhole(spaces());
        }
        if (!closed) {
            domain.nesting().requireNoChildren();
            closeNow();
        }
    }

    /** Ends it while its IOMMU goes away, without waiting for anybody; a permanent one only frees its spaces. */
    void abandon() {
        if (domain.isPermanent() && domain.translating() == null) {
            domain.privateSpaces().freeIf(any -> true, why);
        } else if (!closed && domain.units().areDriven()) {
            closeNow();
        } else if (!closed) {
            // Devices behind another IOMMU still walk the tables, and nobody is there who could detach them.
            spaces().forEach(space -> space.ledger().revoke(why));
        }
    }

    /** Ends it where {@link #abandon} could not, because the hardware does not answer. */
    void forsake() {
        closed |= !domain.isPermanent() || domain.translating() != null;
        if (domain.dma() != null) {
            domain.dma().close();
        }
    }

    /** Lets go of everything that is behind another IOMMU, because that goes away. */
    void evacuate(Unit leaving, String because) {
        domain.pasids().detachIf(device -> device.unit() == leaving);
        for (Device device : domain.attached().list()) {
            if (device.unit() == leaving) {
                GroupMove.to(device.members().blocking(), device).whatCan();
            }
        }
        domain.privateSpaces().freeIf(ioMm -> ioMm.unit() == leaving, because);
        domain.units().release(leaving);
    }

    private void closeNow() {
        domain.pasids().detachIf(any -> true);
        for (Device device : domain.attached().list()) {
            TranslationDomain home = device.members().home();
            GroupMove.to(home == domain ? device.members().blocking() : home, device)
                    .whatCan();
        }
        domain.privateSpaces().freeIf(any -> true, why);
        if (domain.dma() != null) {
            domain.dma().close();
        }
        if (domain.translating() != null) {
            domain.translating().ledger().revoke(why);
            domain.unit().quarantine().admit(domain.translating(), Optional.empty());
        }
        closed = true;
        domain.nesting().end();
        domain.unit().domains().remove(domain);
    }
}
