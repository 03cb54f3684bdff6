package org.sluice.core.unit;

import java.util.function.IntUnaryOperator;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.spi.driver.NestingOperations;
import org.sluice.spi.driver.TranslationContext;

/** A domain as a parent of nested ones, or as one of them. Guarded by the lock of the board. */
final class Nesting {
    private final TranslationDomain domain;
    private final TranslationDomain parent;
    private int children;

    Nesting(TranslationDomain domain, TranslationDomain parent) {
        this.domain = domain;
        this.parent = parent;
    }

    /** One more is nested over this one. */
    void addChild() {
        children++;
    }

    void requireNoChildren() {
        if (children > 0) {
            throw new IommuException(Errno.EBUSY, children + " domains are nested over " + domain);
        }
    }

    /** This one ends: its parent has one less. */
    void end() {
        if (parent != null) {
            parent.nesting().children--;
        }
    }

    /** Makes the context of a guest's stage 1 over this domain. */
    TranslationContext nest(long[] guestEntry) {
        return operations().createNested(parentContext(), guestEntry);
    }

    int invalidate(long[] commands, IntUnaryOperator streamIds) {
        if (commands.length % 2 != 0) {
            throw new IommuException(Errno.EINVAL, commands.length + " words are no whole commands, each has two");
        }
        NestingOperations operations = operations();
        return operations.invalidate(parentContext(), commands, streamIds);
    }

    private TranslationContext parentContext() {
        if (domain.translating() == null
                || !domain.type().isPaging()
                || domain.translating().ledger().record().stage() != 2) {
            throw new IommuException(Errno.EINVAL, domain + " is no stage-2 domain, no guest can be nested over it");
        }
        return domain.translating().ledger().context();
    }

    private NestingOperations operations() {
        Unit unit = domain.unit();
        if (unit.iommu() instanceof NestingOperations operations) {
            return operations;
        }
        throw new IommuException(Errno.EOPNOTSUPP, "the driver of " + unit.name() + " cannot nest translations");
    }
}
