package org.sluice.smmuv3.driver;

import java.util.List;
import org.sluice.spi.memory.PhysicalMemory;

/** Writes entries of the configuration tables and makes the SMMU see them. One thread at a time. */
final class ConfigurationWriter {
    private final CommandQueue queue;
    private final EntryWriter streams;
    private final EntryWriter contexts;

    ConfigurationWriter(PhysicalMemory memory, CommandQueue queue) {
        this.queue = queue;
        this.streams = new EntryWriter(memory, new StreamEntryBits());
        this.contexts = new EntryWriter(memory, new ContextEntryBits());
    }

    /** Rewrites a stream table entry; it is in effect on return. */
    void writeStream(int streamId, long address, long[] target) {
        streams.write(address, target, () -> forgetStream(streamId, true));
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

    /** Makes the SMMU forget every translation of an ASID; done on return. */
    void forgetTranslations(int asid) {
        queue.submit(Command.tlbiNhAsid(asid), 0);
        queue.sync();
    }
}
