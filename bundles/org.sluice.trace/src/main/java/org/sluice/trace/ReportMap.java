package org.sluice.trace;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;

/** The keys of a report for machines. Addresses and StreamIDs are strings: JSON's numbers end at 2^53. */
final class ReportMap {
    private ReportMap() {}

    static Map<String, Object> of(ReplayReport report) {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("passed", report.passed());
        map.put("captures", report.captures());
        map.put("traceEvents", report.traceEvents());
        map.put("maps", report.maps());
        map.put("unmaps", report.unmaps());
        map.put("bytesMapped", report.bytesMapped());
        map.put("pageSizes", sizes(report.pageSizes()));
        map.put("liveMappings", report.liveMappings());
        map.put("mappedPages", report.mappedPages());
        map.put("tableBytes", report.tableBytes());
        map.put(
                "commands",
                report.commands().values().stream().mapToLong(Long::longValue).sum());
        map.put("commandsByName", report.commands());
        map.put("tlbHits", report.tlbHits());
        map.put("events", report.events());
        map.put("pageFaults", report.pageFaults());
        map.put("dmaChecked", report.dmaChecked());
        map.put("mismatches", report.mismatchCount());
        map.put(
                "mismatchDetails",
                report.mismatches().stream().map(ReportMap::of).toList());
        map.put("ambiguousEvents", report.ambiguousEvents());
        map.put("ambiguities", report.ambiguities().stream().map(ReportMap::of).toList());
        map.put("malformedLines", report.malformedCount());
        map.put(
                "malformedDetails",
                report.malformedLines().stream().map(MalformedLine::toString).toList());
        map.put("streams", streams(report.streams(), report.captures().size() > 1));
        map.put("pasids", report.pasids().stream().map(ReportMap::of).toList());
        map.put("swaps", report.swaps().stream().map(ReportMap::of).toList());
        map.put("shown", report.shown());
        map.put("notes", report.notes());
        map.put("unsupported", report.unsupported());
        return map;
    }

    private static Map<String, Long> sizes(SortedMap<Long, Long> leaves) {
        Map<String, Long> map = new LinkedHashMap<>();
        leaves.forEach((size, count) -> map.put(hex(size), count));
        return map;
    }

    /** By StreamID; with several captures, in which StreamIDs repeat, by {@code capture/StreamID}. */
    private static Map<String, Object> streams(List<StreamReport> streams, boolean several) {
        Map<String, Object> map = new LinkedHashMap<>();
        for (StreamReport stream : streams) {
            String key = hex(stream.streamId());
            map.put(several ? stream.capture() + "/" + key : key, of(stream));
        }
        return map;
    }

    private static Map<String, Object> of(StreamReport stream) {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("capture", stream.capture());
        map.put("device", stream.device());
        map.put("streamId", hex(stream.streamId()));
        map.put("untagged", stream.untagged());
        map.put("maps", stream.maps());
        map.put("unmaps", stream.unmaps());
        map.put("bytesMapped", stream.bytesMapped());
        map.put("liveMappings", stream.liveMappings());
        map.put("mappedPages", stream.mappedPages());
        map.put("dmaChecked", stream.dmaChecked());
        map.put("mismatches", stream.mismatches());
        return map;
    }

    private static Map<String, Object> of(Mismatch mismatch) {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("capture", mismatch.capture());
        map.put("what", mismatch.what());
        if (mismatch.streamId() != -1) {
            map.put("streamId", hex(mismatch.streamId()));
            map.put("iova", hex(mismatch.iova()));
        }
        if (mismatch.pasid() != -1) {
            map.put("pasid", mismatch.pasid());
        }
        map.put("expected", mismatch.expected());
        map.put("found", mismatch.found());
        return map;
    }

    private static Map<String, Object> of(Ambiguity ambiguity) {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("capture", ambiguity.capture());
        map.put("events", ambiguity.events());
        map.put("explanation", ambiguity.explanation());
        map.put("firstLine", ambiguity.firstLine());
        return map;
    }

    private static Map<String, Object> of(PasidReport pasids) {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("capture", pasids.capture());
        map.put("device", pasids.device());
        map.put("streamId", hex(pasids.streamId()));
        map.put("untagged", pasids.untagged());
        map.put("pasids", pasids.pasids());
        map.put("outcomes", pasids.outcomes());
        return map;
    }

    private static Map<String, Object> of(SwapReport swap) {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("capture", swap.capture());
        map.put("bundle", swap.bundle());
        map.put("oldVersion", swap.oldVersion());
        map.put("newVersion", swap.newVersion());
        map.put("pauseMicros", swap.pauseMicros());
        map.put("callsParked", swap.callsParked());
        map.put("dmaDuringSwap", swap.dmaDuringSwap());
        return map;
    }

    private static String hex(long value) {
        return "0x" + Long.toHexString(value);
    }
}
