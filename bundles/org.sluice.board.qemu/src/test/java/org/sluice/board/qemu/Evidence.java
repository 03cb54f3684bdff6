package org.sluice.board.qemu;

import java.util.List;
import java.util.stream.Collectors;
import org.sluice.smmuv3.arch.EvtFTranslation;
import org.sluice.spi.board.Explanation;
import org.sluice.vmsa.arch.Stage1Leaf;
import org.sluice.vmsa.arch.Stage2Leaf;
import org.sluice.vmsa.arch.TableDescriptor;

/**
 * One DMA on both twins, and why the model did what it did.
 *
 * @param old QEMU 7.2 rather than 10
 * @param stage2 it is stage 2 that translates, alone
 * @param nested stage 1 over stage 2
 * @param narrow it has more input bits than S2PS has output bits
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
        boolean stage2,
        boolean nested,
        boolean narrow,
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
        return qemu.equalsIn(model, -1L, -1L);
    }

    boolean differsOnlyInClass() {
        return qemu.equalsIn(model, ~EvtFTranslation.CLASS_MASK, -1L);
    }

    /** Whether QEMU's record has the offset in the page too, where the other has the IPA of the page. */
    boolean differsOnlyInOffsetOfIpa() {
        long offset = ~EvtFTranslation.IPA_MASK;
        return qemu.equalsIn(model, -1L, ~offset)
                && qemu.events().stream().allMatch(record -> ((record[3] ^ why.iova()) & 0xfff) == 0);
    }

    /** Whether QEMU's record is without the IPA of the other. */
    boolean differsOnlyInMissingIpa() {
        return qemu.equalsIn(model, -1L, 0) && qemu.events().stream().allMatch(record -> record[3] == 0);
    }

    /** The last descriptor of the walk. */
    long leaf() {
        return walk.get(walk.size() - 1);
    }

    /** Whether a table on the way takes the right to write away. */
    boolean hasReadOnlyTable() {
        if (stage2) {
            return false;
        }
        long tables = TableDescriptor.nextTable(leaf()) == RandomTables.HOLE ? walk.size() : walk.size() - 1;
        return walk.stream().limit(tables).anyMatch(table -> TableDescriptor.apTableRdonly(table) != 0);
    }

    boolean isWritableLeaf() {
        return stage2 ? Stage2Leaf.s2apW(leaf()) != 0 : Stage1Leaf.apRdonly(leaf()) == 0;
    }

    /** Whether the last descriptor, of stage 2, takes the right to make this access. */
    boolean isForbiddenByLeaf() {
        return write ? !isWritableLeaf() : Stage2Leaf.s2apR(leaf()) == 0;
    }

    /** Whether QEMU let the access pass: it completed, or reached a place far behind all memory. */
    boolean qemuGoesOn() {
        return qemu.completed() || qemu.events().isEmpty() && Stage1Leaf.outputAddress(leaf()) >>> 40 != 0;
    }

    /** Whether only privileged accesses are allowed, and such a one would pass. */
    boolean isForPrivileged() {
        boolean writable = isWritableLeaf() && !hasReadOnlyTable();
        return !stage2 && Stage1Leaf.apUnpriv(leaf()) == 0 && (writable || !write);
    }

    @Override
    public String toString() {
        return String.format(
                "stream 0x%x, iova 0x%x, %s, descriptors %s%n  model %s%n  QEMU  %s%n  why the model did so:%n    %s",
                why.streamId(),
                why.iova(),
                write ? "write" : "read",
                walk.stream().map(Long::toHexString).toList(),
                model,
                qemu,
                why.steps().stream().map(Object::toString).collect(Collectors.joining("\n    ")));
    }
}
