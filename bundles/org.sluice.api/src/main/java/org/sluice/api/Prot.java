package org.sluice.api;

/** Protection bits of a mapping, with the values of Linux's {@code IOMMU_*} bits. Combine with {@code |}. */
public final class Prot {
    /** The device may read. */
    public static final int READ = 1;
    /** The device may write. Stage-1 LPAE has no write-only: it grants reading too. */
    public static final int WRITE = 1 << 1;
    /** DMA is cache coherent. */
    public static final int CACHE = 1 << 2;
    /** The device may not fetch instructions. */
    public static final int NOEXEC = 1 << 3;
    /** Device memory, such as an MSI doorbell. */
    public static final int MMIO = 1 << 4;
    /** Only privileged transactions. */
    public static final int PRIV = 1 << 5;

    /** Every bit that is defined. */
    public static final int ALL = (1 << 6) - 1;

    private Prot() {}

    /**
     * The bits in words, such as {@code READ|WRITE|CACHE}.
     *
     * @param prot protection bits
     * @return the names, or {@code none}
     */
    public static String toString(int prot) {
        String[] names = {"READ", "WRITE", "CACHE", "NOEXEC", "MMIO", "PRIV"};
        StringBuilder text = new StringBuilder();
        for (int bit = 0; bit < names.length; bit++) {
            if ((prot & 1 << bit) != 0) {
                text.append(text.length() == 0 ? "" : "|").append(names[bit]);
            }
        }
        int unknown = prot & ~ALL;
        if (unknown != 0) {
            text.append(text.length() == 0 ? "" : "|").append(String.format("0x%x", unknown));
        }
        return text.length() == 0 ? "none" : text.toString();
    }
}
