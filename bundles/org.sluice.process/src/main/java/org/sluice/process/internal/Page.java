package org.sluice.process.internal;

/**
 * A page that is there.
 *
 * @param frame physical address in bytes
 * @param prot {@link org.sluice.api.Prot} bits of its entry in the page table; 0 when it has none at the moment
 */
record Page(long frame, int prot) {
    boolean isMapped() {
        return prot != 0;
    }
}
