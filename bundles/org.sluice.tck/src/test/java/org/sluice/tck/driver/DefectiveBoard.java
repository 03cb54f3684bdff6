package org.sluice.tck.driver;

/** The suite on a board with a planted defect; no test of a build: {@link DriverTckTest} runs it. */
class DefectiveBoard extends DriverTck {
    static volatile String defect = "none";

    @Override
    protected DriverUnderTest underTest() {
        return Boards.model(defect);
    }
}
