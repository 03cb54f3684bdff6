package org.sluice.core.fake;

import org.sluice.api.ActivationKind;
import org.sluice.api.ClientTable;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.spi.driver.MmAllocation;
import org.sluice.spi.driver.MmAllocator;
import org.sluice.spi.driver.MmRequest;

/** A vendor's plug-in that makes private spaces its own way. */
public final class FakeAllocator implements MmAllocator {
    public static final String COMPATIBLE = "fake,gpu";

    private final Journal journal;
    private final String name;
    public ActivationKind kind = ActivationKind.CLIENT_SWITCHED;
    public boolean returnsNull;
    public boolean fails;
    public boolean createsNothing;
    public boolean failsToFree;

    public FakeAllocator(Journal journal, String name) {
        this.journal = journal;
        this.name = name;
    }

    @Override
    public MmAllocation mmAlloc(MmRequest request) {
        journal.add("mmAlloc by %s", name);
        if (fails) {
            throw new IommuException(Errno.EPERM, "the firmware forbids it");
        }
        if (returnsNull) {
            return null;
        }
        int asid = request.context().tag();
        long root = createsNothing ? 0 : request.createTable(request.suggested());
        return kind == ActivationKind.TABLE
                ? new MmAllocation(kind, null)
                : new MmAllocation(kind, new ClientTable(root, asid, 100 + asid, 5));
    }

    @Override
    public void mmFree(MmAllocation allocation) {
        journal.add("mmFree by %s", name);
        if (failsToFree) {
            throw new IllegalStateException("lost my notes");
        }
    }
}
