package org.sluice.pgtable.amd;

import org.sluice.amd.arch.AmdPte;
import org.sluice.api.Prot;
import org.sluice.pgtable.radix.LeafWay;

/** The short way to leaves of one size: those of several entries are found by it, and mapped and unmapped on the long one. */
final class AmdWay extends LeafWay {
    final LeafSize size;
    /** What tells a leaf that is one entry from any other; what no entry is, where it is several. */
    final long singleKind;
    /** Bits of a leaf that are its address. */
    final long frame;

    /**
     * A way.
     *
     * @param attributes bits by protection; 0 for those that grant nothing
     */
    AmdWay(LeafSize size, Tables tables, int inputBits, long lastPaddr, long[] attributes) {
        super(
                tables.near(size.level, inputBits),
                size.level.shift,
                Level.ENTRIES,
                size.bytes(),
                ~lastPaddr | size.bytes() - 1);
        this.size = size;
        boolean single = size.replicas == 1;
        singleKind = single ? size.code : -1;
        frame = AmdPte.OUTPUTADDRESS_MASK & -bytes;
        for (int prot = 0; prot <= Prot.ALL && single; prot++) {
            grant(prot, attributes[prot] == 0 ? 0 : attributes[prot] | size.code);
        }
    }
}
