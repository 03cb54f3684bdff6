package org.sluice.core.unit;

import java.util.BitSet;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;

/**
 * The PASIDs of one IOMMU: handed out cyclically, so that one just given back is the last to come again. 0 is never among
 * them: it stands for untagged traffic. Guarded by the lock of the IOMMU.
 */
final class PasidSpace {
    private final BitSet used = new BitSet();
    private int next = 1;

    /**
     * Takes one.
     *
     * @param min smallest, 1 or above
     * @param max largest, inclusive
     * @return the PASID
     * @throws IommuException ENOSPC every one of the range is taken
     */
    int allocate(int min, int max) {
        int pasid = used.nextClearBit(Math.max(min, next));
        if (pasid > max) {
            pasid = used.nextClearBit(min);
        }
        if (pasid > max) {
            throw new IommuException(
                    Errno.ENOSPC, String.format("all %d PASIDs of [%d, %d] are in use", max - min + 1, min, max));
        }
        used.set(pasid);
        next = pasid + 1;
        return pasid;
    }

    void release(int pasid) {
        used.clear(pasid);
    }

    int inUse() {
        return used.cardinality();
    }
}
