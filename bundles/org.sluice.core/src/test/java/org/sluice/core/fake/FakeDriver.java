package org.sluice.core.fake;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.IntUnaryOperator;
import org.sluice.api.Capability;
import org.sluice.api.Counters;
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
import org.sluice.spi.driver.NestingOperations;
import org.sluice.spi.driver.PageRequest;
import org.sluice.spi.driver.PageResponse;
import org.sluice.spi.driver.PageResponseOperations;
import org.sluice.spi.driver.PasidOperations;
import org.sluice.spi.driver.PasidReplacement;
import org.sluice.spi.driver.ReservedRegionOperations;
import org.sluice.spi.driver.StallControl;
import org.sluice.spi.driver.TranslationContext;
import org.sluice.spi.driver.UnitCapabilities;
import org.sluice.spi.driver.UnitHost;
import org.sluice.spi.driver.UnitRecord;
import org.sluice.spi.pgtable.PageTableConfig;
import org.sluice.spi.pgtable.Quirk;

/** A driver of the fake hardware, with switches for what may go wrong. */
public final class FakeDriver implements IommuDriver {
    public static final String COMPATIBLE = "fake,iommu";
    public static final long SIZES = 0x40201000L;

    private final FakeHardware hardware;

    public int pasidBits = 8;
    public boolean hasPasidOperations = true;

    /** Whether units also answer page requests, nest, replace PASIDs straight and have a stage 2. */
    public boolean full;

    /** Names of devices whose first attach is deferred. */
    public final Set<String> deferred = ConcurrentHashMap.newKeySet();

    public volatile Set<Capability> capabilities = Set.of(Capability.CACHE_COHERENCY);
    public volatile boolean failDrain;
    public volatile boolean failContext;
    public volatile boolean failReplace;

    /** Device whose attach fails; empty for none. */
    public volatile String failAttachOf = "";

    public final FakeResponses responses = new FakeResponses();
    public long pageSizes = SIZES;
    public List<ReservedRegion> reserved = List.of();
    public volatile boolean deferAttach;
    public String tableFormat = FakeFormat.NAME;
    public volatile boolean refuseInstall;

    /** IOMMUs that answer when asked to translate, and how far from the IOVA they say it is. */
    public final Map<String, Long> hardwareWalks = new ConcurrentHashMap<>();

    public volatile boolean failSync;

    /** IOMMU whose syncs fail, that frees no tag, that offers nothing optional; empty for none. */
    public volatile String failSyncOf = "";

    public volatile String refuseFreeOf = "";
    public volatile String plainOf = "";

    /** Page tables that an IOMMU wants instead of the usual one, by its name. */
    public final Map<String, PageTableConfig> tableOf = new ConcurrentHashMap<>();

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
        return unit(board.name());
    }

    private IommuUnit unit(String name) {
        return full ? new Full(name) : hasPasidOperations ? new WithPasids(name) : new Plain(name);
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
        return unit(board.name());
    }

    private class Plain implements IommuUnit, ReservedRegionOperations, Counters {
        private final String name;
        private final Set<Integer> adopted = new HashSet<>();

        Plain(String name) {
            this.name = name;
        }

        @Override
        public String subject() {
            return "fake";
        }

        @Override
        public Map<String, Long> read() {
            return Map.of("driver.fake", 5L);
        }

        @Override
        public boolean isAttachDeferred(DeviceRecord device) {
            return deferAttach || deferred.contains(device.name());
        }

        @Override
        public List<ReservedRegion> reservedRegions(DeviceRecord device) {
            return reserved;
        }

        @Override
        public UnitCapabilities capabilities() {
            return new UnitCapabilities(
                    true, true, full, pasidBits, 16, pageSizes, 39, 48, name.equals(plainOf) ? Set.of() : capabilities);
        }

        @Override
        public TranslationContext createContext(ContextRequest request) {
            hardware.injection.point("createContext");
            if (failContext) {
                throw new IommuException(Errno.ENOSPC, "no tag is free");
            }
            if (request.stage() == 2 && !full) {
                throw new IommuException(Errno.EOPNOTSUPP, "stage 2 is not there");
            }
            int tag = hardware.tags.nextClearBit(1);
            hardware.tags.set(tag);
            hardware.journal.add("createContext tag%d%s", tag, request.privateTable() ? " private" : "");
            long sizes = request.pageSizes() == 0 ? pageSizes : pageSizes & request.pageSizes();
            int quirks = request.dirtyTracking() ? Quirk.ARM_HD : 0;
            PageTableConfig table = new PageTableConfig(tableFormat, sizes, 39, 48, true, quirks);
            table = tableOf.getOrDefault(name, table);
            int stage = request.stage() == 2 ? 2 : 1;
            return context(new ContextRecord(request, tag, stage, table, null));
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

        final FakeContext context(ContextRecord record) {
            return exchangesRoots
                    ? new FakeContext.WithRootExchange(hardware, FakeDriver.this, name, record)
                    : new FakeContext(hardware, FakeDriver.this, name, record);
        }

        @Override
        public void freeContext(TranslationContext context) {
            int tag = context.record().tag();
            if (name.equals(refuseFreeOf)) {
                throw new IommuException(Errno.EBUSY, "tag " + tag + " is in use");
            }
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
            hardware.touch();
            if (attachment.context() != null) {
                requireOwn(attachment.context());
            }
            hardware.injection.point("attach");
            if (failAttach || device.name().equals(failAttachOf)) {
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
            hardware.touch();
            hardware.journal.add("shutdown");
            hardware.untagged.clear();
            hardware.pasids.clear();
        }

        /** The context of another IOMMU has a tag that means somebody else here. */
        final void requireOwn(TranslationContext context) {
            if (!((FakeContext) context).isOf(name)) {
                throw new IommuException(Errno.EINVAL, "context " + context.record() + " is not of " + name);
            }
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

    private class WithPasids extends Plain implements PasidOperations {
        WithPasids(String name) {
            super(name);
        }

        @Override
        public void mmAttach(DeviceRecord device, int pasid, TranslationContext context, boolean attachDomain) {
            requireOwn(context);
            hardware.journal.add(
                    "mmAttach %s pasid%d tag%d attachDomain=%s",
                    device.name(), pasid, context.record().tag(), attachDomain);
            hardware.injection.point("mmAttach");
            if (failMmAttach) {
                throw new IommuException(Errno.ENOMEM, "no room for a leaf of the CD table");
            }
            for (int stream : device.streamIds()) {
                hardware.pasids.put(FakeHardware.entry(stream, pasid), route(context));
            }
        }

        @Override
        public void mmDetach(DeviceRecord device, int pasid, TranslationContext context, boolean detachDomain) {
            hardware.touch();
            hardware.journal.add(
                    "mmDetach %s pasid%d tag%d detachDomain=%s",
                    device.name(), pasid, context.record().tag(), detachDomain);
            List<Integer> streams = new ArrayList<>(device.streamIds());
            streams.forEach(stream -> hardware.pasids.remove(FakeHardware.entry(stream, pasid)));
            hardware.invalidateTag(context.record().tag());
        }
    }

    private final class Full extends WithPasids
            implements PageResponseOperations, NestingOperations, PasidReplacement, StallControl {
        Full(String name) {
            super(name);
        }

        @Override
        public void setStall(DeviceRecord device, boolean stall) {
            hardware.journal.add("setStall %s %s", device.name(), stall);
        }

        @Override
        public void respond(PageRequest request, PageResponse response) {
            hardware.touch();
            responses.add(request, response);
        }

        @Override
        public void drain(DeviceRecord device, int pasid) {
            hardware.touch();
            hardware.journal.add("drain %s pasid%d", device.name(), pasid);
            if (failDrain) {
                throw new IommuException(Errno.ETIMEDOUT, "the event queue did not drain");
            }
        }

        @Override
        public void mmReplace(DeviceRecord device, int pasid, TranslationContext from, TranslationContext to) {
            hardware.journal.add(
                    "mmReplace %s pasid%d tag%d->tag%d",
                    device.name(), pasid, from.record().tag(), to.record().tag());
            hardware.injection.point("mmReplace");
            if (failReplace) {
                throw new IommuException(Errno.ENOMEM, "no room for a second descriptor");
            }
            device.streamIds().forEach(stream -> hardware.pasids.put(FakeHardware.entry(stream, pasid), route(to)));
            hardware.invalidateTag(from.record().tag());
        }

        @Override
        public TranslationContext createNested(TranslationContext parent, long[] guestEntry) {
            hardware.injection.point("createNested");
            if (guestEntry.length == 0 || (guestEntry[0] & 1) == 0) {
                throw new IommuException(Errno.EIO, "V of the guest's entry is 0");
            }
            int tag = hardware.tags.nextClearBit(1);
            hardware.tags.set(tag);
            hardware.journal.add(
                    "createNested tag%d over tag%d", tag, parent.record().tag());
            return context(new ContextRecord(
                    parent.record().request(), tag, 1, null, new FakeFormat.Walker(guestEntry[0] & -4096)));
        }

        @Override
        public int invalidate(TranslationContext parent, long[] commands, IntUnaryOperator streamIds) {
            for (int i = 0; i < commands.length; i += 2) {
                int stream = streamIds.applyAsInt((int) commands[i]);
                if (stream < 0) {
                    throw new IommuException(Errno.EIO, "command " + i / 2 + " names a stream that is not the guest's");
                }
                hardware.journal.add("guest invalidates stream 0x%x", stream);
            }
            return commands.length / 2;
        }
    }
}
