package org.sluice.spi.pgtable;

import java.util.Collections;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What a page table holds.
 *
 * @param leavesBySize number of leaves by their size in bytes
 * @param tables tables, the top one included
 * @param tableBytes their size
 * @param digest {@link #mix} of every leaf, summed: equal surveys map the same
 */
public record TableSurvey(SortedMap<Long, Long> leavesBySize, long tables, long tableBytes, long digest) {
    /** Copies the counts. */
    public TableSurvey {
        leavesBySize = Collections.unmodifiableSortedMap(new TreeMap<>(leavesBySize));
    }

    /**
     * Leaves of every size.
     *
     * @return number of leaves
     */
    public long leaves() {
        return leavesBySize.values().stream().mapToLong(Long::longValue).sum();
    }

    /**
     * Bytes that are mapped.
     *
     * @return bytes
     */
    public long mappedBytes() {
        return leavesBySize.entrySet().stream()
                .mapToLong(entry -> entry.getKey() * entry.getValue())
                .sum();
    }

    /**
     * One leaf's part of the digest.
     *
     * @param iova first IOVA in bytes
     * @param paddr physical address in bytes
     * @param size bytes
     * @param prot {@link org.sluice.api.Prot} bits
     * @return well mixed bits
     */
    public static long mix(long iova, long paddr, long size, int prot) {
        long hash = iova * 0x9e3779b97f4a7c15L;
        hash = (hash ^ hash >>> 32 ^ paddr) * 0xd6e8feb86659fd93L;
        hash = (hash ^ hash >>> 29 ^ size) * 0xff51afd7ed558ccdL;
        return (hash ^ hash >>> 33) + prot * 0xc4ceb9fe1a85ec53L;
    }
}
