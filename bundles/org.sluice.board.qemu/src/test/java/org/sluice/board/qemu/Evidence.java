package org.sluice.board.qemu;

import java.util.List;
import java.util.stream.Collectors;
import org.sluice.smmuv3.arch.EvtFTranslation;
import org.sluice.spi.board.Explanation;
import org.sluice.vmsa.arch.Stage1Leaf;
import org.sluice.vmsa.arch.TableDescriptor;

/**
 * One DMA on both twins, and why the model did what it did.
 *
 * @param old QEMU 7.2 rather than 10
 * @param twoLevel the stream table has two levels
 * @param doubleSpan the stream is behind its second-level table, but within twice its size
 * @param bypass the stream is bypassed
 * @param write the DMA is a write
 * @param walk the descriptors that the stream's IOVA leads to, at least one
 * @param qemu what came of it there
 * @param model what came of it here
 * @param why the model's steps, taken just before
 */
record Evidence(
        boolean old,
        boolean twoLevel,
        boolean doubleSpan,
        boolean bypass,
        boolean write,
        List<Long> walk,
        Observation qemu,
        Observation model,
        Explanation why) {
    /** The model's verdict: name of the event, recorded or not; empty for none. */
    String verdict() {
        return why.translation().reason();
    }

    boolean agrees() {
        return qemu.equalsIn(model, -1L);
    }

    boolean differsOnlyInClass() {
        return qemu.equalsIn(model, ~EvtFTranslation.CLASS_MASK);
    }

    /** The last descriptor of the walk. */
    long leaf() {
        return walk.get(walk.size() - 1);
    }

    /** Whether a table on the way takes the right to write away. */
    boolean hasReadOnlyTable() {
        long tables = TableDescriptor.nextTable(leaf()) == RandomTables.HOLE ? walk.size() : walk.size() - 1;
        return walk.stream().limit(tables).anyMatch(table -> TableDescriptor.apTableRdonly(table) != 0);
    }

    boolean isWritableLeaf() {
        return Stage1Leaf.apRdonly(leaf()) == 0;
    }

    /** Whether QEMU let the access pass: it completed, or reached a place far behind all memory. */
    boolean qemuGoesOn() {
        return qemu.completed() || qemu.events().isEmpty() && Stage1Leaf.outputAddress(leaf()) >>> 40 != 0;
    }

    /** Whether only privileged accesses are allowed, and such a one would pass. */
    boolean isForPrivileged() {
        boolean writable = isWritableLeaf() && !hasReadOnlyTable();
        return Stage1Leaf.apUnpriv(leaf()) == 0 && (writable || !write);
    }

    @Override
    public String toString() {
        return String.format(
                "stream 0x%x, iova 0x%x, %s%n  model %s%n  QEMU  %s%n  why the model did so:%n    %s",
                why.streamId(),
                why.iova(),
                write ? "write" : "read",
                model,
                qemu,
                why.steps().stream().map(Object::toString).collect(Collectors.joining("\n    ")));
    }
}
