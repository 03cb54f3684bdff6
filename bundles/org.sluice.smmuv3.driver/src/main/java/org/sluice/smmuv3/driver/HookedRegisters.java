package org.sluice.smmuv3.driver;

import java.util.List;
import org.sluice.spi.bus.RegisterFile;
import org.sluice.spi.quirk.Smmuv3Hooks;

/**
 * Registers that lie elsewhere, or whose ID registers promise too much. What the hooks say is asked once and kept as numbers.
 */
final class HookedRegisters implements RegisterFile {
    /** ID registers lie below this offset. */
    private static final int ID_BYTES = 0x20;

    /** Registers that this driver uses lie so low in either page. */
    private static final int USED_BYTES = 0x200;

    private static final int PAGE_SHIFT = 16;
    private static final int PAGES = 2;

    private final RegisterFile registers;
    private final int[] ids = new int[ID_BYTES / Integer.BYTES];
    private final int[] places = new int[PAGES * USED_BYTES / Integer.BYTES];

    private HookedRegisters(RegisterFile registers, List<Smmuv3Hooks> hooks) {
        this.registers = registers;
        for (int index = 0; index < places.length; index++) {
            places[index] = place(offset(index), hooks);
        }
        for (int offset = 0; offset < ID_BYTES; offset += Integer.BYTES) {
            int value = registers.read32(place(offset));
            for (Smmuv3Hooks hook : hooks) {
                value = hook.idRegister(offset, value);
            }
            ids[offset / Integer.BYTES] = value;
        }
    }

    /** The registers as hooks have them; the very same when no hooks matched. */
    static RegisterFile of(RegisterFile registers, List<Smmuv3Hooks> hooks) {
        return hooks.isEmpty() ? registers : new HookedRegisters(registers, hooks);
    }

    @Override
    public int read32(long offset) {
        return offset >= 0 && offset < ID_BYTES ? ids[(int) offset / Integer.BYTES] : registers.read32(place(offset));
    }

    @Override
    public void write32(long offset, int value) {
        registers.write32(place(offset), value);
    }

    @Override
    public long read64(long offset) {
        return registers.read64(place(offset));
    }

    @Override
    public void write64(long offset, long value) {
        registers.write64(place(offset), value);
    }

    private long place(long offset) {
        long page = offset >>> PAGE_SHIFT;
        long low = offset & (1 << PAGE_SHIFT) - 1;
        boolean known = page < PAGES && low < USED_BYTES;
        return known ? places[(int) (page * USED_BYTES + low) / Integer.BYTES] : offset;
    }

    private static long offset(int index) {
        int perPage = USED_BYTES / Integer.BYTES;
        return (long) (index / perPage) << PAGE_SHIFT | (long) (index % perPage) * Integer.BYTES;
    }

    private static int place(long offset, List<Smmuv3Hooks> hooks) {
        long place = offset;
        for (Smmuv3Hooks hook : hooks) {
            place = hook.registerOffset(place);
        }
        return (int) place;
    }
}
