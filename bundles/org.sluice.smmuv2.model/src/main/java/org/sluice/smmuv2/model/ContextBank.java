package org.sluice.smmuv2.model;

import org.sluice.smmuv2.arch.ContextBankAttribute;
import org.sluice.smmuv2.arch.FaultAddress;
import org.sluice.smmuv2.arch.FaultStatus;
import org.sluice.smmuv2.arch.FaultSyndrome0;
import org.sluice.smmuv2.arch.IpaFaultAddress;
import org.sluice.smmuv2.arch.SystemControl;

/**
 * One context bank: its registers, what they say, and the fault that they hold. Any thread; registers and fault are guarded
 * by this. A stalled transaction waits here, and neither holds a lock that software needs nor counts as under way.
 */
final class ContextBank {
    private static final long FAULTS = FaultStatus.TF_MASK
            | FaultStatus.AFF_MASK
            | FaultStatus.PF_MASK
            | FaultStatus.EF_MASK
            | FaultStatus.TLBMCF_MASK
            | FaultStatus.TLBLKF_MASK
            | FaultStatus.ASF_MASK
            | FaultStatus.UUT_MASK;

    private final RegisterWords words = new RegisterWords(1 << 12);
    private final BankDecoder decoder;
    private final Wires wires;
    private long cbar;
    private long cba2r;
    private int faultingStream;
    // the transaction that waits for RESUME, or whatever waits for FSR to be cleared
    private Stall stall;
    private Stall blocked;
    private boolean off;
    private volatile BankContext context;
    private volatile boolean faulted;

    ContextBank(BankDecoder decoder, Wires wires) {
        this.decoder = decoder;
        this.wires = wires;
        context = decoder.decode(0, 0, words);
    }

    /** What the registers say now. */
    BankContext context() {
        return context;
    }

    RegisterWords words() {
        return words;
    }

    synchronized long attribute() {
        return cbar;
    }

    synchronized void setAttribute(long value) {
        cbar = value;
        decode();
    }

    synchronized long attribute2() {
        return cba2r;
    }

    synchronized void setAttribute2(long value) {
        cba2r = value;
        decode();
    }

    synchronized int faultingStream() {
        return faultingStream;
    }

    /** A configuration register takes a value; the whole register counts at once. */
    synchronized void configure(int offset, long value, boolean wide) {
        if (wide) {
            words.setLong(offset, value);
        } else {
            words.set(offset, (int) value);
        }
        decode();
    }

    private void decode() {
        context = decoder.decode(cbar, cba2r, words);
    }

    /** Whether a fault that software has not cleared keeps other transactions of the bank out. */
    boolean isBlocked() {
        return faulted && SystemControl.hupcf(words.get(SystemControl.OFFSET)) == 0;
    }

    /** What becomes of a transaction that is kept out; it may turn out that it is so no longer. */
    synchronized Outcome keptOut() {
        if (off || !stalls()) {
            return terminated();
        }
        Stall wait = blocked != null ? blocked : new Stall();
        if (isBlocked()) {
            blocked = wait;
        } else {
            wait.end(false);
        }
        return new Outcome(0, wait, false);
    }

    /**
     * Records a fault. The first is kept until software clears it; another only sets MULTI.
     *
     * @param input input address
     * @param syndrome WNR, PNU and IND of FSYNR0
     */
    synchronized Outcome fault(ContextFault fault, int streamId, long input, long syndrome) {
        long status = words.get(FaultStatus.OFFSET) & 0xffffffffL;
        if (stall != null) {
            // it translates again when the first is resumed
            return new Outcome(0, stall, false);
        }
        if ((status & FAULTS) != 0) {
            words.set(FaultStatus.OFFSET, (int) (status | FaultStatus.MULTI_MASK));
            return terminated();
        }
        boolean stalling = stalls() && !off;
        words.set(FaultStatus.OFFSET, (int) (fault.status() | (stalling ? FaultStatus.SS_MASK : 0)));
        words.setLong(FaultAddress.OFFSET, input);
        long details = FaultSyndrome0.withPlvl(syndrome, fault.level());
        words.set(FaultSyndrome0.OFFSET, (int) FaultSyndrome0.withPtwf(details, fault.walk() ? 1 : 0));
        words.setLong(IpaFaultAddress.OFFSET, fault.stage2() ? fault.ipa() : 0);
        faultingStream = streamId;
        faulted = true;
        stall = stalling ? new Stall() : null;
        interrupt();
        return stalling ? new Outcome(0, stall, true) : terminated();
    }

    /** A write of RESUME; nothing happens unless a transaction is stalled. */
    synchronized void resume(boolean terminate) {
        if (stall != null) {
            words.set(FaultStatus.OFFSET, (int) (words.get(FaultStatus.OFFSET) & ~FaultStatus.SS_MASK));
            stall.end(terminate);
            stall = null;
        }
    }

    /** A write of FSR: ones clear. A stall ends by RESUME only. */
    synchronized void clear(long ones) {
        restoreQuietly(words.get(FaultStatus.OFFSET) & ~(ones & ~FaultStatus.SS_MASK));
        if (!faulted) {
            release();
        }
    }

    /** A write of FSRRESTORE. */
    synchronized void restore(long status) {
        restoreQuietly(status & ~FaultStatus.SS_MASK);
        if (faulted) {
            interrupt();
        } else {
            release();
        }
    }

    private void restoreQuietly(long status) {
        words.set(FaultStatus.OFFSET, (int) status);
        faulted = (status & FAULTS) != 0;
    }

    private void release() {
        if (blocked != null) {
            blocked.end(false);
            blocked = null;
        }
    }

    /** Nothing waits any more; what waited aborts. */
    synchronized void close() {
        off = true;
        if (stall != null) {
            stall.end(true);
            stall = null;
        }
        release();
    }

    private void interrupt() {
        if (SystemControl.cfie(words.get(SystemControl.OFFSET)) != 0) {
            wires.context((int) ContextBankAttribute.irptndx(cbar));
        }
    }

    private boolean stalls() {
        return SystemControl.cfcfg(words.get(SystemControl.OFFSET)) != 0;
    }

    private Outcome terminated() {
        return Outcome.terminated(SystemControl.cfre(words.get(SystemControl.OFFSET)) != 0);
    }
}
