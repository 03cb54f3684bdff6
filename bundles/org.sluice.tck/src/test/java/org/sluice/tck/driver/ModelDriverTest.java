package org.sluice.tck.driver;

class ModelDriverTest extends DriverTck {
    @Override
    protected DriverUnderTest underTest() {
        return Boards.model("none");
    }
}
