package org.sluice.smmuv3.driver;

import java.util.ArrayList;
import java.util.List;
import org.sluice.spi.bus.DevicePort;

/** A device's switches, which write into a journal that others write into too. */
final class TestPort implements DevicePort {
    private final List<String> journal;
    private final boolean pri;

    TestPort(List<String> journal, boolean pri) {
        this.journal = journal;
        this.pri = pri;
    }

    /** One whose journal nobody reads. */
    static TestPort withAts() {
        return new TestPort(new ArrayList<>(), true);
    }

    @Override
    public boolean hasAts() {
        return true;
    }

    @Override
    public void enableAts(int smallestUnitShift) {
        journal.add("ATS on " + smallestUnitShift);
    }

    @Override
    public void disableAts() {
        journal.add("ATS off");
    }

    @Override
    public boolean hasPri() {
        return pri;
    }

    @Override
    public void enablePri(int outstanding) {
        journal.add("PRI on " + outstanding);
    }

    @Override
    public void disablePri() {
        journal.add("PRI off");
    }

    @Override
    public boolean wantsPasidInResponse() {
        return true;
    }

    @Override
    public boolean canStall() {
        return !pri;
    }
}
