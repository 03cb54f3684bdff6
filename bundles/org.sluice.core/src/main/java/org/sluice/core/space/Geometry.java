package org.sluice.core.space;

import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.api.Prot;

/**
 * What an address space can map, and the checks of arguments that follow from it. The same for the life of a page table,
 * whoever serves it.
 *
 * @param space its name, for messages
 * @param pageSizes bitmap of byte sizes; may be empty
 * @param first IOVA in bytes
 * @param last IOVA in bytes, inclusive, unsigned
 */
record Geometry(String space, long pageSizes, long first, long last) {
    /** Nothing, as long as there is no table. */
    static Geometry none(String space) {
        return new Geometry(space, 0, 0, 0);
    }

    /** Smallest page in bytes; 0 if there is none. */
    long smallest() {
        return Long.lowestOneBit(pageSizes);
    }

    boolean isOutside(long iova) {
        return Long.compareUnsigned(iova, first) < 0 || Long.compareUnsigned(iova, last) > 0;
    }

    /** Whether an unmap of this range is 0 without looking: misaligned, empty, outside, around the end, no page size. */
    boolean isUnmappable(long iova, long size) {
        return pageSizes == 0
                || size == 0
                || ((iova | size) & smallest() - 1) != 0
                || isOutside(iova)
                || Long.compareUnsigned(iova + size - 1, iova) < 0;
    }

    /** Size of the part that lies inside. */
    long clip(long iova, long size) {
        return Long.compareUnsigned(size - 1, last - iova) > 0 ? last - iova + 1 : size;
    }

    static void checkProt(int prot) {
        if ((prot & (Prot.READ | Prot.WRITE)) == 0 || (prot & ~Prot.ALL) != 0) {
            throw new IommuException(
                    Errno.EINVAL,
                    String.format(
                            "prot is %s, needs READ or WRITE and no bit beyond 0x%x", Prot.toString(prot), Prot.ALL));
        }
    }

    void checkAligned(String argument, long value) {
        if (pageSizes == 0) {
            throw new IommuException(Errno.EINVAL, space + " has no page size that it could map");
        }
        if ((value & smallest() - 1) != 0) {
            throw misaligned(argument, value);
        }
    }

    void checkSegment(int index, long address, long length) {
        // Names are put together only for a message.
        if (pageSizes == 0 || ((address | length) & smallest() - 1) != 0) {
            checkAligned("address of segment " + index, address);
            checkAligned("length of segment " + index, length);
        }
    }

    private IommuException misaligned(String argument, long value) {
        return new IommuException(
                Errno.EINVAL,
                String.format(
                        "%s is 0x%x, not a multiple of the smallest page size 0x%x", argument, value, smallest()));
    }

    void checkRange(long iova, long size) {
        checkAligned("iova", iova);
        checkAligned("size", size);
        if (size == 0) {
            throw new IommuException(Errno.EINVAL, "size is 0, must be above 0");
        }
        long end = iova + size - 1;
        if (isOutside(iova) || isOutside(end) || Long.compareUnsigned(end, iova) < 0) {
            throw new IommuException(
                    Errno.ERANGE,
                    String.format("iova 0x%x with size 0x%x is not within [0x%x, 0x%x]", iova, size, first, last));
        }
    }
}
