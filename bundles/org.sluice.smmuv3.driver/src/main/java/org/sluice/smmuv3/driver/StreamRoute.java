package org.sluice.smmuv3.driver;

import java.util.ArrayList;
import java.util.List;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.smmuv3.arch.StreamTableEntry;
import org.sluice.spi.driver.Attachment;
import org.sluice.spi.driver.DeviceRecord;
import org.sluice.spi.memory.PageAllocator;
import org.sluice.spi.memory.PhysicalMemory;

/**
 * What a device has in memory: the entries of its streams, and its CD table while it needs one. The unit's lock guards it.
 *
 * <p>The CD table is the device's own. It exists while untagged traffic is translated by stage 1 or a PASID is attached; then
 * the entries of the streams name it, and S1DSS says what becomes of untagged traffic. Otherwise there is no table.
 */
final class StreamRoute {
    private final DeviceRecord record;
    private final int substreamBits;
    private final StreamEntry.Traits traits;
    private final StreamTable streams;
    private final ConfigurationWriter writer;
    private final PhysicalMemory memory;
    private final PageAllocator allocator;

    /** Tables that the SMMU may read until a change was acknowledged. */
    private final List<Copied> retired = new ArrayList<>();

    private ContextTable contexts;

    /** What {@link #contexts} is to be replaced with. */
    private Copied spare;

    /**
     * One of two tables that differ in one descriptor and share what they can.
     *
     * @param table one of them
     * @param substreamId where they differ
     */
    private record Copied(ContextTable table, int substreamId) {
        void free() {
            table.freeCopied(substreamId);
        }
    }

    StreamRoute(
            DeviceRecord record,
            Features features,
            StreamTable streams,
            ConfigurationWriter writer,
            PhysicalMemory memory,
            PageAllocator allocator) {
        this.record = record;
        this.substreamBits = ContextTable.substreamBits(features, record.pasidBits());
        boolean selectable = features.stall() == Features.Stall.SELECTABLE;
        boolean canStall = record.port().canStall();
        this.traits = new StreamEntry.Traits(
                selectable && !canStall,
                features.stall() == Features.Stall.ALWAYS || selectable && canStall,
                StreamTableEntry.EATS_DISABLED);
        this.streams = streams;
        this.writer = writer;
        this.memory = memory;
        this.allocator = allocator;
    }

    /** Width of the PASIDs that the device can use here. */
    int substreamBits() {
        return substreamBits;
    }

    /** The CD table, or null. */
    ContextTable contexts() {
        return contexts;
    }

    /** Takes over a table, or null, as a predecessor left it. */
    void adopt(ContextTable table) {
        contexts = table;
    }

    /** The descriptor that this device needs for a context; absent for null. */
    long[] descriptor(Stage1Context context) {
        return context == null ? ContextEntry.absent() : context.descriptor(traits.stall());
    }

    /**
     * What the entry of each stream must say.
     *
     * @param untagged where untagged traffic goes
     * @param tagged whether PASIDs are attached
     * @param ats whether the device may cache translations
     */
    long[] entry(Attachment untagged, boolean tagged, boolean ats) {
        if (untagged.context() instanceof Stage2Context stage2) {
            return entry(stage2, ats);
        }
        if (untagged.context() instanceof NestedContext nested) {
            return nested.guest().over(entry(nested.parent(), ats), ats);
        }
        if (untagged.context() == null && !tagged) {
            return untagged.kind() == Attachment.Kind.IDENTITY ? StreamEntry.bypass() : StreamEntry.abort();
        }
        StreamEntry.Untagged selector = switch (untagged.kind()) {
            case BLOCKED -> StreamEntry.Untagged.TERMINATE;
            case IDENTITY -> StreamEntry.Untagged.BYPASS;
            case TRANSLATED -> StreamEntry.Untagged.SUBSTREAM_0;
        };
        return StreamEntry.stage1(contexts.pointer(), selector, traits.withAts(ats));
    }

    /** Refuses a PASID that the table does not cover. */
    void requirePasid(int pasid) {
        if (pasid < 1 || pasid >= 1 << substreamBits) {
            throw new IommuException(
                    Errno.ERANGE,
                    String.format(
                            "PASID %d of device %s, the range is 1 to %d",
                            pasid, record.name(), (1 << substreamBits) - 1));
        }
    }

    /**
     * Allocates what a change of the untagged route needs.
     *
     * @throws IommuException ENOMEM; nothing changed
     */
    void prepare(UnitContext previous, UnitContext next) {
        if (previous instanceof Stage1Context && next instanceof Stage1Context) {
            prepareReplacement(0);
        } else if (next instanceof Stage1Context) {
            prepareDescriptor(0);
        }
    }

    /**
     * Makes sure that a descriptor exists.
     *
     * @throws IommuException ENOMEM; nothing changed
     */
    void prepareDescriptor(int substreamId) {
        if (contexts != null) {
            if (contexts.prepare(substreamId)) {
                writer.forgetContext(record.streamIds(), substreamId, false);
            }
            return;
        }
        ContextTable table = ContextTable.create(substreamBits, memory, allocator);
        try {
            table.prepare(substreamId);
        } catch (IommuException failure) {
            table.free();
            throw failure;
        }
        contexts = table;
    }

    /**
     * Allocates what it takes to replace a descriptor that is in use.
     *
     * @throws IommuException ENOMEM; nothing changed
     */
    void prepareReplacement(int substreamId) {
        freeSpare();
        spare = new Copied(contexts.copy(substreamId), substreamId);
    }

    /**
     * Replaces a descriptor, for which all is prepared, in a second table; the SMMU uses the first until the entries are written.
     * Tag and root are in different words of a descriptor, so rewriting one in use would leave a moment without translation. One
     * write of the pointer to the table does not.
     */
    void replaceDescriptor(Stage1Context context) {
        int substreamId = spare.substreamId();
        writer.writeUnusedContext(spare.table().entry(substreamId), descriptor(context));
        retired.add(new Copied(contexts, substreamId));
        contexts = spare.table();
        spare = null;
    }

    /** Writes descriptor 0 before the entries lead to it. */
    void enter(Attachment previous, Attachment next) {
        if (next.context() instanceof Stage1Context stage1) {
            if (previous.context() instanceof Stage1Context) {
                replaceDescriptor(stage1);
            } else {
                writeDescriptor(0, stage1);
            }
        }
    }

    /** Takes descriptor 0 away when the entries lead to it no more but the table stays. */
    void leave(UnitContext previous, UnitContext next, boolean tagged) {
        if (previous instanceof Stage1Context && !(next instanceof Stage1Context) && tagged) {
            writeDescriptor(0, null);
        }
    }

    /** Writes a descriptor that exists; it is in effect on return. */
    void writeDescriptor(int substreamId, Stage1Context context) {
        writer.writeContext(record.streamIds(), substreamId, contexts.entry(substreamId), descriptor(context));
    }

    /** Clears a descriptor without waiting until the SMMU has seen it. */
    void clearDescriptorUnseen(int substreamId) {
        if (contexts != null && contexts.exists(substreamId)) {
            memory.write64Release(contexts.entry(substreamId), 0);
        }
    }

    /** Writes the entry of each stream; in effect on return. */
    void write(long[] target) {
        for (int streamId : record.streamIds()) {
            writer.writeStream(streamId, streams.entry(streamId), target);
        }
    }

    /** Ends what stalls, if anything can; the entries abort. */
    void terminateStalls() {
        if (traits.stall()) {
            record.streamIds().forEach(writer::terminateStalls);
        }
    }

    /** Makes the entries invalid without waiting, because the SMMU does not answer. */
    void close() {
        for (int streamId : record.streamIds()) {
            writer.closeStream(streamId, streams.entry(streamId));
        }
    }

    /**
     * Frees what the SMMU reads no more: it has acknowledged the last change.
     *
     * @param needed whether a table is in use
     */
    void settle(boolean needed) {
        retired.forEach(Copied::free);
        retired.clear();
        freeSpare();
        if (!needed) {
            freeTable();
        }
    }

    /** Frees the table; the SMMU does not read it. */
    void freeTable() {
        if (contexts != null) {
            contexts.free();
            contexts = null;
        }
    }

    private void freeSpare() {
        if (spare != null) {
            spare.free();
            spare = null;
        }
    }

    private long[] entry(Stage2Context context, boolean ats) {
        long[] entry = StreamEntry.stage2(context.walker(), context.tag(), traits.withAts(ats));
        return context.forcesWriteBack() ? StreamEntry.forcingWriteBack(entry) : entry;
    }
}
