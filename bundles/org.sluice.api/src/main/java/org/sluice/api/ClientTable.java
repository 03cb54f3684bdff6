package org.sluice.api;

/**
 * What a device that switches its table by itself loads.
 *
 * @param root physical address of the top table, in bytes
 * @param asid tag of its TLB entries, pinned for the life of the space
 * @param contextIdr value for CONTEXTIDR, by which a fault names the guilty process
 * @param bank context bank that the device writes
 */
public record ClientTable(long root, int asid, int contextIdr, int bank) {
    /**
     * TTBR0 as the device writes it: root in [47:0], ASID in [63:48].
     *
     * @return the register value
     */
    public long ttbr0() {
        return (long) asid << 48 | root;
    }
}
