package org.sluice.core.dma;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import org.sluice.api.ReservedRegion;

/** Puts the regions of several sources in order, as Linux's {@code iommu_insert_resv_region} does. */
public final class ReservedRegions {
    private ReservedRegions() {}

    /**
     * Sorts by start, then by type; regions of one type that overlap or touch become one. Regions of different types stay as
     * they are, even if they overlap. Where two that are merged differ in protection, the merged one has the bits of both.
     *
     * @param regions in any order
     * @return ascending
     */
    public static List<ReservedRegion> merged(Collection<ReservedRegion> regions) {
        List<ReservedRegion> sorted = new ArrayList<>(regions);
        sorted.sort(ReservedRegions::compare);
        List<ReservedRegion> result = new ArrayList<>();
        for (ReservedRegion next : sorted) {
            int same = lastOfType(result, next.type());
            if (same >= 0 && touches(result.get(same), next)) {
                result.set(same, union(result.get(same), next));
            } else {
                result.add(next);
            }
        }
        return List.copyOf(result);
    }

    private static int compare(ReservedRegion one, ReservedRegion other) {
        int byStart = Long.compareUnsigned(one.start(), other.start());
        return byStart != 0
                ? byStart
                : Comparator.<ReservedRegion.Type>naturalOrder().compare(one.type(), other.type());
    }

    private static int lastOfType(List<ReservedRegion> regions, ReservedRegion.Type type) {
        int at = regions.size() - 1;
        while (at >= 0 && regions.get(at).type() != type) {
            at--;
        }
        return at;
    }

    private static boolean touches(ReservedRegion lower, ReservedRegion higher) {
        return lower.last() == -1L || Long.compareUnsigned(higher.start(), lower.last() + 1) <= 0;
    }

    private static ReservedRegion union(ReservedRegion lower, ReservedRegion higher) {
        long last = Long.compareUnsigned(lower.last(), higher.last()) > 0 ? lower.last() : higher.last();
        return new ReservedRegion(lower.start(), last - lower.start() + 1, lower.prot() | higher.prot(), lower.type());
    }
}
