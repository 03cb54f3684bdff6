package org.sluice.smmuv3.model;

import org.sluice.smmuv3.arch.CmdqProd;
import org.sluice.smmuv3.arch.Cr0;
import org.sluice.smmuv3.arch.Cr0Ack;
import org.sluice.smmuv3.arch.Cr2;
import org.sluice.smmuv3.arch.EventqCons;
import org.sluice.smmuv3.arch.GatosCtrl;
import org.sluice.smmuv3.arch.Gbpa;
import org.sluice.smmuv3.arch.Gerrorn;
import org.sluice.smmuv3.arch.IrqCtrl;
import org.sluice.smmuv3.arch.IrqCtrlAck;
import org.sluice.smmuv3.arch.StrtabBase;
import org.sluice.smmuv3.arch.StrtabBaseCfg;
import org.sluice.spi.bus.RegisterFile;

/**
 * The register file: storage, and what a write sets off. Any thread. Effects of a write are complete when it returns, but
 * for commands that another thread is consuming. CR0ACK follows CR0, and GBPA.Update falls, when no transaction is under
 * way that began with the old value.
 */
final class Smmuv3Registers implements RegisterFile {
    private final RegisterBank bank;
    private final CommandQueue commands;
    private final TransactionSlots transactions;
    private final EventQueue events;
    private final AddressTranslationRegisters gatos;
    private final Runnable settingsChanged;

    /**
     * Wires the registers.
     *
     * @param settingsChanged called after a register changed that {@link Settings} is made of, by one thread at a time
     */
    Smmuv3Registers(
            RegisterBank bank,
            CommandQueue commands,
            EventQueue events,
            TransactionSlots transactions,
            AddressTranslationRegisters gatos,
            Runnable settingsChanged) {
        this.bank = bank;
        this.commands = commands;
        this.events = events;
        this.transactions = transactions;
        this.gatos = gatos;
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
        int written;
        synchronized (this) {
            if (offset == Gbpa.ADDRESS && Gbpa.update(value) == 0) {
                return;
            }
            written = bank.write(offset, value, bits);
            switch (written) {
                case Cr0.ADDRESS, Cr2.ADDRESS, Gbpa.ADDRESS, StrtabBase.ADDRESS, StrtabBaseCfg.ADDRESS ->
                    settingsChanged.run();
                case GatosCtrl.ADDRESS -> gatos.run();
                case IrqCtrl.ADDRESS -> bank.set(IrqCtrlAck.ADDRESS, bank.get(IrqCtrl.ADDRESS));
                default -> {}
            }
        }
        // outside the lock: these wait for transactions
        switch (written) {
            case Cr0.ADDRESS -> {
                transactions.drain();
                bank.set(Cr0Ack.ADDRESS, bank.get(Cr0.ADDRESS));
                events.room();
                commands.run();
            }
            case Gbpa.ADDRESS -> {
                transactions.drain();
                bank.clear(Gbpa.ADDRESS, Gbpa.UPDATE_MASK);
            }
            case EventqCons.ADDRESS -> events.room();
            case Gerrorn.ADDRESS -> {
                events.room();
                commands.run();
            }
            case CmdqProd.ADDRESS -> commands.run();
            default -> {}
        }
    }
}
