package org.sluice.smmuv2.model;

import org.sluice.smmuv2.arch.SCr0;
import org.sluice.smmuv2.arch.SGfsr;
import org.sluice.smmuv2.arch.SGfsynr0;
import org.sluice.smmuv2.arch.SGfsynr1;

/** The global fault registers. Any thread; guarded by this. */
final class GlobalFaults {
    private final Wires wires;
    private long status;
    private long address;
    private long syndrome;
    private long stream;

    GlobalFaults(Wires wires) {
        this.wires = wires;
    }

    /**
     * Records a fault; the first is kept until software clears it, another only sets MULTI.
     *
     * @param bit of sGFSR
     * @param details of sGFSYNR0
     */
    synchronized Outcome record(long bit, long scr0, int streamId, long input, long details) {
        if (status != 0) {
            status |= SGfsr.MULTI_MASK;
        } else {
            status = bit;
            address = input;
            syndrome = details;
            stream = SGfsynr1.withStreamID(0, streamId & 0xffff);
            if (SCr0.gcfgfie(scr0) != 0) {
                wires.global();
            }
        }
        return Outcome.terminated(SCr0.gcfgfre(scr0) != 0);
    }

    synchronized void clear(long ones) {
        status &= ~ones;
    }

    synchronized long status() {
        return status;
    }

    synchronized long address() {
        return address;
    }

    synchronized long syndrome() {
        return syndrome;
    }

    synchronized long stream() {
        return stream;
    }

    /** WNR, PNU and IND of sGFSYNR0. */
    static long details(int flags) {
        long details = SGfsynr0.withWnr(0, Permissions.isWrite(flags) ? 1 : 0);
        details = SGfsynr0.withPnu(details, Permissions.isPrivileged(flags) ? 1 : 0);
        return SGfsynr0.withInd(details, Permissions.isInstruction(flags) ? 1 : 0);
    }
}
