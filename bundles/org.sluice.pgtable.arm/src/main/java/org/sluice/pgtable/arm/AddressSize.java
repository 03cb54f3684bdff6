package org.sluice.pgtable.arm;

import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.vmsa.arch.Ps;

/** Output address sizes as TCR and VTCR code them. */
final class AddressSize {
    private AddressSize() {}

    /**
     * The code of a size.
     *
     * @param bits output address bits
     * @throws IommuException EINVAL for a size without a code
     */
    static int encode(int bits) {
        switch (bits) {
            case 32:
                return (int) Ps.BITS_32;
            case 36:
                return (int) Ps.BITS_36;
            case 40:
                return (int) Ps.BITS_40;
            case 42:
                return (int) Ps.BITS_42;
            case 44:
                return (int) Ps.BITS_44;
            case 48:
                return (int) Ps.BITS_48;
            case 52:
                return (int) Ps.BITS_52;
            default:
                throw new IommuException(
                        Errno.EINVAL,
                        "output addresses of " + bits + " bits: the architecture has 32, 36, 40, 42, 44, 48 and 52");
        }
    }
}
