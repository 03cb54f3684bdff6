package org.sluice.trace.internal.capture;

import java.util.List;
import java.util.Optional;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.api.Prot;

/**
 * In what form the captured kernel wrote its tables.
 *
 * @param stage of translation, 1 or 2
 * @param leafSizes bitmap of leaf sizes in bytes, those of one granule
 * @param forcedWriteBack whether stage-2 leaves have the memory types that an SMMU with IDR3.FWB takes
 */
public record TableForm(int stage, long leafSizes, boolean forcedWriteBack) {
    private static final long GRANULE_4K = 1L << 12 | 1L << 21 | 1L << 30;
    private static final long GRANULE_16K = 1L << 14 | 1L << 25;
    private static final long GRANULE_64K = 1L << 16 | 1L << 29;

    /** MemAttr of a stage-2 leaf: with forced write-back its encoding 6 is what Linux writes for cached memory. */
    private static final long MEMORY_TYPE = 0xf << 2;

    private static final long FORCED_WRITE_BACK = 6 << 2;

    /** By granule, from small to large. */
    private static final List<Long> GRANULES = List.of(GRANULE_4K, GRANULE_16K, GRANULE_64K);

    /** What a kernel does if nothing tells: stage 1, 4 KiB granule. */
    public static final TableForm USUAL = new TableForm(1, GRANULE_4K, false);

    /**
     * The form of a capture's tables. The leaves of the walker tell it best; then the page sizes that probes tell. Tracepoints
     * tell only sizes of mappings: a kernel whose smallest one is 16 or 64 KiB, and of whose addresses each is a multiple of
     * that, has such pages.
     *
     * @param survey of the trace
     * @param mappings leaves that the walker found
     * @return the form
     * @throws IommuException EINVAL leaves of both stages, or leaf sizes that no granule has
     */
    public static TableForm of(TraceSurvey survey, Optional<ExpectedMappings> mappings) {
        List<ExpectedLeaf> leaves = mappings.map(ExpectedMappings::leaves).orElse(List.of());
        long found = leaves.stream().mapToLong(ExpectedLeaf::size).reduce(0, (all, size) -> all | size);
        long told = found | survey.pageSizes();
        boolean forced = leaves.stream()
                .anyMatch(leaf -> leaf.stage() == 2 && (leaf.descriptor() & MEMORY_TYPE) == FORCED_WRITE_BACK);
        return new TableForm(stage(leaves), told == 0 ? supposed(survey) : granule(told), forced);
    }

    private static int stage(List<ExpectedLeaf> leaves) {
        List<Integer> stages =
                leaves.stream().map(ExpectedLeaf::stage).distinct().toList();
        if (stages.size() > 1) {
            throw new IommuException(
                    Errno.EINVAL,
                    "expected-mappings.csv has leaves of stage 1 and of stage 2; captures of one stage are replayed");
        }
        return stages.isEmpty() ? 1 : stages.get(0);
    }

    private static long granule(long sizes) {
        return GRANULES.stream()
                .filter(granule -> (sizes & ~granule) == 0)
                .findFirst()
                .orElseThrow(() -> new IommuException(
                        Errno.EINVAL,
                        String.format(
                                "leaf sizes 0x%x of the capture are not of one granule (4K, 16K or 64K)", sizes)));
    }

    private static long supposed(TraceSurvey survey) {
        return GRANULES.stream()
                .filter(granule -> Long.lowestOneBit(granule) == survey.smallestMap()
                        && (survey.mapBits() & survey.smallestMap() - 1) == 0)
                .findFirst()
                .orElse(GRANULE_4K);
    }

    /**
     * What a leaf grants that was mapped with protection bits: LPAE stage 1 has no write-only leaf, it grants reading too.
     *
     * @param prot {@link Prot} bits
     * @return {@link Prot#READ}, {@link Prot#WRITE} or both
     */
    public int granted(int prot) {
        int access = prot & (Prot.READ | Prot.WRITE);
        return stage == 1 && (access & Prot.WRITE) != 0 ? Prot.READ | Prot.WRITE : access;
    }
}
