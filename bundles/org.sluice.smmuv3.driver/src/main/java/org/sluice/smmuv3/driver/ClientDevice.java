package org.sluice.smmuv3.driver;

import java.util.Collections;
import java.util.SortedMap;
import java.util.TreeMap;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.spi.driver.Attachment;
import org.sluice.spi.driver.DeviceRecord;
import org.sluice.spi.memory.PageAllocator;
import org.sluice.spi.memory.PhysicalMemory;

/**
 * A device behind the SMMU: its streams, its CD table while it needs one, and what is attached. One thread at a time.
 *
 * <p>The CD table is the device's own. It exists while untagged traffic is translated or a PASID is attached; then the
 * entries of the streams name it, and S1DSS says what becomes of untagged traffic. Otherwise the entries say abort or bypass
 * and there is no table.
 */
final class ClientDevice {
    private final DeviceRecord record;
    private final int substreamBits;
    private final boolean stall;
    private final StreamEntry.Traits traits;
    private final StreamTable streams;
    private final ConfigurationWriter writer;
    private final PhysicalMemory memory;
    private final PageAllocator allocator;
    private final SortedMap<Integer, Stage1Context> pasids = new TreeMap<>();
    private Attachment untagged = Attachment.BLOCKED;
    private ContextTable contexts;

    ClientDevice(
            DeviceRecord record,
            Features features,
            StreamTable streams,
            ConfigurationWriter writer,
            PhysicalMemory memory,
            PageAllocator allocator) {
        this.record = record;
        this.substreamBits = ContextTable.substreamBits(features, record.pasidBits());
        this.stall = features.stall() == Features.Stall.ALWAYS;
        this.traits = new StreamEntry.Traits(features.stall() == Features.Stall.SELECTABLE, stall, 0);
        this.streams = streams;
        this.writer = writer;
        this.memory = memory;
        this.allocator = allocator;
    }

    /** As it was added. */
    DeviceRecord record() {
        return record;
    }

    /** Width of the PASIDs that it can use here. */
    int substreamBits() {
        return substreamBits;
    }

    /** Whether a context is attached to it in any way. */
    boolean uses(Stage1Context context) {
        return untagged.context() == context || pasids.containsValue(context);
    }

    /** The CD table, or null. */
    ContextTable contexts() {
        return contexts;
    }

    /** PASIDs and what they reach. */
    SortedMap<Integer, Stage1Context> pasids() {
        return Collections.unmodifiableSortedMap(pasids);
    }

    /** What translates untagged traffic, or null. */
    Stage1Context untaggedContext() {
        return (Stage1Context) untagged.context();
    }

    /** The descriptor that this device needs for a context; absent for null. */
    long[] descriptor(Stage1Context context) {
        return context == null ? ContextEntry.absent() : context.descriptor(stall);
    }

    /** Routes untagged traffic; see {@link org.sluice.spi.driver.IommuUnit#attach}. */
    void attach(Attachment next) {
        if (next.equals(untagged)) {
            return;
        }
        Stage1Context previous = untaggedContext();
        if (next.context() == null) {
            leaveTranslation(next);
        } else if (previous == null) {
            enterTranslation(next);
        } else {
            replaceTranslation(next);
        }
        if (previous != null) {
            writer.forgetTranslations(previous.asid());
        }
    }

    /** Attaches a PASID; see {@link org.sluice.spi.driver.PasidOperations#mmAttach}. */
    void attachPasid(int pasid, Stage1Context context) {
        requirePasid(pasid);
        if (pasids.containsKey(pasid)) {
            throw new IommuException(
                    Errno.EBUSY,
                    "PASID " + pasid + " of device " + record.name() + " is attached to " + pasids.get(pasid));
        }
        prepareContext(pasid);
        writer.writeContext(record.streamIds(), pasid, contexts.entry(pasid), context.descriptor(stall));
        pasids.put(pasid, context);
        writeStreams();
    }

    /**
     * Takes a PASID's descriptor and translations away; does not wait for faults that were reported before. See
     * {@link org.sluice.spi.driver.PasidOperations#mmDetach}.
     */
    void detachPasid(int pasid, Stage1Context context) {
        if (pasids.get(pasid) != context) {
            throw new IommuException(
                    Errno.EINVAL,
                    "PASID " + pasid + " of device " + record.name() + " is attached to " + pasids.get(pasid)
                            + ", not to " + context);
        }
        writer.writeContext(record.streamIds(), pasid, contexts.entry(pasid), ContextEntry.absent());
        writer.forgetTranslations(context.asid());
        pasids.remove(pasid);
        writeStreams();
        dropUnusedTable();
    }

    /** Makes every stream abort and lets go of everything. */
    void remove() {
        Attachment last = untagged;
        SortedMap<Integer, Stage1Context> lastPasids = new TreeMap<>(pasids);
        untagged = Attachment.BLOCKED;
        pasids.clear();
        writeStreams();
        if (last.context() != null) {
            writer.forgetTranslations(((Stage1Context) last.context()).asid());
        }
        lastPasids.values().forEach(context -> writer.forgetTranslations(context.asid()));
        dropUnusedTable();
    }

    /** Frees the CD table; the SMMU is disabled. */
    void freeTable() {
        if (contexts != null) {
            contexts.free();
            contexts = null;
        }
    }

    /** Takes over what a predecessor attached; memory is as it left it. */
    void adopt(Attachment attachment, SortedMap<Integer, Stage1Context> attached, ContextTable table) {
        untagged = attachment;
        pasids.putAll(attached);
        contexts = table;
    }

    /** What the entry of each stream must say. */
    long[] streamEntry() {
        if (untagged.kind() != Attachment.Kind.TRANSLATED && pasids.isEmpty()) {
            return untagged.kind() == Attachment.Kind.IDENTITY ? StreamEntry.bypass() : StreamEntry.abort();
        }
        return StreamEntry.stage1(contexts.pointer(), untaggedSelector(), traits);
    }

    private StreamEntry.Untagged untaggedSelector() {
        return switch (untagged.kind()) {
            case BLOCKED -> StreamEntry.Untagged.TERMINATE;
            case IDENTITY -> StreamEntry.Untagged.BYPASS;
            case TRANSLATED -> StreamEntry.Untagged.SUBSTREAM_0;
        };
    }

    private void enterTranslation(Attachment next) {
        prepareContext(0);
        Stage1Context context = (Stage1Context) next.context();
        writer.writeContext(record.streamIds(), 0, contexts.entry(0), context.descriptor(stall));
        untagged = next;
        writeStreams();
    }

    private void leaveTranslation(Attachment next) {
        boolean translated = untagged.context() != null;
        untagged = next;
        writeStreams();
        if (translated && !pasids.isEmpty()) {
            writer.writeContext(record.streamIds(), 0, contexts.entry(0), ContextEntry.absent());
        }
        dropUnusedTable();
    }

    /**
     * Tag and root are in different words of a descriptor, so rewriting it would leave a moment without translation. A
     * second table, and one write of the pointer to it, does not.
     */
    private void replaceTranslation(Attachment next) {
        ContextTable old = contexts;
        ContextTable copy = old.copy();
        Stage1Context context = (Stage1Context) next.context();
        writer.writeUnusedContext(copy.entry(0), context.descriptor(stall));
        contexts = copy;
        untagged = next;
        writeStreams();
        old.freeCopied();
    }

    /** Everything that can fail happens here, before the SMMU can see a change. */
    private void prepareContext(int substreamId) {
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

    private void dropUnusedTable() {
        if (untagged.kind() != Attachment.Kind.TRANSLATED && pasids.isEmpty()) {
            freeTable();
        }
    }

    private void writeStreams() {
        long[] target = streamEntry();
        for (int streamId : record.streamIds()) {
            writer.writeStream(streamId, streams.entry(streamId), target);
        }
    }

    private void requirePasid(int pasid) {
        if (pasid < 1 || pasid >= 1 << substreamBits) {
            throw new IommuException(
                    Errno.ERANGE,
                    String.format(
                            "PASID %d of device %s, the range is 1 to %d",
                            pasid, record.name(), (1 << substreamBits) - 1));
        }
    }
}
