package org.sluice.core.unit;

import java.util.Optional;
import java.util.function.Supplier;
import org.sluice.api.Capability;
import org.sluice.api.Domain;
import org.sluice.api.DomainRequest;
import org.sluice.api.DomainType;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.api.ProviderMissingException;
import org.sluice.core.offer.Offer;
import org.sluice.core.space.Space;
import org.sluice.spi.driver.ContextRequest;
import org.sluice.spi.driver.TranslationContext;
import org.sluice.spi.pgtable.PageTableFormat;

/** Making what has a context and tables: domains, and the contexts of private spaces. Under the lock of the board. */
final class Creation {
    private final Unit unit;
    private int domainCount;

    Creation(Unit unit) {
        this.unit = unit;
    }

    /**
     * A context, and the format that makes its table.
     *
     * @param context of the driver
     * @param format of a bundle
     */
    record ContextAndFormat(TranslationContext context, Offer<PageTableFormat> format) {}

    /**
     * Makes a context whose page-table format is there.
     *
     * @throws FormatMissingException it is not; no tag is kept
     */
    ContextAndFormat createContext(ContextRequest request) {
        TranslationContext context = unit.iommu().createContext(request);
        String format = context.tableConfig().format();
        Optional<Offer<PageTableFormat>> offer = unit.bestFormat(format);
        if (offer.isEmpty()) {
            unit.iommu().freeContext(context);
            throw new FormatMissingException(format);
        }
        return new ContextAndFormat(context, offer.get());
    }

    /**
     * Makes something with a page table. If its format is missing, nothing may be half made while waiting for it: what the
     * attempt had done is undone, and it begins again from its first check.
     *
     * @param attempt makes it
     * @param <T> what is made
     * @return what was made
     */
    <T> T create(Supplier<T> attempt) {
        while (true) {
            unit.driving().serving();
            try {
                return attempt.get();
            } catch (FormatMissingException missing) {
                if (!unit.driving()
                        .await(() -> unit.bestFormat(missing.format()).isPresent(), null)) {
                    throw new ProviderMissingException(
                            missing.missing(),
                            String.format(
                                    "no bundle offers it; waited up to %d ms; nothing was allocated on %s",
                                    unit.commons().gateTimeoutMillis(), unit.name()));
                }
            }
        }
    }

    /** Makes a domain for a client. */
    Domain domain(DomainRequest request) {
        return create(() -> {
            String title = "domain " + ++domainCount + " of " + unit.name();
            TranslationDomain domain = switch (request.type()) {
                case BLOCKED, IDENTITY -> new TranslationDomain(unit, title, request.type(), null, false);
                case UNMANAGED, DMA, DMA_FQ -> paging(title, request, false);
                case NESTED -> nested(title, request);
                case SVA ->
                    throw new IommuException(
                            Errno.EOPNOTSUPP,
                            "domains of type SVA come with a process (bind), none can be made on " + unit.name());
            };
            unit.domains().add(domain);
            return domain;
        });
    }

    /** Makes a domain with a page table; without waiting for anybody. */
    TranslationDomain paging(String title, DomainRequest request, boolean permanent) {
        if (request.dirtyTracking()
                && !unit.iommu().capabilities().capabilities().contains(Capability.DIRTY_TRACKING)) {
            throw new IommuException(Errno.EOPNOTSUPP, unit.name() + " does not track dirty pages");
        }
        Space space = new Space(title, unit, unit.commons(), unit.memory(), unit.allocator());
        ContextAndFormat made = createContext(new ContextRequest(
                request.stage(), request.upperHalf(), false, request.pageSizes(), request.dirtyTracking()));
        try {
            space.ledger()
                    .create(
                            made.format().service(),
                            made.format().provider().serviceId(),
                            made.context().tableConfig(),
                            made.context());
        } catch (RuntimeException failed) {
            unit.iommu().freeContext(made.context());
            throw failed;
        }
        unit.add(space);
        return new TranslationDomain(unit, title, request.type(), space, permanent);
    }

    private TranslationDomain nested(String title, DomainRequest request) {
        TranslationDomain parent = own(request.parent().orElseThrow());
        parent.end().requireOpen();
        long[] entry = request.guestEntry().stream().mapToLong(Long::longValue).toArray();
        TranslationContext context = parent.nesting().nest(entry);
        Space space = new Space(title, unit, unit.commons(), unit.memory(), unit.allocator());
        space.ledger().createWithoutTable(context);
        unit.add(space);
        parent.nesting().addChild();
        return new TranslationDomain(unit, title, DomainType.NESTED, space, false, parent);
    }

    private TranslationDomain own(Domain domain) {
        if (domain instanceof TranslationDomain own && own.unit() == unit) {
            return own;
        }
        throw new IommuException(Errno.EINVAL, "domain " + domain + " is not of " + unit.name());
    }
}
