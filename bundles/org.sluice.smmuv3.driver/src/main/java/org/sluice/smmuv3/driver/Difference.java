package org.sluice.smmuv3.driver;

import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.layout.Layout;

/** Why an adoption is refused. */
final class Difference {
    private Difference() {}

    /** A refusal in words. */
    static IommuException refusal(String format, Object... arguments) {
        return new IommuException(Errno.EINVAL, "cannot take over: " + String.format(format, arguments));
    }

    /**
     * Compares two entries.
     *
     * @param subject names the entry
     * @param found what memory holds
     * @param wanted what this driver would write
     * @param used bits that matter
     * @throws IommuException EINVAL naming the first word that differs
     */
    static void refuse(String subject, Layout layout, long[] found, long[] wanted, long[] used) {
        for (int word = 0; word < wanted.length; word++) {
            if (((found[word] ^ wanted[word]) & used[word]) != 0) {
                throw refusal(
                        "%s word %d is 0x%016x, wanted 0x%016x on the bits 0x%016x; found %s, wanted %s",
                        subject,
                        word,
                        found[word],
                        wanted[word],
                        used[word],
                        layout.describe(found, 0),
                        layout.describe(wanted, 0));
            }
        }
    }

    /** The bits that either of two entries uses. */
    static long[] usedByEither(UsedBits bits, long[] one, long[] other) {
        long[] used = bits.used(one);
        long[] more = bits.used(other);
        for (int word = 0; word < used.length; word++) {
            used[word] |= more[word];
        }
        return used;
    }
}
