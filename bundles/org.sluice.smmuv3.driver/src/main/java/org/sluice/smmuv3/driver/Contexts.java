package org.sluice.smmuv3.driver;

import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.spi.driver.ContextRecord;
import org.sluice.spi.driver.ContextRequest;
import org.sluice.spi.driver.TranslationContext;
import org.sluice.spi.pgtable.ArmNested;

/**
 * The contexts of a unit and their tags: ASIDs for stage 1, VMIDs for stage 2. A tag whose invalidation was not acknowledged
 * stays taken. The unit's lock guards it.
 */
final class Contexts {
    private final Features features;
    private final ContextTables tables;
    private final CommandQueue queue;
    private final DeviceShutOut devices;
    private final TagAllocator asids;
    private final TagAllocator vmids;
    private final Map<TlbTag, UnitContext> byTag = new HashMap<>();
    private final Set<NestedContext> nested = new HashSet<>();

    /** Contexts that the hardware was found to use and that nobody has asked for yet. */
    private final Map<UnitContext, ContextRecord> unclaimed = new HashMap<>();

    Contexts(Features features, boolean contiguous, CommandQueue queue, DeviceShutOut devices) {
        this.features = features;
        this.tables = new ContextTables(features, contiguous);
        this.queue = queue;
        this.devices = devices;
        this.asids = new TagAllocator("ASID", features.asidBits());
        this.vmids = new TagAllocator("VMID", features.vmidBits());
    }

    /** Makes a context with a fresh tag. */
    UnitContext create(ContextRequest request) {
        int stage = tables.stage(request);
        ContextRecord record = new ContextRecord(request, 0, stage, tables.config(request, stage), null);
        return add(record, allocator(stage).allocate());
    }

    /** Makes a guest's context over a stage 2. */
    NestedContext createNested(TranslationContext parent, long[] guestEntry) {
        if (!(own(parent) instanceof Stage2Context stage2)) {
            throw new IommuException(Errno.EINVAL, parent + " is not a stage-2 context: a guest cannot rest on it");
        }
        if (!stage2.isInstalled()) {
            throw new IommuException(Errno.EINVAL, parent + " has no page table installed");
        }
        return addNested(stage2, GuestStreamEntry.check(guestEntry));
    }

    /** Makes, or finds, the object for a context of a predecessor. */
    UnitContext adopt(ContextRecord record) {
        if (record.walker() instanceof ArmNested) {
            return claimNested(record);
        }
        UnitContext found = byTag.get(tag(record));
        if (found == null || !unclaimed.containsKey(found)) {
            return restore(record);
        }
        if (!record.equals(unclaimed.get(found))) {
            throw new IommuException(
                    Errno.EINVAL, found + " is in use for " + unclaimed.get(found) + ", not for " + record);
        }
        unclaimed.remove(found);
        return found;
    }

    /** Makes a context that a predecessor's record describes and the hardware uses; kept for {@link #adopt}. */
    UnitContext adoptFound(ContextRecord record) {
        if (record.walker() instanceof ArmNested walker) {
            Stage2Context parent = (Stage2Context)
                    adoptFound(new ContextRecord(record.request(), record.tag(), 2, record.table(), walker.stage2()));
            NestedContext context = addNested(parent, new GuestStreamEntry(walker.word0(), walker.word1()));
            unclaimed.put(context, record);
            return context;
        }
        UnitContext found = byTag.get(tag(record));
        if (found == null) {
            found = restore(record);
            unclaimed.put(found, record);
        } else if (!record.equals(unclaimed.get(found))) {
            throw new IommuException(
                    Errno.EINVAL, found + " is recorded for " + unclaimed.get(found) + " and for " + record);
        }
        return found;
    }

    /** The context behind a contract object. */
    UnitContext own(TranslationContext context) {
        if (context instanceof NestedContext guest && nested.contains(guest)
                || context instanceof UnitContext own && byTag.get(new TlbTag(own.stage(), own.tag())) == own) {
            return (UnitContext) context;
        }
        throw new IommuException(Errno.EINVAL, "context " + context + " is not of this unit");
    }

    /** Frees a context that no device uses, once the TLBs have forgotten it. */
    void free(UnitContext context) {
        for (NestedContext guest : nested) {
            if (guest != context && guest.rests(context)) {
                throw new IommuException(Errno.EBUSY, context + " carries a " + guest);
            }
        }
        context.invalidateAll();
        unclaimed.remove(context);
        if (!nested.remove(context)) {
            byTag.remove(new TlbTag(context.stage(), context.tag()));
            allocator(context.stage()).free(context.tag());
        }
    }

    /** The kinds of page table that contexts have. */
    ContextTables tables() {
        return tables;
    }

    private UnitContext claimNested(ContextRecord record) {
        for (NestedContext guest : nested) {
            if (record.equals(unclaimed.get(guest))) {
                unclaimed.remove(guest);
                return guest;
            }
        }
        ArmNested walker = (ArmNested) record.walker();
        UnitContext parent = byTag.get(TlbTag.vmid(record.tag()));
        if (!(parent instanceof Stage2Context stage2)
                || !stage2.isInstalled()
                || !stage2.walker().equals(walker.stage2())) {
            throw new IommuException(
                    Errno.EINVAL, "the stage 2 of " + record + " is not there: " + parent + " has its VMID");
        }
        return addNested(stage2, new GuestStreamEntry(walker.word0(), walker.word1()));
    }

    private UnitContext restore(ContextRecord record) {
        if (record.stage() != 1 && record.stage() != 2) {
            throw new IommuException(Errno.EINVAL, "a context of stage " + record.stage() + " is recorded: " + record);
        }
        tables.requireStage(record.stage());
        allocator(record.stage()).reserve(record.tag());
        try {
            UnitContext context = add(record, record.tag());
            if (record.walker() != null) {
                context.install(record.walker());
            }
            return context;
        } catch (RuntimeException refusal) {
            byTag.remove(tag(record));
            allocator(record.stage()).free(record.tag());
            throw refusal;
        }
    }

    private UnitContext add(ContextRecord record, int tag) {
        boolean ranges = features.has(Feature.RANGE_INVALIDATION);
        UnitContext context = record.stage() == 1
                ? new Stage1Context(record.request(), tag, record.table(), queue, ranges, devices)
                : new Stage2Context(record.request(), tag, record.table(), queue, ranges, devices);
        byTag.put(new TlbTag(record.stage(), tag), context);
        return context;
    }

    private NestedContext addNested(Stage2Context parent, GuestStreamEntry guest) {
        NestedContext context = new NestedContext(parent, guest, queue, devices);
        nested.add(context);
        return context;
    }

    private TagAllocator allocator(int stage) {
        return stage == 1 ? asids : vmids;
    }

    private static TlbTag tag(ContextRecord record) {
        return new TlbTag(record.stage(), record.tag());
    }
}
