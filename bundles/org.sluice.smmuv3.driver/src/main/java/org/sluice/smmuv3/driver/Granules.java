package org.sluice.smmuv3.driver;

import org.sluice.api.Errno;
import org.sluice.api.IommuException;

/** Encodings of the page size, which are not the same in every field. */
final class Granules {
    private Granules() {}

    /**
     * Log2 of the smallest page.
     *
     * @param tg as encoded
     * @param tg4k what stands for 4 KiB
     * @param tg16k what stands for 16 KiB
     * @param tg64k what stands for 64 KiB
     * @throws IommuException EINVAL for anything else
     */
    static int shift(long tg, long tg4k, long tg16k, long tg64k) {
        if (tg == tg4k) {
            return 12;
        }
        if (tg == tg16k) {
            return 14;
        }
        if (tg == tg64k) {
            return 16;
        }
        throw new IommuException(Errno.EINVAL, "granule encoding " + tg + " is reserved");
    }
}
