package org.sluice.api;

/** Which way data goes, as Linux's {@code enum dma_data_direction}. */
public enum DmaDirection {
    /** Both ways. */
    BIDIRECTIONAL(Prot.READ | Prot.WRITE),
    /** The device reads memory. */
    TO_DEVICE(Prot.READ),
    /** The device writes memory. */
    FROM_DEVICE(Prot.WRITE);

    private final int prot;

    DmaDirection(int prot) {
        this.prot = prot;
    }

    /**
     * What the device must be allowed.
     *
     * @return {@link Prot#READ}, {@link Prot#WRITE} or both
     */
    public int prot() {
        return prot;
    }

    /**
     * Whether the device may have changed memory.
     *
     * @return false only for {@link #TO_DEVICE}
     */
    public boolean isWritten() {
        return this != TO_DEVICE;
    }
}
