package org.sluice.smmuv3.model;

import java.util.function.Consumer;
import org.sluice.smmuv3.arch.EventqIrqCfg0;
import org.sluice.smmuv3.arch.EventqIrqCfg1;
import org.sluice.smmuv3.arch.Gerror;
import org.sluice.smmuv3.arch.GerrorIrqCfg0;
import org.sluice.smmuv3.arch.GerrorIrqCfg1;
import org.sluice.smmuv3.arch.Gerrorn;
import org.sluice.smmuv3.arch.IrqCtrl;
import org.sluice.smmuv3.arch.PriqIrqCfg0;
import org.sluice.smmuv3.arch.PriqIrqCfg1;
import org.sluice.spi.memory.MemoryAbortException;
import org.sluice.spi.memory.PhysicalMemory;

/**
 * Interrupts and global errors. An interrupt with an MSI address is a write of its data; one without is a wired line.
 * Any thread.
 */
final class Interrupts {
    private final RegisterBank bank;
    private final PhysicalMemory memory;
    private final Consumer<String> line;

    Interrupts(RegisterBank bank, PhysicalMemory memory, Consumer<String> line) {
        this.bank = bank;
        this.memory = memory;
        this.line = line;
    }

    /** The event queue is no longer empty. */
    void eventQueue() {
        if (IrqCtrl.eventq(bank.get(IrqCtrl.ADDRESS)) != 0) {
            long address = EventqIrqCfg0.addr(bank.get(EventqIrqCfg0.ADDRESS));
            send("eventq", address, (int) bank.get(EventqIrqCfg1.ADDRESS), Gerror.MSI_EVENTQ_MASK);
        }
    }

    /** The PRI queue is no longer empty, or as PRIQ_IRQ_CFG2.LO says. */
    void pageRequestQueue() {
        if (IrqCtrl.priq(bank.get(IrqCtrl.ADDRESS)) != 0) {
            long address = PriqIrqCfg0.addr(bank.get(PriqIrqCfg0.ADDRESS));
            send("priq", address, (int) bank.get(PriqIrqCfg1.ADDRESS), Gerror.MSI_PRIQ_MASK);
        }
    }

    /**
     * A CMD_SYNC with CS=IRQ completed.
     *
     * @param address MSI address, 0 for none
     */
    void commandSync(long address, int data) {
        send("cmdq-sync", address, data, Gerror.MSI_CMDQ_MASK);
    }

    /**
     * Makes a global error active, unless it is: a bit is never toggled again before it was acknowledged.
     *
     * @param error bit of GERROR
     */
    void error(long error) {
        synchronized (this) {
            if (active(error)) {
                return;
            }
            bank.set(Gerror.ADDRESS, bank.get(Gerror.ADDRESS) ^ error);
        }
        if (IrqCtrl.gerror(bank.get(IrqCtrl.ADDRESS)) != 0) {
            long address = GerrorIrqCfg0.addr(bank.get(GerrorIrqCfg0.ADDRESS));
            send("gerror", address, (int) bank.get(GerrorIrqCfg1.ADDRESS), Gerror.MSI_GERROR_MASK);
        }
    }

    /** Whether software has not acknowledged it yet. */
    boolean active(long error) {
        return ((bank.get(Gerror.ADDRESS) ^ bank.get(Gerrorn.ADDRESS)) & error) != 0;
    }

    private void send(String name, long address, int data, long abortError) {
        if (address == 0) {
            line.accept(name);
            return;
        }
        try {
            memory.write32(address, data);
        } catch (MemoryAbortException e) {
            if (abortError == Gerror.MSI_GERROR_MASK) {
                // no interrupt can tell of it, so it only becomes visible
                synchronized (this) {
                    if (!active(abortError)) {
                        bank.set(Gerror.ADDRESS, bank.get(Gerror.ADDRESS) ^ abortError);
                    }
                }
            } else {
                error(abortError);
            }
        }
    }
}
