package org.sluice.pgtable.radix;

import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.api.IotlbGather;

/** When marks that hardware makes may be read, cleared or copied. */
public final class DirtyMarks {
    private DirtyMarks() {}

    /**
     * Checks a request to read marks ({@link org.sluice.spi.pgtable.DirtyTracking#readDirty}).
     *
     * @param words that hold the tables
     * @param iova first of the range, in bytes
     * @param size bytes
     * @param clear whether to clear what is seen
     * @param gather for what is still cached; may be null without clear
     * @return last IOVA of the range, which ends with the address space at the latest
     * @throws IommuException EINVAL for a size that is not above 0, or clear without a gather; EOPNOTSUPP as {@link
     *     #needAtomicAccess}
     */
    public static long lastOf(TableWords words, long iova, long size, boolean clear, IotlbGather gather) {
        if (size <= 0) {
            throw new IommuException(Errno.EINVAL, "size " + size + " of a range is not above 0");
        }
        if (clear && gather == null) {
            throw new IommuException(Errno.EINVAL, "clear needs a gather, for what is still cached");
        }
        if (clear) {
            needAtomicAccess(words, "clearing dirty marks");
        }
        long last = iova + size - 1;
        return Long.compareUnsigned(last, iova) < 0 ? -1 : last;
    }

    /**
     * Refuses to change entries that hardware may be marking, where compare-and-set excludes only our own threads.
     *
     * @param words that hold the tables
     * @param operation for the message
     * @throws IommuException EOPNOTSUPP
     */
    public static void needAtomicAccess(TableWords words, String operation) {
        if (!words.atomicWithDevice()) {
            throw new IommuException(
                    Errno.EOPNOTSUPP,
                    operation + " could lose dirty marks: this memory has no atomic access with the device");
        }
    }
}
