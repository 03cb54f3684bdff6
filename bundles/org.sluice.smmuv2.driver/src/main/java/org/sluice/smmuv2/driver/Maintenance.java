package org.sluice.smmuv2.driver;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.smmuv2.arch.STlbGstatus;
import org.sluice.smmuv2.arch.STlbGsync;
import org.sluice.smmuv2.arch.TlbStatus;
import org.sluice.smmuv2.arch.TlbSync;
import org.sluice.smmuv2.arch.TlbiAll;
import org.sluice.smmuv2.arch.TlbiAllH;
import org.sluice.smmuv2.arch.TlbiAllNsnh;
import org.sluice.smmuv2.arch.TlbiAsid;
import org.sluice.smmuv2.arch.TlbiIpaS2;
import org.sluice.smmuv2.arch.TlbiIpaS2l;
import org.sluice.smmuv2.arch.TlbiVa;
import org.sluice.smmuv2.arch.TlbiVaa;
import org.sluice.smmuv2.arch.TlbiVaal;
import org.sluice.smmuv2.arch.TlbiVal;
import org.sluice.smmuv2.arch.TlbiVmid;
import org.sluice.spi.bus.PowerDomain;

/**
 * TLB maintenance by register writes. While the SMMU is off nothing is written: what was invalidated then goes with the
 * flush of everything when it comes up. Any thread; nothing here allocates.
 */
final class Maintenance {
    private static final long TIMEOUT = TimeUnit.SECONDS.toNanos(1);
    private static final int SPINS = 128;
    private static final int PAGE = 12;

    /** More pages than this are cheaper to invalidate by tag: each is a write of a device register. */
    private static final int MOST_PAGES = 512;

    private final Space space;
    private final PowerDomain power;
    private final Supplier<Hooks> hooks;

    Maintenance(Space space, PowerDomain power, Supplier<Hooks> hooks) {
        this.space = space;
        this.power = power;
        this.hooks = hooks;
    }

    /** Everything; waits. */
    void all() {
        if (power.isOn()) {
            everything();
        }
    }

    /** The same for an SMMU that is about to be used, whatever is said about its power. */
    void everything() {
        space.setGlobal0(TlbiAllH.OFFSET, -1);
        space.setGlobal0(TlbiAllNsnh.OFFSET, -1);
        waitFor(STlbGsync.OFFSET, STlbGstatus.OFFSET);
    }

    /** Every translation of an ASID, through a bank of stage 1; does not wait. */
    void asid(int bank, int asid) {
        if (power.isOn()) {
            space.setBank32(bank, TlbiAsid.OFFSET, asid);
        }
    }

    /** Every translation of a VMID; does not wait. */
    void vmid(int vmid) {
        if (power.isOn()) {
            space.setGlobal0(TlbiVmid.OFFSET, vmid);
        }
    }

    /** A range of stage 1; does not wait. */
    void addresses(int bank, int asid, boolean wide, long iova, long size, long granule, boolean leafOnly) {
        if (!power.isOn()) {
            return;
        }
        if (size / granule > MOST_PAGES || !leafOnly && hooks.get().tablesByTag()) {
            asid(bank, asid);
            return;
        }
        int offset = leafOnly ? TlbiVal.OFFSET : TlbiVa.OFFSET;
        for (long done = 0; done < size; done += granule) {
            long address = iova + done;
            if (wide) {
                space.setBank64(bank, offset, TlbiVa.withAsid(address >>> PAGE & TlbiVa.VA_MASK, asid));
            } else {
                space.setBank32(bank, offset, address & 0xfffff000L | asid);
            }
        }
    }

    /** Every translation of stage 1, through a bank; does not wait. */
    void allOfBank(int bank) {
        if (power.isOn()) {
            space.setBank32(bank, TlbiAll.OFFSET, 0);
        }
    }

    /** A range of the upper half, whatever ASID its entries have; does not wait. */
    void addressesOfAnyAsid(int bank, long iova, long size, long granule, boolean leafOnly) {
        if (!power.isOn()) {
            return;
        }
        if (size / granule > MOST_PAGES) {
            allOfBank(bank);
            return;
        }
        int offset = leafOnly ? TlbiVaal.OFFSET : TlbiVaa.OFFSET;
        for (long done = 0; done < size; done += granule) {
            space.setBank64(bank, offset, iova + done >>> PAGE & TlbiVaa.VA_MASK);
        }
    }

    /** A range of stage 2; does not wait. */
    void intermediate(int bank, int vmid, boolean wide, long ipa, long size, long granule, boolean leafOnly) {
        if (!power.isOn()) {
            return;
        }
        if (size / granule > MOST_PAGES) {
            vmid(vmid);
            return;
        }
        int offset = leafOnly ? TlbiIpaS2l.OFFSET : TlbiIpaS2.OFFSET;
        for (long done = 0; done < size; done += granule) {
            if (wide) {
                space.setBank64(bank, offset, ipa + done >>> PAGE);
            } else {
                space.setBank32(bank, offset, ipa + done >>> PAGE);
            }
        }
    }

    /** A guest's own maintenance, in its bank if it has one: the hardware adds the VMID; does not wait. */
    void guest(GuestContext guest, GuestCommand command) {
        int bank = guest.bank();
        if (!command.invalidates() || !guest.guest().translates() || bank == BankContext.NO_BANK || !power.isOn()) {
            return;
        }
        if (command.isByAddress() && guest.isWide()) {
            space.setBank64(bank, command.offset(), command.value());
        } else {
            space.setBank32(bank, command.offset(), command.value());
        }
    }

    /** Waits for what was asked of a bank. */
    void sync(int bank) {
        if (power.isOn()) {
            waitFor(space.bank(bank, TlbSync.OFFSET), space.bank(bank, TlbStatus.OFFSET));
        }
    }

    /** Waits for everything that was asked. */
    void syncAll() {
        if (power.isOn()) {
            waitFor(STlbGsync.OFFSET, STlbGstatus.OFFSET);
        }
    }

    // GSACTIVE and SACTIVE are the same bit
    private void waitFor(long sync, long status) {
        if (hooks.get().sync(space.registers(), sync, status)) {
            return;
        }
        space.registers().write32(sync, 0);
        long deadline = System.nanoTime() + TIMEOUT;
        for (int round = 0; TlbStatus.sactive(space.registers().read32(status)) != 0; round++) {
            if (System.nanoTime() - deadline > 0) {
                throw new IommuException(
                        Errno.ETIMEDOUT,
                        String.format("the TLB synchronisation at 0x%x is not over after 1 s: deadlock?", sync));
            }
            if (round < SPINS) {
                Thread.onSpinWait();
            } else {
                LockSupport.parkNanos(1);
            }
        }
    }
}
