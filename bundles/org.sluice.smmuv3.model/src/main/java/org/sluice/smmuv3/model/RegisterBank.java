package org.sluice.smmuv3.model;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLongArray;
import org.sluice.layout.Access;
import org.sluice.layout.Field;
import org.sluice.layout.Register;
import org.sluice.smmuv3.arch.Registers;

/**
 * Storage of the register file, driven by the registers' own description: which exist, which bits can be written, and
 * which enables guard them. It knows nothing of effects.
 *
 * <p>Any thread may read. Writes of software and of the device are each atomic; {@link #write} is called under the lock of
 * {@link Smmuv3Registers} so that a guard cannot change between its check and the write.
 */
final class RegisterBank {
    /** Answer of {@link #write}: nothing was written. */
    static final int IGNORED = -1;

    private static final int WORDS_A_PAGE = 0x1000 / Integer.BYTES;
    private static final int ABSENT = -1;

    private final Register[] registers;
    private final long[] writable;
    private final int[][] guards;
    private final AtomicLongArray values;
    // by 32-bit word of both pages: which register covers it
    private final int[] covering = new int[2 * WORDS_A_PAGE];

    RegisterBank(RegisterFeatures features) {
        registers = Registers.ALL.stream().filter(features::exists).toArray(Register[]::new);
        writable = new long[registers.length];
        guards = new int[registers.length][];
        values = new AtomicLongArray(registers.length);
        Arrays.fill(covering, ABSENT);
        Map<String, Register> byName = new HashMap<>();
        for (Register register : Registers.ALL) {
            byName.put(register.layout().name(), register);
        }
        for (int i = 0; i < registers.length; i++) {
            Register register = registers[i];
            for (int word = 0; word < register.width() / Integer.SIZE; word++) {
                covering[wordIndex(register.address() + word * Integer.BYTES)] = i;
            }
            values.set(i, features.reset(register));
            writable[i] = register.access() == Access.RO ? 0 : features.writable(register);
            guards[i] = guards(register, byName);
        }
    }

    // {address, mask} pairs of the enables that make the register read-only
    private static int[] guards(Register register, Map<String, Register> byName) {
        if (register.guard().isEmpty()) {
            return new int[0];
        }
        String[] names = register.guard().split(",\\s*");
        int[] pairs = new int[2 * names.length];
        for (int i = 0; i < names.length; i++) {
            int dot = names[i].indexOf('.');
            Register guard = byName.get(names[i].substring(0, dot));
            Field enable = guard.layout().field(names[i].substring(dot + 1)).orElseThrow();
            pairs[2 * i] = guard.address();
            pairs[2 * i + 1] = (int) enable.mask();
        }
        return pairs;
    }

    private static int wordIndex(long address) {
        long page = address / Register.PAGE_BYTES;
        long offset = address % Register.PAGE_BYTES;
        if (page < 0 || page > 1 || offset < 0 || offset >= WORDS_A_PAGE * Integer.BYTES || (offset & 3) != 0) {
            return ABSENT;
        }
        return (int) (page * WORDS_A_PAGE + offset / Integer.BYTES);
    }

    private int find(long address) {
        int word = wordIndex(address);
        return word == ABSENT ? ABSENT : covering[word];
    }

    /** The value of the register at its address; 0 if it does not exist. */
    long get(int address) {
        int i = find(address);
        return i == ABSENT ? 0 : values.get(i);
    }

    /** The device's own write: no guard, no mask. */
    void set(int address, long value) {
        int i = find(address);
        if (i != ABSENT) {
            values.set(i, value);
        }
    }

    /** The device clears bits. */
    void clear(int address, long bits) {
        int i = find(address);
        if (i != ABSENT) {
            values.getAndUpdate(i, value -> value & ~bits);
        }
    }

    /** Any 32-bit word of the register file; 0 where there is none. */
    int read32(long address) {
        int i = find(address);
        if (i == ABSENT) {
            return 0;
        }
        return (int) (values.get(i) >>> Byte.SIZE * (address - registers[i].address()));
    }

    /** Any aligned 64-bit word of the register file. */
    long read64(long address) {
        int i = find(address);
        if (i != ABSENT && registers[i].width() == Long.SIZE && registers[i].address() == address) {
            return values.get(i);
        }
        return Integer.toUnsignedLong(read32(address)) | (long) read32(address + Integer.BYTES) << Integer.SIZE;
    }

    /** Whether software's write of 64 bits goes to one 64-bit register. */
    boolean isWide(long address) {
        int i = find(address);
        return i != ABSENT && registers[i].width() == Long.SIZE && registers[i].address() == address;
    }

    /**
     * Software's write.
     *
     * @param bits 32 or 64
     * @return the register's address, or {@link #IGNORED} if it does not exist, is read-only or guarded now
     */
    int write(long address, long value, int bits) {
        int i = find(address);
        if (i == ABSENT || writable[i] == 0 || guarded(guards[i])) {
            return IGNORED;
        }
        int shift = Byte.SIZE * (int) (address - registers[i].address());
        long mask = writable[i] & -1L >>> Long.SIZE - bits << shift;
        long shifted = value << shift & mask;
        long before = values.get(i);
        // a device's own update of the same register in between must not be lost
        while (!values.compareAndSet(i, before, before & ~mask | shifted)) {
            before = values.get(i);
        }
        return registers[i].address();
    }

    private boolean guarded(int[] pairs) {
        for (int i = 0; i < pairs.length; i += 2) {
            if ((get(pairs[i]) & pairs[i + 1]) != 0) {
                return true;
            }
        }
        return false;
    }
}
