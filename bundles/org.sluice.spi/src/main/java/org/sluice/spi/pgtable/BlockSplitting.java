package org.sluice.spi.pgtable;

import org.osgi.annotation.versioning.ConsumerType;

/**
 * Replacing a block by a table of smaller leaves that map the same, without a moment in which a valid address does not
 * translate: an optional ability that a {@link PageTable} object implements where the format can. Only hardware that accepts
 * a change of size without a break (Arm's break-before-make level 2, for example) may use the table meanwhile.
 */
@ConsumerType
public interface BlockSplitting {
    /**
     * Splits the block that contains an address into leaves of the next smaller size.
     *
     * @param iova bytes, in a block
     * @param withoutBreak whether the hardware accepts the change without a break
     * @return size in bytes of the new leaves; 0 when nothing is mapped there, or already by the smallest size
     * @throws org.sluice.api.IommuException EOPNOTSUPP without that acceptance, ENOMEM; nothing changed. The caller
     *     invalidates the block's range afterwards.
     */
    long split(long iova, boolean withoutBreak);
}
