package org.sluice.core.unit;

import java.util.BitSet;
import java.util.HashMap;
import java.util.Map;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;

/**
 * The PASIDs of one IOMMU: handed out cyclically, so that one just given back is the last to come again, or chosen by a client
 * for a domain. 0 is never among them: it stands for untagged traffic. Guarded by the lock of the board.
 */
final class PasidSpace {
    private final BitSet used = new BitSet();
    private final Map<Integer, Integer> chosen = new HashMap<>(); // how many devices use it, where clients chose it
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

    /**
     * Takes one that a client chose, for one device.
     *
     * @throws IommuException EBUSY it was handed out, or is in quarantine
     */
    void choose(int pasid) {
        if (used.get(pasid) && !chosen.containsKey(pasid)) {
            throw new IommuException(
                    Errno.EBUSY, "PASID " + pasid + " was handed out for a private or shared space of this IOMMU");
        }
        used.set(pasid);
        chosen.merge(pasid, 1, Integer::sum);
    }

    /** Ends the use of a chosen one by one device. */
    void unchoose(int pasid) {
        if (chosen.merge(pasid, -1, Integer::sum) == 0) {
            chosen.remove(pasid);
            used.clear(pasid);
        }
    }

    int inUse() {
        return used.cardinality();
    }
}
