package org.sluice.trace.internal.proof;

import org.sluice.api.IoMm;
import org.sluice.trace.internal.machine.Stream;

/**
 * A private address space under test: two IOVAs that every space of the stream maps, each to a page of its own.
 *
 * @param stream the stream
 * @param ioMm the space
 * @param iova IOVA that all spaces of the stream map, in bytes
 * @param page the page that it maps there, physical address in bytes
 * @param scratchIova an IOVA in another GiB, in bytes
 * @param scratchPage the page that it maps there, physical address in bytes
 */
public record PasidSpace(Stream stream, IoMm ioMm, long iova, long page, long scratchIova, long scratchPage) {
    /** Size of each of the two pages. */
    public static final long PAGE = 4096;

    /**
     * Its PASID.
     *
     * @return the PASID
     */
    public int pasid() {
        return ioMm.pasid();
    }
}
