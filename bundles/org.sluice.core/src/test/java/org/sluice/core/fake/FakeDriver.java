package org.sluice.core.fake;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.sluice.api.Capability;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.api.ReservedRegion;
import org.sluice.spi.board.IommuHardware;
import org.sluice.spi.driver.Attachment;
import org.sluice.spi.driver.ContextRecord;
import org.sluice.spi.driver.ContextRequest;
import org.sluice.spi.driver.DeviceRecord;
import org.sluice.spi.driver.IommuDriver;
import org.sluice.spi.driver.IommuUnit;
import org.sluice.spi.driver.PasidOperations;
import org.sluice.spi.driver.ReservedRegionOperations;
import org.sluice.spi.driver.TranslationContext;
import org.sluice.spi.driver.UnitCapabilities;
import org.sluice.spi.driver.UnitHost;
import org.sluice.spi.driver.UnitRecord;
import org.sluice.spi.pgtable.PageTableConfig;

/** A driver of the fake hardware, with switches for what may go wrong. */
public final class FakeDriver implements IommuDriver {
    public static final String COMPATIBLE = "fake,iommu";
    public static final long SIZES = 0x40201000L;

    private final FakeHardware hardware;

    public int pasidBits = 8;
    public boolean hasPasidOperations = true;
    public long pageSizes = SIZES;
    public Set<Capability> capabilities = Set.of(Capability.CACHE_COHERENCY);
    public List<ReservedRegion> reserved = List.of();
    public volatile boolean deferAttach;
    public String tableFormat = FakeFormat.NAME;
    public volatile boolean refuseInstall;
    public volatile boolean failSync;
    public volatile boolean exchangesRoots;
    public volatile boolean refuseExchange;
    public volatile boolean failAttach;
    public volatile boolean failMmAttach;
    public volatile String refuseAdoption = "";
    public volatile String refuseProbe = "";
    public volatile String refuseDevice = "";
    public volatile boolean forgetsRecords;

    /** What the core gave to the latest unit. */
    public volatile UnitHost host;

    /** What was handed over in the latest adoption, by name of the IOMMU. */
    public final Map<String, UnitRecord> handedOver = new ConcurrentHashMap<>();

    public FakeDriver(FakeHardware hardware) {
        this.hardware = hardware;
    }

    @Override
    public IommuUnit probe(IommuHardware board, UnitHost given) {
        if (!refuseProbe.isEmpty()) {
            throw new IommuException(Errno.EOPNOTSUPP, refuseProbe);
        }
        host = given;
        hardware.journal.add("probe %s", board.name());
        return hasPasidOperations ? new WithPasids() : new Plain();
    }

    @Override
    public IommuUnit adopt(IommuHardware board, UnitHost given, UnitRecord record) {
        handedOver.put(board.name(), record);
        if (!refuseAdoption.isEmpty()) {
            throw new IommuException(Errno.EINVAL, refuseAdoption);
        }
        for (UnitRecord.Device device : record.devices()) {
            for (int stream : device.device().streamIds()) {
                FakeHardware.Route route = hardware.untagged.get(stream);
                if (route.kind() != device.untagged()) {
                    throw new IommuException(Errno.EINVAL, "stream " + stream + " is " + route);
                }
            }
        }
        host = given;
        hardware.journal.add("adopt %s", board.name());
        return hasPasidOperations ? new WithPasids() : new Plain();
    }

    private class Plain implements IommuUnit, ReservedRegionOperations {
        private final Set<Integer> adopted = new HashSet<>();

        @Override
        public boolean isAttachDeferred(DeviceRecord device) {
            return deferAttach;
        }

        @Override
        public List<ReservedRegion> reservedRegions(DeviceRecord device) {
            return reserved;
        }

        @Override
        public UnitCapabilities capabilities() {
            return new UnitCapabilities(true, true, false, pasidBits, 16, pageSizes, 39, 48, capabilities);
        }

        @Override
        public TranslationContext createContext(ContextRequest request) {
            if (request.stage() == 2) {
                throw new IommuException(Errno.EOPNOTSUPP, "stage 2 is not there");
            }
            int tag = hardware.tags.nextClearBit(1);
            hardware.tags.set(tag);
            hardware.journal.add("createContext tag%d%s", tag, request.privateTable() ? " private" : "");
            long sizes = request.pageSizes() == 0 ? pageSizes : pageSizes & request.pageSizes();
            PageTableConfig table = new PageTableConfig(tableFormat, sizes, 39, 48, true, 0);
            return context(new ContextRecord(request, tag, 1, table, null));
        }

        @Override
        public TranslationContext adoptContext(ContextRecord record) {
            if (!adopted.add(record.tag())) {
                throw new IommuException(Errno.EINVAL, "tag " + record.tag() + " is another's");
            }
            hardware.journal.add("adoptContext tag%d", record.tag());
            ContextRecord kept = forgetsRecords
                    ? new ContextRecord(record.request(), record.tag() + 1, record.stage(), record.table(), null)
                    : record;
            return context(kept);
        }

        private FakeContext context(ContextRecord record) {
            return exchangesRoots
                    ? new FakeContext.WithRootExchange(hardware, FakeDriver.this, record)
                    : new FakeContext(hardware, FakeDriver.this, record);
        }

        @Override
        public void freeContext(TranslationContext context) {
            int tag = context.record().tag();
            hardware.journal.add("freeContext tag%d", tag);
            hardware.invalidateTag(tag);
            hardware.tags.clear(tag);
        }

        @Override
        public void addDevice(DeviceRecord device) {
            if (device.name().equals(refuseDevice)) {
                throw new IommuException(Errno.ERANGE, "StreamID of " + device.name() + " is too large");
            }
            device.streamIds().forEach(stream -> hardware.untagged.put(stream, route(Attachment.BLOCKED)));
        }

        @Override
        public void removeDevice(DeviceRecord device) {
            device.streamIds().forEach(hardware.untagged::remove);
        }

        @Override
        public void attach(DeviceRecord device, Attachment attachment) {
            if (failAttach) {
                throw new IommuException(Errno.ENOMEM, "no room for a context descriptor");
            }
            FakeHardware.Route route = route(attachment);
            hardware.journal.add("attach %s %s", device.name(), route.kind());
            device.streamIds().forEach(stream -> hardware.untagged.put(stream, route));
        }

        @Override
        public void handOver() {
            hardware.journal.add("handOver");
        }

        @Override
        public void shutdown() {
            hardware.journal.add("shutdown");
            hardware.untagged.clear();
            hardware.pasids.clear();
        }

        private FakeHardware.Route route(Attachment attachment) {
            return attachment.context() == null
                    ? new FakeHardware.Route(attachment.kind(), 0, 0)
                    : route(attachment.context());
        }

        FakeHardware.Route route(TranslationContext context) {
            ContextRecord record = context.record();
            return new FakeHardware.Route(
                    Attachment.Kind.TRANSLATED, record.tag(), record.walker().root());
        }
    }

    private final class WithPasids extends Plain implements PasidOperations {
        @Override
        public void mmAttach(DeviceRecord device, int pasid, TranslationContext context, boolean attachDomain) {
            hardware.journal.add(
                    "mmAttach %s pasid%d tag%d attachDomain=%s",
                    device.name(), pasid, context.record().tag(), attachDomain);
            if (failMmAttach) {
                throw new IommuException(Errno.ENOMEM, "no room for a leaf of the CD table");
            }
            for (int stream : device.streamIds()) {
                hardware.pasids.put(FakeHardware.entry(stream, pasid), route(context));
            }
        }

        @Override
        public void mmDetach(DeviceRecord device, int pasid, TranslationContext context, boolean detachDomain) {
            hardware.journal.add(
                    "mmDetach %s pasid%d tag%d detachDomain=%s",
                    device.name(), pasid, context.record().tag(), detachDomain);
            List<Integer> streams = new ArrayList<>(device.streamIds());
            streams.forEach(stream -> hardware.pasids.remove(FakeHardware.entry(stream, pasid)));
            hardware.invalidateTag(context.record().tag());
        }
    }
}
