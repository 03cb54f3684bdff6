package org.sluice.smmuv2.driver;

import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.smmuv2.arch.TlbSync;
import org.sluice.smmuv2.arch.TlbiAll;
import org.sluice.smmuv2.arch.TlbiAsid;
import org.sluice.smmuv2.arch.TlbiVa;
import org.sluice.smmuv2.arch.TlbiVaa;
import org.sluice.smmuv2.arch.TlbiVaal;
import org.sluice.smmuv2.arch.TlbiVal;

/**
 * A guest's write to a register of TLB maintenance. The hardware confines it to the VMID of the bank that it goes to.
 *
 * @param offset of the register in the page of a bank
 * @param value what is written
 */
record GuestCommand(int offset, long value) {
    /**
     * Checks a write.
     *
     * @param words commands, two words each
     * @param index of the command
     * @throws IommuException EIO naming the command
     */
    static GuestCommand check(long[] words, int index) {
        long offset = words[2 * index];
        long value = words[2 * index + 1];
        boolean legal = offset == TlbiVa.OFFSET
                || offset == TlbiVal.OFFSET
                || offset == TlbiVaa.OFFSET
                || offset == TlbiVaal.OFFSET
                || offset == TlbiAsid.OFFSET
                || offset == TlbiAll.OFFSET
                || offset == TlbSync.OFFSET;
        if (!legal) {
            throw new IommuException(
                    Errno.EIO,
                    String.format(
                            "command %d of the guest, a write of 0x%x to 0x%x of its bank, is not one that a guest may give",
                            index, value, offset));
        }
        return new GuestCommand((int) offset, value);
    }

    /** Whether there is something to do before the synchronisation that ends every round. */
    boolean invalidates() {
        return offset != TlbSync.OFFSET;
    }

    /** Whether the register takes 64 bits in a bank with tables of the 64-bit format. */
    boolean isByAddress() {
        return offset != TlbiAsid.OFFSET && offset != TlbiAll.OFFSET;
    }
}
