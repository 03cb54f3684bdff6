package org.sluice.core.sva;

import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.spi.pgtable.PageTableConfig;
import org.sluice.spi.pgtable.Quirk;

/**
 * Whether hardware can walk the table of a process: it would have built one itself with the same format, at least the same
 * widths and page sizes, coherent walks, in the lower half.
 */
public final class TableMatch {
    private TableMatch() {}

    /**
     * Compares.
     *
     * @param process what the process has
     * @param hardware what the hardware wants
     * @param name of the process, for the message
     * @throws IommuException EINVAL naming what does not suit, with both values
     */
    public static void check(PageTableConfig process, PageTableConfig hardware, String name) {
        require(
                name,
                "format",
                process.format(),
                hardware.format(),
                process.format().equals(hardware.format()));
        // A contiguous or block size that the hardware lacks would be misread; one that the process does not use is no
        // harm.
        require(
                name,
                "page sizes",
                hex(process.pageSizes()),
                hex(hardware.pageSizes()),
                (process.pageSizes() & ~hardware.pageSizes()) == 0);
        require(
                name,
                "input bits",
                process.inputBits(),
                hardware.inputBits(),
                process.inputBits() <= hardware.inputBits());
        require(
                name,
                "output bits",
                process.outputBits(),
                hardware.outputBits(),
                process.outputBits() <= hardware.outputBits());
        require(name, "coherent walks", true, hardware.coherentWalk(), hardware.coherentWalk());
        int halves = (process.quirks() | hardware.quirks()) & Quirk.ARM_TTBR1;
        require(name, "upper half", process.has(Quirk.ARM_TTBR1), hardware.has(Quirk.ARM_TTBR1), halves == 0);
    }

    private static String hex(long value) {
        return "0x" + Long.toHexString(value);
    }

    private static void require(String name, String what, Object process, Object hardware, boolean suits) {
        if (!suits) {
            throw new IommuException(
                    Errno.EINVAL,
                    String.format(
                            "tables of %s cannot be shared: %s of the process is %s, of the hardware %s",
                            name, what, process, hardware));
        }
    }
}
