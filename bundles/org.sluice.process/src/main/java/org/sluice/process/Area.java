package org.sluice.process;

import org.sluice.api.Prot;

/**
 * A stretch of addresses with the same rights ({@code vm_area_struct}).
 *
 * @param start virtual address in bytes
 * @param size bytes
 * @param prot {@link Prot} READ, WRITE and NOEXEC; without READ and WRITE nothing may be accessed
 */
public record Area(long start, long size, int prot) {
    /**
     * First address behind it.
     *
     * @return bytes
     */
    public long end() {
        return start + size;
    }

    /**
     * Whether it is writable.
     *
     * @return true if so
     */
    public boolean isWritable() {
        return (prot & Prot.WRITE) != 0;
    }

    /**
     * Whether an access is allowed.
     *
     * @param access {@link Prot} READ and WRITE bits
     * @param execute whether instructions are fetched
     * @return true if all of it is
     */
    public boolean allows(int access, boolean execute) {
        int wanted = access & (Prot.READ | Prot.WRITE);
        // A writable page can be read: no hardware here has write-only pages.
        int granted = isWritable() ? prot | Prot.READ : prot;
        boolean accessible = (granted & Prot.READ) != 0;
        return accessible && (wanted & ~granted) == 0 && !(execute && (prot & Prot.NOEXEC) != 0);
    }
}
