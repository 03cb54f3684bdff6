package org.sluice.spi.board;

import java.util.List;

/**
 * How a model came to what it did, or would do, with an access.
 *
 * @param streamId StreamID, unsigned
 * @param substreamId SubstreamID, or {@link Dma#NO_PASID}
 * @param iova input address, bytes, as the device sent it
 * @param flags of {@link IommuModel#transact}, as the device sent them
 * @param translation the decision
 * @param attributes what the access carries on from the IOMMU; null unless it goes on
 * @param steps in the order in which they were made
 */
public record Explanation(
        int streamId,
        int substreamId,
        long iova,
        int flags,
        Translation translation,
        MemoryAttributes attributes,
        List<Step> steps) {
    /** Copies the steps. */
    public Explanation {
        steps = List.copyOf(steps);
    }

    /**
     * One step.
     *
     * @param kind what kind of step
     * @param subject in the architecture's words, e.g. {@code STE}, {@code stage 1 level 2}
     * @param address physical address in bytes of what was read, or offset of a register; 0 where nothing was read
     * @param words what was read, lowest word first
     * @param text what it means, one line
     */
    public record Step(Kind kind, String subject, long address, List<Long> words, String text) {
        /** Copies the words. */
        public Step {
            words = List.copyOf(words);
        }
    }

    /** Kinds of steps. */
    public enum Kind {
        /** A register that decided. */
        REGISTER,
        /** A configuration structure was read. */
        STRUCTURE,
        /** A translation table descriptor was read. */
        DESCRIPTOR,
        /** A cache answered, so that nothing was read. */
        CACHE,
        /** A rule was applied. */
        RULE,
        /** The event that is recorded. */
        EVENT
    }
}
