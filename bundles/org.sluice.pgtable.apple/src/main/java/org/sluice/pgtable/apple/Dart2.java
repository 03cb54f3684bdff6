package org.sluice.pgtable.apple;

import org.sluice.api.Prot;
import org.sluice.apple.arch.Dart2Pte;

/** APPLE_DART2: an address lies four bits lower in an entry, without its bits 13:12. */
final class Dart2 implements Dialect {
    private static final int ADDRESS_SHIFT = 4;
    private static final long SUBPAGES = Dart2Pte.SUBPAGESTART_MASK | Dart2Pte.SUBPAGEEND_MASK;

    @Override
    public String format() {
        return Dart2Format.NAME;
    }

    @Override
    public int addressBits() {
        return Dart2Pte.OUTPUTADDRESS_MSB + 1 + ADDRESS_SHIFT;
    }

    @Override
    public int smallestPageShift() {
        return Dart2Pte.OUTPUTADDRESS_LSB + ADDRESS_SHIFT;
    }

    @Override
    public long encode(long address) {
        return address >>> ADDRESS_SHIFT & Dart2Pte.OUTPUTADDRESS_MASK;
    }

    @Override
    public long decode(long entry) {
        return (entry & Dart2Pte.OUTPUTADDRESS_MASK) << ADDRESS_SHIFT;
    }

    @Override
    public long attributes(int prot) {
        long bits = Dart2Pte.SUBPAGEEND_MASK | Dart2Pte.VALID_MASK;
        if ((prot & Prot.READ) == 0) {
            bits |= Dart2Pte.NO_READ_MASK;
        }
        if ((prot & Prot.WRITE) == 0) {
            bits |= Dart2Pte.NO_WRITE_MASK;
        }
        return (prot & Prot.CACHE) == 0 ? bits | Dart2Pte.NO_CACHE_MASK : bits;
    }

    @Override
    public int prot(long entry) {
        return ((entry & Dart2Pte.NO_READ_MASK) == 0 ? Prot.READ : 0)
                | ((entry & Dart2Pte.NO_WRITE_MASK) == 0 ? Prot.WRITE : 0)
                | ((entry & Dart2Pte.NO_CACHE_MASK) == 0 ? Prot.CACHE : 0);
    }

    @Override
    public boolean isWhole(long entry) {
        return (entry & SUBPAGES) == Dart2Pte.SUBPAGEEND_MASK;
    }
}
