package org.sluice.layout;

import java.util.List;

/**
 * A register and where it is.
 *
 * @param page 64 KiB page of the register file
 * @param offset bytes from the start of the page
 * @param guard the enables, separated by commas, each of which makes a {@link Access#GUARDED} register read-only; empty for others
 * @param reset value after reset; 0 where the sources do not state one
 * @param resetStated whether the value after reset is stated
 */
public record Register(
        Layout layout, int page, int offset, Access access, String guard, long reset, boolean resetStated) {
    /** Bytes of a register page. */
    public static final int PAGE_BYTES = 0x10000;

    /** Bytes from the start of the register file. */
    public int address() {
        return page * PAGE_BYTES + offset;
    }

    /** The enables of {@link #guard} one by one, each {@code REGISTER.field}. */
    public List<String> guards() {
        return guard.isEmpty() ? List.of() : List.of(guard.split(",\\s*"));
    }

    /** 32 or 64 bits. */
    public int width() {
        return layout.bits();
    }

    /** One line: name and every field that is not 0. */
    public String describe(long value) {
        return layout.describe(new long[] {value}, 0);
    }
}
