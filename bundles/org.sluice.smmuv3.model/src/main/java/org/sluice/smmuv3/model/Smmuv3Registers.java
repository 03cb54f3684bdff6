package org.sluice.smmuv3.model;

import org.sluice.smmuv3.arch.CmdqProd;
import org.sluice.smmuv3.arch.Cr0;
import org.sluice.smmuv3.arch.Cr0Ack;
import org.sluice.smmuv3.arch.Cr2;
import org.sluice.smmuv3.arch.Gbpa;
import org.sluice.smmuv3.arch.Gerrorn;
import org.sluice.smmuv3.arch.IrqCtrl;
import org.sluice.smmuv3.arch.IrqCtrlAck;
import org.sluice.smmuv3.arch.StrtabBase;
import org.sluice.smmuv3.arch.StrtabBaseCfg;
import org.sluice.spi.bus.RegisterFile;

/**
 * The register file: storage, and what a write sets off. Any thread. Effects of a write are complete when it returns, but
 * for commands that another thread is consuming.
 */
final class Smmuv3Registers implements RegisterFile {
    private final RegisterBank bank;
    private final CommandQueue commands;
    private final Runnable settingsChanged;

    /**
     * Wires the registers.
     *
     * @param settingsChanged called after a register changed that {@link Settings} is made of, by one thread at a time
     */
    Smmuv3Registers(RegisterBank bank, CommandQueue commands, Runnable settingsChanged) {
        this.bank = bank;
        this.commands = commands;
        this.settingsChanged = settingsChanged;
    }

    @Override
    public int read32(long offset) {
        return bank.read32(offset);
    }

    @Override
    public long read64(long offset) {
        return bank.read64(offset);
    }

    @Override
    public void write32(long offset, int value) {
        write(offset, Integer.toUnsignedLong(value), Integer.SIZE);
    }

    @Override
    public void write64(long offset, long value) {
        if (bank.isWide(offset)) {
            write(offset, value, Long.SIZE);
        } else {
            write32(offset, (int) value);
            write32(offset + Integer.BYTES, (int) (value >>> Integer.SIZE));
        }
    }

    private void write(long offset, long value, int bits) {
        boolean mayRun;
        synchronized (this) {
            if (offset == Gbpa.ADDRESS && Gbpa.update(value) == 0) {
                return;
            }
            mayRun = effect(bank.write(offset, value, bits));
        }
        // outside the lock: a SYNC may wait for a transaction
        if (mayRun) {
            commands.run();
        }
    }

    /** Whether commands may have become runnable. */
    private boolean effect(int written) {
        switch (written) {
            case Cr0.ADDRESS -> {
                bank.set(Cr0Ack.ADDRESS, bank.get(Cr0.ADDRESS));
                settingsChanged.run();
                return true;
            }
            case Gbpa.ADDRESS -> {
                bank.set(Gbpa.ADDRESS, Gbpa.withUpdate(bank.get(Gbpa.ADDRESS), 0));
                settingsChanged.run();
            }
            case Cr2.ADDRESS, StrtabBase.ADDRESS, StrtabBaseCfg.ADDRESS -> settingsChanged.run();
            case IrqCtrl.ADDRESS -> bank.set(IrqCtrlAck.ADDRESS, bank.get(IrqCtrl.ADDRESS));
            case CmdqProd.ADDRESS, Gerrorn.ADDRESS -> {
                return true;
            }
            default -> {}
        }
        return false;
    }
}
