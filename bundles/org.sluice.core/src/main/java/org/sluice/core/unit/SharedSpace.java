package org.sluice.core.unit;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.sluice.api.ClientTable;
import org.sluice.api.Domain;
import org.sluice.api.DomainType;
import org.sluice.api.Errno;
import org.sluice.api.FaultResponse;
import org.sluice.api.IommuDevice;
import org.sluice.api.IommuException;
import org.sluice.api.PageFault;
import org.sluice.api.PageFaultHandler;
import org.sluice.api.Prot;
import org.sluice.api.SvaFeature;
import org.sluice.api.Topics;
import org.sluice.core.fault.Repair;
import org.sluice.core.space.TableSide;
import org.sluice.core.sva.ProcessView;
import org.sluice.core.sva.TableMatch;
import org.sluice.spi.driver.TranslationContext;
import org.sluice.spi.sva.PageArrival;
import org.sluice.spi.sva.ProcessAddressSpace;
import org.sluice.spi.sva.ProcessWatcher;

/**
 * The io_mm of a process behind one IOMMU: one PASID and one tag for every device that is bound to the process there. It lives
 * as long as it has bonds. The page table is the process's, which says what changed through {@link ProcessWatcher}.
 *
 * <p>While it is being taken away the hardware lets go of it first and only then it is closed, other than a private space: an
 * invalidation that arrives in between must still reach the hardware, because the process reuses the frames afterwards.
 */
final class SharedSpace extends BondedSpace implements ProcessWatcher {
    private final ProcessAddressSpace mm;
    private final Set<SvaFeature> features;
    private final TranslationDomain domain;
    private final long granule;
    private final Repair repair;
    private final Map<Device, SvaBinding> bindings = new ConcurrentHashMap<>();
    private boolean dying; // guarded by the lock of the IOMMU
    private boolean retired; // guarded by the lock of the IOMMU

    SharedSpace(Unit unit, ProcessAddressSpace mm, Set<SvaFeature> features) {
        super("address space shared with process " + mm.process() + " on " + unit.name(), unit);
        this.mm = mm;
        this.features = features;
        this.domain = new TranslationDomain(
                unit, "domain of process " + mm.process() + " on " + unit.name(), DomainType.SVA, null, true);
        this.granule = Long.lowestOneBit(mm.tableConfig().pageSizes());
        this.repair = features.contains(SvaFeature.IO_PAGE_FAULTS) ? new Repair(this, this::faultIn) : null;
    }

    /** Installs the process's table. */
    void share(TranslationContext context) {
        TableMatch.check(mm.tableConfig(), context.tableConfig(), "process " + mm.process());
        ledger().createTable(ProcessView.of(mm), TableSide.NO_PROVIDER, mm.tableConfig(), context);
    }

    boolean isOf(ProcessAddressSpace other) {
        return mm == other && ledger().isLive();
    }

    ProcessAddressSpace mm() {
        return mm;
    }

    Set<SvaFeature> features() {
        return features;
    }

    boolean isDying() {
        return dying;
    }

    /** Whether the caller is the one who sends it to quarantine. */
    boolean admitOnce() {
        boolean first = !retired;
        retired = true;
        return first;
    }

    SvaBinding bindingOf(Device device) {
        return bindings.get(device);
    }

    SvaBinding bind(Device device) {
        addBond(device);
        SvaBinding binding = new SvaBinding(this, device);
        bindings.put(device, binding);
        tellBond(Topics.BOUND, device);
        return binding;
    }

    private void tellBond(String topic, Device device) {
        unit().tell(
                        topic,
                        () -> Map.of(
                                "iommu",
                                unit().name(),
                                "device",
                                device.name(),
                                "process",
                                mm.process(),
                                "pasid",
                                pasid()));
    }

    @Override
    void unbonded(Device device) {
        SvaBinding binding = bindings.remove(device);
        if (binding != null) {
            binding.end();
            tellBond(Topics.UNBOUND, device);
        }
        if (devices().isEmpty()) {
            mm.unwatch(this);
        }
    }

    @Override
    public void invalidate(long address, long size) {
        forget(address, size, granule);
    }

    @Override
    public void exit() {
        List<SvaBinding> told = new ArrayList<>();
        unit().withLock(() -> {
            dying = true;
            told.addAll(bindings.values());
            return null;
        });
        told.forEach(SvaBinding::processExits);
        unit().shared().takeAway(this, "process " + mm.process() + " exited");
    }

    private FaultResponse faultIn(PageFault fault) {
        int access = (fault.read() ? Prot.READ : 0) | (fault.event().write() ? Prot.WRITE : 0);
        PageArrival arrival = mm.faultIn(fault.iova(), access, fault.event().execute());
        return arrival == PageArrival.PRESENT ? FaultResponse.RETRY : FaultResponse.ABORT;
    }

    @Override
    public Repair repair() {
        return repair;
    }

    @Override
    public boolean isPrivate() {
        return false;
    }

    @Override
    public OptionalLong process() {
        return OptionalLong.of(mm.process());
    }

    @Override
    public Domain domain() {
        return domain;
    }

    @Override
    public void bond(IommuDevice device) {
        throw new IommuException(Errno.EINVAL, name() + " gets devices by bind, it is not private");
    }

    @Override
    public Optional<ClientTable> clientTable() {
        return Optional.empty();
    }

    @Override
    public void onPageFault(PageFaultHandler handler) {
        // The faults of a process are the process's.
    }
}
