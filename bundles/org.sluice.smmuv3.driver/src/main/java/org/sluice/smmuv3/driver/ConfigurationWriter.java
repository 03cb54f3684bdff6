package org.sluice.smmuv3.driver;

import java.util.List;
import java.util.function.BooleanSupplier;
import org.sluice.api.IommuException;
import org.sluice.spi.memory.PhysicalMemory;

/** Writes entries of the configuration tables and makes the SMMU see them. One thread at a time. */
final class ConfigurationWriter {
    private final CommandQueue queue;
    private final EntryWriter streams;
    private final EntryWriter contexts;
    private final PhysicalMemory memory;
    private final BooleanSupplier prefetches;

    /**
     * A writer.
     *
     * @param prefetches whether the SMMU may be told to fetch an entry ahead of its use
     */
    ConfigurationWriter(PhysicalMemory memory, CommandQueue queue, BooleanSupplier prefetches) {
        this.memory = memory;
        this.queue = queue;
        this.prefetches = prefetches;
        this.streams = new EntryWriter(memory, new StreamEntryBits());
        this.contexts = new EntryWriter(memory, new ContextEntryBits());
    }

    /** Rewrites a stream table entry; it is in effect on return. */
    void writeStream(int streamId, long address, long[] target) {
        streams.write(address, target, () -> forgetStream(streamId, true));
        if (prefetches.getAsBoolean()) {
            queue.submit(DeviceCommand.prefetchConfig(streamId), 0);
        }
    }

    /**
     * Makes a stream table entry invalid without waiting for the SMMU, which does not answer: whenever it looks again, the
     * stream aborts.
     */
    void closeStream(int streamId, long address) {
        memory.write64Release(address, 0);
        try {
            queue.submit(Command.cfgiSte(streamId), Command.cfgiSteLeaf(true));
        } catch (IommuException full) {
            // The queue is full and nothing leaves it. The next change of this entry sends the command again.
            return;
        }
    }

    /** Rewrites a context descriptor that some streams share; it is in effect on return. */
    void writeContext(List<Integer> streamIds, int substreamId, long address, long[] target) {
        contexts.write(address, target, () -> forgetContext(streamIds, substreamId, true));
    }

    /** Writes a context descriptor of a table that no stream uses yet. */
    void writeUnusedContext(long address, long[] target) {
        contexts.write(address, target, () -> {});
    }

    /**
     * Makes the SMMU forget a stream table entry and every context descriptor that it found through it.
     *
     * @param leafOnly false when a first-level descriptor changed too
     */
    void forgetStream(int streamId, boolean leafOnly) {
        queue.submit(Command.cfgiSte(streamId), Command.cfgiSteLeaf(leafOnly));
        queue.sync();
    }

    /**
     * Makes the SMMU forget a context descriptor.
     *
     * @param leafOnly false when a first-level descriptor changed too
     */
    void forgetContext(List<Integer> streamIds, int substreamId, boolean leafOnly) {
        for (int streamId : streamIds) {
            queue.submit(Command.cfgiCd(streamId, substreamId), Command.cfgiCdLeaf(leafOnly));
        }
        queue.sync();
    }

    /** Ends what stalls of a stream whose entry aborts and was acknowledged; done on return. */
    void terminateStalls(int streamId) {
        queue.submit(DeviceCommand.stallTerm(streamId), 0);
        queue.sync();
    }

    /** Makes the SMMU forget every translation of a context; done on return. */
    void forgetTranslations(UnitContext context) {
        context.submitAll();
        queue.sync();
    }
}
