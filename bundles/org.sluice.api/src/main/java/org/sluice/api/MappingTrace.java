package org.sluice.api;

/**
 * Where a mapping comes from.
 *
 * @param space name of the address space
 * @param iova first byte
 * @param size bytes
 * @param mappedBy who mapped it: the client's method first, then its callers, e.g. {@code Nic.send(Nic.java:80) < …}
 * @param unmappedBy who unmapped it; empty while it is mapped
 */
public record MappingTrace(String space, long iova, long size, String mappedBy, String unmappedBy) {
    /**
     * Whether an address lies in it.
     *
     * @param address in bytes
     * @return true if so
     */
    public boolean contains(long address) {
        return Long.compareUnsigned(address - iova, size) < 0;
    }

    /**
     * In words.
     *
     * @return one line
     */
    public String describe() {
        String text = String.format("%s: iova 0x%x, 0x%x bytes, mapped by %s", space, iova, size, mappedBy);
        return unmappedBy.isEmpty() ? text : text + ", unmapped by " + unmappedBy;
    }
}
