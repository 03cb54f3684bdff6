package org.sluice.smmuv2.model;

import org.sluice.spi.bus.RegisterFile;

/** The register file: finds the space of an address. Any thread. */
final class Smmuv2Registers implements RegisterFile {
    private final AddressMap map;
    private final GlobalSpace global;
    private final BankSpace space;
    private final ContextBank[] banks;
    private final boolean splits;
    private final ResidentPage sparse;

    /** With {@code sparse} null the registers of that page are not there. */
    Smmuv2Registers(
            AddressMap map,
            GlobalSpace global,
            BankSpace space,
            ContextBank[] banks,
            boolean lowerHalvesOnly,
            ResidentPage sparse) {
        this.map = map;
        this.global = global;
        this.space = space;
        this.banks = banks;
        splits = lowerHalvesOnly;
        this.sparse = sparse;
    }

    @Override
    public int read32(long address) {
        if (sparse != null && ResidentPage.isHere(address)) {
            return sparse.read(address);
        }
        int offset = map.offset(address);
        int where = map.space(address);
        if (where == AddressMap.GLOBAL0) {
            return (int) global.read0(offset);
        }
        if (where == AddressMap.GLOBAL1) {
            return (int) global.read1(offset);
        }
        ContextBank bank = bank(where);
        return bank == null ? 0 : (int) space.read(bank, offset);
    }

    @Override
    public void write32(long address, int value) {
        if (sparse != null && ResidentPage.isHere(address)) {
            sparse.write(address, value);
            return;
        }
        int offset = map.offset(address);
        int where = map.space(address);
        if (where == AddressMap.GLOBAL0) {
            global.write0(offset, value);
        } else if (where == AddressMap.GLOBAL1) {
            global.write1(offset, value);
        } else {
            ContextBank bank = bank(where);
            if (bank != null) {
                space.write(bank, offset, value & 0xffffffffL, false);
            }
        }
    }

    @Override
    public long read64(long address) {
        long low = read32(address) & 0xffffffffL;
        return splits ? low : low | (long) read32(address + Integer.BYTES) << Integer.SIZE;
    }

    @Override
    public void write64(long address, long value) {
        ContextBank bank = bank(map.space(address));
        if (bank != null && !splits) {
            space.write(bank, map.offset(address), value, true);
        } else {
            write32(address, (int) value);
            if (!splits) {
                write32(address + Integer.BYTES, (int) (value >>> Integer.SIZE));
            }
        }
    }

    private ContextBank bank(int where) {
        int number = where - AddressMap.BANK;
        return number >= 0 && number < banks.length ? banks[number] : null;
    }
}
