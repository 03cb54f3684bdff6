package org.sluice.tck.driver;

import java.util.List;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.spi.driver.IommuDriver;
import org.sluice.spi.pgtable.PageTableFormat;

/**
 * What is tested, and with what.
 *
 * @param platform name of the board in reports, e.g. {@code QEMU 7.2}
 * @param driver the driver
 * @param formats page-table formats that its contexts may want
 * @param boards where boards come from
 */
public record DriverUnderTest(String platform, IommuDriver driver, List<PageTableFormat> formats, BoardSource boards) {
    /** Copies the list. */
    public DriverUnderTest {
        formats = List.copyOf(formats);
    }

    PageTableFormat format(String name) {
        return formats.stream()
                .filter(format -> format.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new IommuException(Errno.ENODEV, "no format " + name + " was handed to the suite"));
    }
}
