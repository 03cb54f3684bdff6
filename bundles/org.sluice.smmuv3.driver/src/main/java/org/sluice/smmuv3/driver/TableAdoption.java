package org.sluice.smmuv3.driver;

import java.util.SortedMap;
import java.util.TreeMap;
import org.sluice.smmuv3.arch.ContextDescriptor;
import org.sluice.smmuv3.arch.L1ContextDescriptor;
import org.sluice.smmuv3.arch.L1StreamTableDescriptor;
import org.sluice.smmuv3.arch.StreamTableEntry;
import org.sluice.spi.driver.Attachment;
import org.sluice.spi.driver.ContextRecord;
import org.sluice.spi.driver.DeviceRecord;
import org.sluice.spi.driver.UnitHost;
import org.sluice.spi.driver.UnitRecord;
import org.sluice.spi.memory.PhysicalMemory;

/**
 * Gives a unit the devices that a record names, and checks that the tables say the same: every stream's entry and every
 * descriptor equals what the unit would write, on the bits that the SMMU uses; addresses of CD tables are taken as found, if
 * an allocation of the right size is there and no other table has it. Reads only.
 */
final class TableAdoption {
    private final Smmuv3Unit unit;
    private final Features features;
    private final StreamTable streams;
    private final ReservedStreams reserved;
    private final UnitHost host;
    private final PhysicalMemory memory;
    private final UsedBits streamBits = new StreamEntryBits();
    private final UsedBits contextBits = new ContextEntryBits();
    private final FoundTables tables;

    TableAdoption(Smmuv3Unit unit, Features features, UnitMemory found, UnitHost host, FoundTables tables) {
        this.unit = unit;
        this.features = features;
        this.streams = found.streams();
        this.reserved = found.reserved();
        this.host = host;
        this.memory = host.memory();
        this.tables = tables;
    }

    /** Adopts and verifies everything that a record names. */
    void adopt(UnitRecord record) {
        if (streams instanceof TwoLevelStreamTable twoLevel) {
            verifyFirstLevel(twoLevel);
        }
        record.devices().forEach(this::adoptDevice);
        streams.forEach(this::verifyStream);
        unit.devices().forEach(this::verifyContexts);
    }

    private void adoptDevice(UnitRecord.Device device) {
        DeviceRecord client = device.device();
        for (int streamId : client.streamIds()) {
            streams.requireCovered(streamId);
            if (!streams.exists(streamId)) {
                throw Difference.refusal(
                        "StreamID 0x%x of device %s has no second-level table", streamId, client.name());
            }
            if (unit.deviceOf(streamId) != null) {
                throw Difference.refusal("StreamID 0x%x is recorded twice", streamId);
            }
        }
        Attachment untagged = untagged(device);
        SortedMap<Integer, Stage1Context> pasids = new TreeMap<>();
        ClientDevice adopted = unit.addClient(client);
        for (UnitRecord.Pasid pasid : device.pasids()) {
            if (pasid.pasid() < 1 || pasid.pasid() >= 1 << adopted.route().substreamBits()) {
                throw Difference.refusal(
                        "PASID %d of device %s, the range is 1 to %d",
                        pasid.pasid(), client.name(), (1 << adopted.route().substreamBits()) - 1);
            }
            if (!(context(client, pasid.context()) instanceof Stage1Context stage1)) {
                throw Difference.refusal(
                        "PASID %d of device %s is recorded with %s, which is not of stage 1",
                        pasid.pasid(), client.name(), pasid.context());
            }
            pasids.put(pasid.pasid(), stage1);
        }
        boolean hasTable = untagged.context() instanceof Stage1Context || !pasids.isEmpty();
        adopted.adopt(
                untagged, pasids, hasTable ? findTable(client, adopted.route().substreamBits()) : null);
    }

    private Attachment untagged(UnitRecord.Device device) {
        return switch (device.untagged()) {
            case BLOCKED -> Attachment.BLOCKED;
            case IDENTITY -> Attachment.IDENTITY;
            case TRANSLATED -> Attachment.to(context(device.device(), device.context()));
        };
    }

    private UnitContext context(DeviceRecord client, ContextRecord record) {
        if (record == null || record.walker() == null) {
            throw Difference.refusal(
                    "a context of device %s is recorded without page table: %s", client.name(), record);
        }
        return unit.contexts().adoptFound(record);
    }

    private ContextTable findTable(DeviceRecord client, int substreamBits) {
        int streamId = client.streamIds().get(0);
        long[] entry = EntryWriter.read(memory, streams.entry(streamId));
        long base = StreamTableEntry.s1ContextPtr(entry[StreamTableEntry.S1CONTEXTPTR_WORD]);
        ContextTable table = ContextTable.at(base, substreamBits, memory, host.allocator());
        tables.take(String.format("S1ContextPtr of StreamID 0x%x", streamId), base, table.baseBytes());
        if (table instanceof TwoLevelContextTable twoLevel) {
            verifyLeaves(streamId, twoLevel);
        }
        return table;
    }

    private void verifyFirstLevel(TwoLevelStreamTable table) {
        for (int index = 0; index < table.descriptors(); index++) {
            long descriptor = table.descriptor(index);
            long span = L1StreamTableDescriptor.span(descriptor);
            if (span != 0) {
                if (span != TwoLevelStreamTable.FULL_SPAN) {
                    throw Difference.refusal(
                            "L1STD 0x%x is 0x%x with Span %d, wanted %d or 0",
                            index, descriptor, span, TwoLevelStreamTable.FULL_SPAN);
                }
                tables.take(
                        String.format("L1STD 0x%x", index),
                        L1StreamTableDescriptor.l2Ptr(descriptor),
                        TwoLevelStreamTable.SECOND_LEVEL_BYTES);
            }
        }
    }

    private void verifyLeaves(int streamId, TwoLevelContextTable table) {
        for (int index = 0; index < table.descriptors(); index++) {
            long descriptor = table.descriptor(index);
            if (L1ContextDescriptor.v(descriptor) != 0) {
                tables.take(
                        String.format("L1CD 0x%x of StreamID 0x%x", index, streamId),
                        L1ContextDescriptor.l2Ptr(descriptor),
                        ContextTable.LEAF_BYTES);
            }
        }
    }

    private void verifyStream(int streamId, long address) {
        ClientDevice device = unit.deviceOf(streamId);
        long[] found = EntryWriter.read(memory, address);
        long[] wanted = device != null ? device.streamEntry() : unowned(streamId, found);
        Difference.refuse(
                String.format("StreamID 0x%x%s: STE", streamId, device == null ? ", which no device has" : ""),
                StreamTableEntry.LAYOUT,
                found,
                wanted,
                Difference.usedByEither(streamBits, found, wanted));
    }

    /** A stream that firmware left running passes until its device was attached, and aborts once that was removed. */
    private long[] unowned(int streamId, long[] found) {
        boolean passes = StreamTableEntry.config(found[StreamTableEntry.CONFIG_WORD]) == StreamTableEntry.CONFIG_BYPASS;
        return reserved.contains(streamId) && passes ? StreamEntry.bypass() : StreamEntry.abort();
    }

    private void verifyContexts(ClientDevice device) {
        ContextTable table = device.route().contexts();
        if (table == null) {
            return;
        }
        for (int pasid : device.pasids().keySet()) {
            if (!table.exists(pasid)) {
                throw Difference.refusal(
                        "PASID %d of device %s has no leaf",
                        pasid, device.record().name());
            }
        }
        if (!table.exists(0) && device.untaggedContext() instanceof Stage1Context) {
            throw Difference.refusal(
                    "SubstreamID 0 of device %s has no leaf", device.record().name());
        }
        table.forEach((substreamId, address) -> verifyContext(device, substreamId, address));
    }

    private void verifyContext(ClientDevice device, int substreamId, long address) {
        Stage1Context context = substreamId != 0
                ? device.pasids().get(substreamId)
                : device.untaggedContext() instanceof Stage1Context stage1 ? stage1 : null;
        long[] wanted = device.route().descriptor(context);
        long[] found = EntryWriter.read(memory, address);
        long[] used = Difference.usedByEither(contextBits, found, wanted);
        if (context != null) {
            used[ContextDescriptor.MAIR_WORD] &= context.usedAttributes();
        }
        Difference.refuse(
                String.format(
                        "SubstreamID 0x%x of device %s: CD",
                        substreamId, device.record().name()),
                ContextDescriptor.LAYOUT,
                found,
                wanted,
                used);
    }
}
