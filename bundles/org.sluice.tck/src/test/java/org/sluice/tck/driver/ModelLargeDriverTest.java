package org.sluice.tck.driver;

/** The same suite where addresses have 52 bits and leaves may be contiguous groups. */
class ModelLargeDriverTest extends DriverTck {
    @Override
    protected DriverUnderTest underTest() {
        return Boards.largeModel();
    }
}
