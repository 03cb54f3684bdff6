package org.sluice.trace.internal.replay;

import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.function.ToLongFunction;
import org.sluice.trace.ReplayReport;

/** Adds the reports of several captures up. */
final class ReportSum {
    private final List<ReplayReport> reports;

    private ReportSum(List<ReplayReport> reports) {
        this.reports = reports;
    }

    static ReplayReport of(List<ReplayReport> reports) {
        return reports.size() == 1 ? reports.get(0) : new ReportSum(reports).sum();
    }

    private ReplayReport sum() {
        return new ReplayReport(
                all(ReplayReport::captures),
                counts(ReplayReport::traceEvents),
                total(ReplayReport::maps),
                total(ReplayReport::unmaps),
                total(ReplayReport::bytesMapped),
                counts(ReplayReport::pageSizes),
                total(ReplayReport::liveMappings),
                total(ReplayReport::mappedPages),
                total(ReplayReport::tableBytes),
                counts(ReplayReport::commands),
                total(ReplayReport::tlbHits),
                counts(ReplayReport::events),
                counts(ReplayReport::pageFaults),
                total(ReplayReport::dmaChecked),
                total(ReplayReport::mismatchCount),
                all(ReplayReport::mismatches),
                total(ReplayReport::ambiguousEvents),
                all(ReplayReport::ambiguities),
                total(ReplayReport::malformedCount),
                all(ReplayReport::malformedLines),
                all(ReplayReport::streams),
                all(ReplayReport::pasids),
                all(ReplayReport::swaps),
                all(ReplayReport::shown),
                all(ReplayReport::notes),
                all(ReplayReport::unsupported));
    }

    private long total(ToLongFunction<ReplayReport> part) {
        return reports.stream().mapToLong(part).sum();
    }

    private <T> List<T> all(Function<ReplayReport, List<T>> part) {
        List<T> all = new ArrayList<>();
        reports.forEach(report -> all.addAll(part.apply(report)));
        return all;
    }

    private <K> SortedMap<K, Long> counts(Function<ReplayReport, SortedMap<K, Long>> part) {
        SortedMap<K, Long> sum = new TreeMap<>();
        reports.forEach(report -> part.apply(report).forEach((key, count) -> sum.merge(key, count, Long::sum)));
        return sum;
    }
}
