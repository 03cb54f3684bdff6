package org.sluice.core.unit;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Predicate;
import org.sluice.api.ActivationKind;
import org.sluice.api.Errno;
import org.sluice.api.IoMm;
import org.sluice.api.IommuException;

/** The private spaces that were allocated in one domain, each on the IOMMU of its device. Changed under the lock of the board. */
final class PrivateSpaces {
    private final TranslationDomain domain;
    private final List<PrivateSpace> ioMms = new CopyOnWriteArrayList<>();

    PrivateSpaces(TranslationDomain domain) {
        this.domain = domain;
    }

    /** The spaces; a live list. */
    List<PrivateSpace> list() {
        return ioMms;
    }

    Set<IoMm> snapshot() {
        return new LinkedHashSet<>(ioMms);
    }

    PrivateSpace allocate(Device device) {
        return device.unit().creation().create(() -> {
            domain.end().requireOpen();
            device.requireServed();
            if (device.current() != domain) {
                throw new IommuException(Errno.EINVAL, device.name() + " is not attached to " + domain.name());
            }
            PrivateSpace made = new PasidAllocation(domain, device).run();
            ioMms.add(made);
            return made;
        });
    }

    /** Frees one, once its driver and format are there. */
    void free(PrivateSpace own, CompletionStage<?> fence) {
        if (ioMms.contains(own)) {
            own.unit().driving().requireWhole(List.of(own));
            if (ioMms.contains(own)) {
                free(own, fence, own.name() + " was freed");
            }
        }
    }

    /** Frees those for which this holds, without waiting for anybody. */
    void freeIf(Predicate<PrivateSpace> which, String why) {
        for (PrivateSpace ioMm : ioMms) {
            if (which.test(ioMm)) {
                free(ioMm, new CompletableFuture<>(), why);
            }
        }
    }

    private void free(PrivateSpace own, CompletionStage<?> fence, String why) {
        own.ledger().revoke(why);
        for (Device device : own.devices()) {
            own.unbond(device, why);
        }
        ioMms.remove(own);
        boolean needsFence = own.activation() == ActivationKind.CLIENT_SWITCHED;
        own.unit().quarantine().admit(own, needsFence ? Optional.of(fence) : Optional.empty());
    }

    /** Takes all of them away from a device that leaves the domain. */
    void unbond(Device device) {
        for (PrivateSpace ioMm : ioMms) {
            ioMm.unbond(device, device.name() + " left " + domain.name());
        }
    }
}
