package org.sluice.api;

import java.util.Locale;

/**
 * IOVAs that are not free for mapping; Linux's {@code struct iommu_resv_region}.
 *
 * @param start first IOVA in bytes
 * @param length bytes, above 0
 * @param prot {@link Prot} bits of a direct mapping or an MSI window; else 0
 * @param type why it is reserved
 */
public record ReservedRegion(long start, long length, int prot, Type type) {
    /** Why a region is reserved. */
    public enum Type {
        /** Firmware or the device uses these physical addresses: mapped one to one while a DMA domain is attached. */
        DIRECT("direct"),
        /** As DIRECT, but a client that takes the device over may do without. */
        DIRECT_RELAXABLE("direct-relaxable"),
        /** Never reaches memory, for instance a window of the bus. */
        RESERVED("reserved"),
        /** The interrupt controller's, not translated. */
        MSI("msi"),
        /** Where software maps the interrupt controller's doorbells. */
        SW_MSI("msi");

        private final String text;

        Type(String text) {
            this.text = text;
        }

        /**
         * The word that Linux prints.
         *
         * @return both kinds of MSI are {@code msi}
         */
        public String text() {
            return text;
        }

        /**
         * Whether it is to be mapped one to one.
         *
         * @return true for DIRECT and DIRECT_RELAXABLE
         */
        public boolean isDirect() {
            return this == DIRECT || this == DIRECT_RELAXABLE;
        }
    }

    /** Checks the range. */
    public ReservedRegion {
        if (length == 0 || Long.compareUnsigned(start + length - 1, start) < 0) {
            throw new IommuException(
                    Errno.EINVAL,
                    String.format(
                            "reserved region at 0x%x has 0x%x bytes, must be above 0 and end below 2^64",
                            start, length));
        }
    }

    /**
     * The last IOVA, inclusive.
     *
     * @return bytes
     */
    public long last() {
        return start + length - 1;
    }

    /**
     * A line of Linux's {@code reserved_regions} file: first and last IOVA, and the type.
     *
     * @return e.g. {@code 0x0000000008000000 0x00000000080fffff msi}
     */
    public String line() {
        return String.format(Locale.ROOT, "0x%016x 0x%016x %s", start, last(), type.text());
    }
}
