package org.sluice.pgtable.apple;

import org.sluice.api.Prot;
import org.sluice.apple.arch.Dart1Pte;

/** APPLE_DART: sub-page protection is disabled, and if it were not, would allow the whole page. */
final class Dart1 implements Dialect {
    private static final long SUBPAGES = Dart1Pte.SUBPAGESTART_MASK | Dart1Pte.SUBPAGEEND_MASK;

    @Override
    public String format() {
        return Dart1Format.NAME;
    }

    @Override
    public int addressBits() {
        return Dart1Pte.OUTPUTADDRESS_MSB + 1;
    }

    @Override
    public int smallestPageShift() {
        return Dart1Pte.OUTPUTADDRESS_LSB;
    }

    @Override
    public long encode(long address) {
        return address & Dart1Pte.OUTPUTADDRESS_MASK;
    }

    @Override
    public long decode(long entry) {
        return Dart1Pte.outputAddress(entry);
    }

    @Override
    public long attributes(int prot) {
        long bits = Dart1Pte.SUBPAGEEND_MASK | Dart1Pte.SP_DIS_MASK | Dart1Pte.VALID_MASK;
        if ((prot & Prot.READ) == 0) {
            bits |= Dart1Pte.NO_READ_MASK;
        }
        return (prot & Prot.WRITE) == 0 ? bits | Dart1Pte.NO_WRITE_MASK : bits;
    }

    @Override
    public int prot(long entry) {
        return ((entry & Dart1Pte.NO_READ_MASK) == 0 ? Prot.READ : 0)
                | ((entry & Dart1Pte.NO_WRITE_MASK) == 0 ? Prot.WRITE : 0);
    }

    @Override
    public boolean isWhole(long entry) {
        return (entry & Dart1Pte.SP_DIS_MASK) != 0 || (entry & SUBPAGES) == Dart1Pte.SUBPAGEEND_MASK;
    }
}
