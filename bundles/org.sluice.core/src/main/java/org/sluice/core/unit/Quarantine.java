package org.sluice.core.unit;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.api.Topics;
import org.sluice.core.offer.Offer;
import org.sluice.core.space.HardwareSide;
import org.sluice.core.space.Space;
import org.sluice.core.space.SpaceLedger;
import org.sluice.spi.driver.MmAllocator;

/**
 * Spaces that were taken away and whose tables, tag and PASID may not be used again yet: the device may still load their root
 * (no fence completed), an operation or a page-fault handler is still inside, or a bundle that must take part is missing: driver, format, or the
 * plug-in that allocated. Most spaces pass through without stopping. Guarded by the lock of the board, except for the counts.
 */
final class Quarantine {
    private static final System.Logger LOG = System.getLogger("org.sluice.core");

    private static final long RETRY_MILLIS = 200;

    private final Unit unit;
    private final List<Inmate> inmates = new CopyOnWriteArrayList<>();
    private boolean scheduled;

    Quarantine(Unit unit) {
        this.unit = unit;
    }

    /** A space that no device is attached to any more. */
    private static final class Inmate {
        private final Space space;
        private volatile boolean fenced;
        private boolean told; // that it stays here
        /** The driver refused to free its tag; it is not asked again and again, but when something else changes. */
        private boolean refused;

        Inmate(Space space, boolean fenced) {
            this.space = space;
            this.fenced = fenced;
        }
    }

    /**
     * Takes a revoked space without bonds, and frees it at once if nothing stands against it.
     *
     * @param fence what must complete first, if the device loads the table by itself
     * @throws IommuException of the driver; the space stays here
     */
    void admit(Space space, Optional<? extends CompletionStage<?>> fence) {
        Inmate inmate = new Inmate(space, fence.isEmpty());
        inmates.add(inmate);
        fence.ifPresent(stage -> stage.whenComplete((done, failure) -> {
            if (failure == null) {
                inmate.fenced = true;
                unit.site().later(this::sweep);
            } else {
                LOG.log(
                        System.Logger.Level.WARNING,
                        "the fence of {0} failed ({1}), it stays in quarantine",
                        space.name(),
                        failure.toString());
            }
        }));
        if (isReady(inmate)) {
            inmates.remove(inmate);
            release(inmate);
            return;
        }
        inmate.told = true;
        boolean fenced = inmate.fenced;
        unit.commons()
                .events()
                .post(Topics.QUARANTINED, () -> Map.of("iommu", unit.name(), "space", space.name(), "fenced", fenced));
        tryAgain();
    }

    /** Frees what became free: a fence completed, or a bundle came. */
    void sweep() {
        for (Inmate inmate : inmates) {
            if (isReady(inmate)) {
                try {
                    inmates.remove(inmate);
                    release(inmate);
                } catch (RuntimeException failed) {
                    LOG.log(
                            System.Logger.Level.ERROR,
                            "{0} stays in quarantine: {1}",
                            inmate.space.name(),
                            failed.getMessage());
                }
            }
        }
        tryAgain();
    }

    /** A fence or a bundle that comes sweeps; an operation that did not leave, or a queue that did not drain, does not. */
    private void tryAgain() {
        boolean stuck = inmates.stream().anyMatch(inmate -> !inmate.refused && hasWhatItNeeds(inmate));
        if (stuck && !scheduled) {
            scheduled = true;
            unit.site().later(RETRY_MILLIS, () -> {
                scheduled = false;
                sweep();
            });
        }
    }

    /** Whether fence and bundles are there. */
    private boolean hasWhatItNeeds(Inmate inmate) {
        SpaceLedger ledger = inmate.space.ledger();
        return inmate.fenced
                && ledger.isWhole()
                && ledger.sides().stream().allMatch(side -> side.unit().iommu() != null)
                && (!(inmate.space instanceof PrivateSpace own)
                        || own.allocation() == null
                        || heir(own).isPresent());
    }

    private boolean isReady(Inmate inmate) {
        return hasWhatItNeeds(inmate)
                && unit.site().isQuiet(inmate.space)
                && (!(inmate.space instanceof BondedSpace bonded) || bonded.isDrained())
                && inmate.space.ledger().drainAgain();
    }

    private Optional<Offer<MmAllocator>> heir(PrivateSpace space) {
        return unit.successorOf(space.allocator());
    }

    /** Tag of each IOMMU (its translations are invalidated first), PASID, what the plug-in took, tables: in this order. */
    private void release(Inmate inmate) {
        Space space = inmate.space;
        try {
            List<HardwareSide> sides = space.ledger().sides();
            while (!sides.isEmpty()) {
                sides.get(sides.size() - 1).free();
            }
        } catch (RuntimeException failed) {
            inmate.refused = true;
            inmates.add(inmate);
            throw failed;
        }
        if (space instanceof BondedSpace bonded) {
            unit.pasids().release(bonded.pasid());
            bonded.tell(Topics.PASID_FREED, null);
        }
        if (space instanceof PrivateSpace own && own.allocation() != null) {
            returnToPlugIn(own);
        }
        space.ledger().free();
        if (inmate.told) {
            unit.commons()
                    .events()
                    .post(Topics.QUARANTINE_LEFT, () -> Map.of("iommu", unit.name(), "space", space.name()));
        }
    }

    private void returnToPlugIn(PrivateSpace own) {
        Offer<MmAllocator> heir = heir(own)
                .orElseThrow(() -> new IommuException(Errno.ENODEV, "plug-in of " + own.name() + " left meanwhile"));
        try {
            heir.service().mmFree(own.allocation());
        } catch (RuntimeException failed) {
            // What is the plug-in's own is lost to it; tables and tag are the core's and are freed all the same.
            LOG.log(
                    System.Logger.Level.ERROR,
                    "{0} could not free its part of {1}: {2}",
                    heir.provider().describe(),
                    own.name(),
                    failed.toString());
        }
    }

    /** Lets go of everything, since the hardware is off. */
    void abandon() {
        inmates.forEach(inmate -> inmate.fenced = true);
        sweep();
    }

    int size() {
        return inmates.size();
    }

    int unfenced() {
        return (int) inmates.stream().filter(inmate -> !inmate.fenced).count();
    }

    long bytes() {
        return inmates.stream()
                .mapToLong(inmate -> inmate.space.ledger().tableBytes())
                .sum();
    }
}
