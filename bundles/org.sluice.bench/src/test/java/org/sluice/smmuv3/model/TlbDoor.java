package org.sluice.smmuv3.model;

/** The model's TLB alone, filled with pages of one ASID, for benchmarks. Any thread may look up and refill. */
public final class TlbDoor {
    private static final int VMID = 0;
    private static final int ASID = 1;
    private static final long TAG = TlbTag.of(Regime.EL1, VMID, ASID, Granule.BITS_4K);
    private static final long OUTPUT = 0x1_0000_0000L;

    private final Generation generation = new Generation();
    private final Tlb tlb;

    /**
     * A TLB that holds the first pages of the address space.
     *
     * @param capacity entries that it can hold, a power of two
     * @param pages how many it holds
     */
    public TlbDoor(int capacity, int pages) {
        tlb = new Tlb(TlbShape.of(capacity), generation);
        for (int page = 0; page < pages; page++) {
            fill((long) page << Granule.BITS_4K);
        }
        for (int page = 0; page < pages; page++) {
            long iova = (long) page << Granule.BITS_4K;
            if (lookup(iova) != (OUTPUT | iova)) {
                throw new IllegalStateException(
                        pages + " pages do not fit a TLB of " + capacity + ": page " + page + " was driven out");
            }
        }
    }

    /** Where an IOVA goes; the IOVA is a page's that was filled. */
    public long lookup(long iova) {
        return lookup(iova, slot());
    }

    /** A slot of the calling thread, as a transaction has one. */
    public static long[] slot() {
        return TransactionSlots.inquiry();
    }

    /** Where an IOVA goes, with a slot of the calling thread; the IOVA is a page's that was filled. */
    public long lookup(long iova, long[] slot) {
        return Leaf.output(tlb.lookup(TAG, iova, slot), iova);
    }

    public void fill(long iova) {
        long leaf = Leaf.of(OUTPUT | iova, Granule.BITS_4K, Leaf.NOT_GLOBAL | Leaf.UNPRIVILEGED);
        tlb.fill(TAG, iova, leaf, Attributes.INCOMING, generation.current());
    }

    /** What TLBI of one page does. */
    public void invalidate(long iova) {
        generation.advance();
        tlb.invalidate(new TlbScope(TlbScope.Stages.FIRST, Regime.EL1, VMID, ASID, iova, iova | 0xfff, 0, 0));
    }
}
