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

    /**
     * Splits until no leaf lies across an end of a range, so that an unmap of exactly this range takes all of it and nothing
     * else ({@code cut} of Linux's generic_pt). Leaves that begin and end inside or outside are left as they are. Nothing
     * else may change the mapping around the two ends meanwhile.
     *
     * @param iova bytes, multiple of the smallest page size
     * @param size bytes above 0, multiple of the smallest page size; the range lies in the table's
     * @param withoutBreak whether the hardware accepts the change without a break; not asked where nothing lies across
     * @return number of splits: 0 when no leaf lies across
     * @throws org.sluice.api.IommuException EINVAL for a range that is misaligned, empty or not in the table's; EOPNOTSUPP and
     *     ENOMEM as {@link #split}. What was split before stays split and maps the same. The caller invalidates both leaves
     *     that lay across.
     */
    default int cut(long iova, long size, boolean withoutBreak) {
        return new RangeCut((PageTable) this, this).cut(iova, size, withoutBreak);
    }
}
