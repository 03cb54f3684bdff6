package org.sluice.trace.internal.proof;

import java.util.HashMap;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.sluice.api.AddressSpace;
import org.sluice.api.Prot;
import org.sluice.trace.internal.books.TracedLeaf;
import org.sluice.trace.internal.books.TracedSpace;
import org.sluice.trace.internal.capture.ExpectedLeaf;
import org.sluice.trace.internal.capture.TableForm;
import org.sluice.trace.internal.machine.Stream;

/**
 * Compares the leaves that the platform's tables hold with the books, and with what an independent walker found in the
 * memory of the captured machine.
 */
public final class WalkProof {
    private final Score score;
    private final Map<Long, Leaf> found = new HashMap<>();
    private final SortedMap<Long, Long> sizes = new TreeMap<>();
    private final Stream stream;
    private final TableForm form;

    private record Leaf(long paddr, long size, long descriptor, int prot) {}

    /**
     * Walks the tables of a stream.
     *
     * @param stream the stream
     * @param space its address space
     * @param form of the captured kernel's tables
     * @param score takes mismatches
     */
    public WalkProof(Stream stream, AddressSpace space, TableForm form, Score score) {
        this.stream = stream;
        this.form = form;
        this.score = score;
        space.walk(space.firstIova(), space.lastIova(), (iova, paddr, size, descriptor, prot) -> {
            found.put(iova, new Leaf(paddr, size, descriptor, prot));
            sizes.merge(size, 1L, Long::sum);
            return true;
        });
    }

    /**
     * Leaves by size.
     *
     * @return counts
     */
    public SortedMap<Long, Long> sizes() {
        return sizes;
    }

    /**
     * Leaves.
     *
     * @return how many
     */
    public long leaves() {
        return found.size();
    }

    /**
     * Bytes that the leaves map.
     *
     * @return bytes
     */
    public long bytes() {
        return sizes.entrySet().stream()
                .mapToLong(entry -> entry.getKey() * entry.getValue())
                .sum();
    }

    /**
     * Compares with the books.
     *
     * @param books what must be live
     */
    public void compare(TracedSpace books) {
        Map<Long, Leaf> rest = new HashMap<>(found);
        for (TracedLeaf leaf : books.leaves()) {
            String expected = text(leaf.paddr(), leaf.size(), form.granted(leaf.prot()));
            check("leaf of the trace", leaf.iova(), expected, rest.remove(leaf.iova()));
        }
        surplus(rest);
    }

    /**
     * Compares with the capture.
     *
     * @param what the leaves in words
     * @param expected leaves of this stream, or of one that shares its tables
     * @param descriptors whether permission and descriptor are compared too; a trace without protections cannot tell them
     */
    public void compare(String what, Iterable<ExpectedLeaf> expected, boolean descriptors) {
        Map<Long, Leaf> rest = new HashMap<>(found);
        for (ExpectedLeaf leaf : expected) {
            Leaf ours = rest.remove(leaf.iova());
            String place = place(leaf.paddr(), leaf.size());
            if (!descriptors || ours == null) {
                String plain = ours == null ? "no leaf" : place(ours.paddr(), ours.size());
                unequal(what, leaf.iova(), place, plain);
            } else {
                unequal(
                        what,
                        leaf.iova(),
                        String.format("%s %s pte 0x%016x", place, leaf.permission(), leaf.descriptor()),
                        String.format(
                                "%s %s pte 0x%016x",
                                place(ours.paddr(), ours.size()), permission(ours.prot()), ours.descriptor()));
            }
        }
        surplus(rest);
    }

    private void check(String what, long iova, String expected, Leaf ours) {
        unequal(what, iova, expected, ours == null ? "no leaf" : text(ours.paddr(), ours.size(), ours.prot()));
    }

    private void surplus(Map<Long, Leaf> rest) {
        rest.forEach((iova, leaf) ->
                unequal("leaf in the tables", iova, "no leaf", text(leaf.paddr(), leaf.size(), leaf.prot())));
    }

    private void unequal(String what, long iova, String expected, String ours) {
        if (!expected.equals(ours)) {
            score.mismatch(stream, -1, iova, what, expected, ours);
        }
    }

    private static String text(long paddr, long size, int prot) {
        return place(paddr, size) + " " + permission(prot);
    }

    private static String place(long paddr, long size) {
        return String.format("0x%x bytes at 0x%x", size, paddr);
    }

    private static String permission(int prot) {
        return ((prot & Prot.READ) != 0 ? "r" : "-") + ((prot & Prot.WRITE) != 0 ? "w" : "-");
    }
}
