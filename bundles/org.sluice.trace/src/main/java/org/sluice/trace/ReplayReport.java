package org.sluice.trace;

import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What happened in a replay. Numbers are totals over all captures.
 *
 * @param captures names of the captures, in the order of the request
 * @param traceEvents events of the traces by name
 * @param maps map events that were replayed
 * @param unmaps unmap events that were replayed
 * @param bytesMapped bytes of those maps
 * @param pageSizes live leaves at the end by size in bytes
 * @param liveMappings live leaves at the end
 * @param mappedPages their 4 KiB pages
 * @param tableBytes memory in page tables at the end
 * @param commands commands that reached the IOMMU, by name
 * @param tlbHits DMA transactions that the TLB answered
 * @param events event records of the IOMMU by type
 * @param pageFaults faults that waited for an answer by what became of them: {@code repaired}, {@code refused}, or
 *     {@code unclaimed} where nobody repairs faults
 * @param dmaChecked DMA transfers whose outcome was checked
 * @param mismatchCount how often something was not as it should be
 * @param mismatches the first of them, in words
 * @param ambiguousEvents events for which the trace cannot say to which domain they belong
 * @param ambiguities those events, grouped by reason
 * @param malformedCount lines that cannot be read
 * @param malformedLines the first of them
 * @param streams every stream of every capture
 * @param pasids what was proved with private PASIDs
 * @param swaps bundles that were updated in mid-replay
 * @param shown what was proved beyond the traces and their PASIDs
 * @param notes what the traces could not tell and what was decided, and bounds of the proof
 * @param unsupported what the machine of the replay does not have, so that it was not shown
 */
public record ReplayReport(
        List<String> captures,
        SortedMap<String, Long> traceEvents,
        long maps,
        long unmaps,
        long bytesMapped,
        SortedMap<Long, Long> pageSizes,
        long liveMappings,
        long mappedPages,
        long tableBytes,
        SortedMap<String, Long> commands,
        long tlbHits,
        SortedMap<String, Long> events,
        SortedMap<String, Long> pageFaults,
        long dmaChecked,
        long mismatchCount,
        List<Mismatch> mismatches,
        long ambiguousEvents,
        List<Ambiguity> ambiguities,
        long malformedCount,
        List<MalformedLine> malformedLines,
        List<StreamReport> streams,
        List<PasidReport> pasids,
        List<SwapReport> swaps,
        List<String> shown,
        List<String> notes,
        List<String> unsupported) {
    /** Copies lists and maps. */
    public ReplayReport {
        captures = List.copyOf(captures);
        traceEvents = copy(traceEvents);
        pageSizes = copy(pageSizes);
        commands = copy(commands);
        events = copy(events);
        pageFaults = copy(pageFaults);
        mismatches = List.copyOf(mismatches);
        ambiguities = List.copyOf(ambiguities);
        malformedLines = List.copyOf(malformedLines);
        streams = List.copyOf(streams);
        pasids = List.copyOf(pasids);
        swaps = List.copyOf(swaps);
        shown = List.copyOf(shown);
        notes = List.copyOf(notes);
        unsupported = List.copyOf(unsupported);
    }

    /**
     * Whether everything was as it should be.
     *
     * @return true without a mismatch
     */
    public boolean passed() {
        return mismatchCount == 0;
    }

    /**
     * The report as nested maps, lists, numbers and strings, for JSON. The keys are stable.
     *
     * @return by key, in the order in which people want to read it
     */
    public Map<String, Object> toMap() {
        return ReportMap.of(this);
    }

    private static <K, V> SortedMap<K, V> copy(SortedMap<K, V> map) {
        return Collections.unmodifiableSortedMap(new TreeMap<>(map));
    }
}
