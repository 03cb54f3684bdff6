package org.sluice.core.unit;

import java.util.Optional;
import org.sluice.api.ActivationKind;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.api.Topics;
import org.sluice.core.offer.Offer;
import org.sluice.spi.driver.ContextRecord;
import org.sluice.spi.driver.ContextRequest;
import org.sluice.spi.driver.DeviceRecord;
import org.sluice.spi.driver.IommuUnit;
import org.sluice.spi.driver.MmAllocation;
import org.sluice.spi.driver.MmAllocator;
import org.sluice.spi.driver.MmRequest;
import org.sluice.spi.driver.PasidOperations;
import org.sluice.spi.driver.TranslationContext;
import org.sluice.spi.pgtable.PageTableConfig;
import org.sluice.spi.pgtable.PageTableFormat;

/**
 * One allocation of a private space, step by step: context and tag, page table (by a vendor's plug-in if one is there for
 * this kind of device), PASID, attachment. Each step that succeeded is undone in reverse order when a later one fails. Runs
 * under the lock of the board and is used once.
 */
final class PasidAllocation implements MmRequest {
    private static final ContextRequest PRIVATE = new ContextRequest(1, false, true, 0);

    private final Unit unit;
    private final Device device;
    private final PrivateSpace space;
    private final Undo undo = new Undo();
    private TranslationContext context;
    private boolean created;

    PasidAllocation(TranslationDomain domain, Device device) {
        this.unit = device.unit();
        this.device = device;
        this.space = new PrivateSpace("io_mm of " + device.name() + " in " + domain.name(), domain, unit);
    }

    PrivateSpace run() {
        IommuUnit iommu = unit.iommu();
        SvaRange range = device.requireSva();
        device.requireNoReset();
        Optional<Offer<MmAllocator>> plugIn = unit.allocatorFor(device);
        if (plugIn.isEmpty()) {
            requireOperations(iommu);
        }
        try {
            makeTable(iommu, plugIn);
            if (space.activation() == ActivationKind.TABLE) {
                requireOperations(iommu);
            }
            int pasid = unit.pasids().allocate(range.min(), range.max());
            undo.push(() -> unit.pasids().release(pasid));
            space.setPasid(pasid);
            space.addBond(device);
        } catch (RuntimeException failed) {
            undo.run(failed);
            throw failed;
        }
        space.ledger().open();
        unit.add(space);
        space.tell(Topics.PASID_ALLOCATED, device);
        return space;
    }

    private void makeTable(IommuUnit iommu, Optional<Offer<MmAllocator>> plugIn) {
        if (plugIn.isPresent()) {
            context = iommu.createContext(PRIVATE);
            undo.push(() -> iommu.freeContext(context));
            callPlugIn(plugIn.get());
        } else {
            Creation.ContextAndFormat made = unit.creation().createContext(PRIVATE);
            context = made.context();
            undo.push(() -> iommu.freeContext(context));
            makeTable(made.format(), context.tableConfig());
        }
    }

    private void callPlugIn(Offer<MmAllocator> plugIn) {
        String who = "plug-in " + plugIn.provider().describe();
        MmAllocation made = plugIn.service().mmAlloc(this);
        if (made == null) {
            throw new IommuException(Errno.ENOMEM, who + " allocated nothing for " + device.name());
        }
        // Pushed after the table's undo, so undone before it: the plug-in lets go while its table still stands.
        undo.push(() -> plugIn.service().mmFree(made));
        if (!created) {
            throw new IommuException(Errno.EINVAL, who + " created no page table for " + device.name());
        }
        space.setAllocation(made, plugIn.provider());
    }

    private void makeTable(Offer<PageTableFormat> format, PageTableConfig config) {
        space.ledger().createTable(format.service(), format.provider().serviceId(), config, context);
        created = true;
        undo.push(space.ledger()::free);
    }

    private void requireOperations(IommuUnit iommu) {
        if (!(iommu instanceof PasidOperations)) {
            throw new IommuException(
                    Errno.ENODEV,
                    "driver " + unit.driving().driverName() + " of " + unit.name()
                            + " has no PASID operations (mm_attach, mm_detach)");
        }
    }

    @Override
    public DeviceRecord device() {
        return device.record();
    }

    @Override
    public ContextRecord context() {
        return context.record();
    }

    @Override
    public PageTableConfig suggested() {
        return context.tableConfig();
    }

    @Override
    public long createTable(PageTableConfig config) {
        if (created) {
            throw new IommuException(Errno.EINVAL, "the page table of " + space.name() + " was created already");
        }
        makeTable(
                unit.bestFormat(config.format()).orElseThrow(() -> new FormatMissingException(config.format())),
                config);
        return space.ledger().root();
    }
}
