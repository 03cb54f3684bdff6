package org.sluice.shell;

import java.io.PrintStream;
import java.util.List;
import java.util.Map;
import java.util.stream.Collector;
import java.util.stream.Collectors;
import org.sluice.trace.ReplayReport;

/** The report for people. */
final class TextReport {
    private static final int SHOWN = 10;

    private final PrintStream out;

    TextReport(PrintStream out) {
        this.out = out;
    }

    void print(ReplayReport report, int bundles) {
        out.printf("Replayed %s through %d bundles%n%n", String.join(", ", report.captures()), bundles);
        line("trace events", sum(report.traceEvents()) + detail(report.traceEvents()));
        line("maps, unmaps", report.maps() + ", " + report.unmaps());
        line("mapped", Sizes.bytes(report.bytesMapped()) + " in all");
        line("live", report.liveMappings() + " leaves, " + report.mappedPages() + " pages of 4 KiB" + sizes(report));
        line("table memory", Sizes.bytes(report.tableBytes()));
        line("commands", sum(report.commands()) + detail(report.commands()));
        line("TLB hits", report.tlbHits());
        line("SMMU events", sum(report.events()) + detail(report.events()));
        line("page faults", sum(report.pageFaults()) + detail(report.pageFaults()));
        line("DMA checked", report.dmaChecked());
        line("ambiguous", report.ambiguousEvents());
        line("malformed", report.malformedCount());
        streams(report);
        pasids(report);
        swaps(report);
        list("Ambiguous events", report.ambiguities());
        list("Malformed lines", report.malformedLines());
        list("Shown beyond the trace", report.shown());
        list("Notes", report.notes());
        list("Unsupported on this machine, so not shown", report.unsupported());
        list("Mismatches", report.mismatches());
        out.printf("%n%s: %d mismatches%n", report.passed() ? "PASSED" : "FAILED", report.mismatchCount());
        out.flush();
    }

    private void streams(ReplayReport report) {
        TextTable table = new TextTable(
                "stream", "device", "untagged", "maps", "unmaps", "mapped", "leaves", "pages", "DMA", "mismatches");
        report.streams()
                .forEach(stream -> table.row(
                        String.format("0x%x", stream.streamId()),
                        stream.device(),
                        stream.untagged(),
                        stream.maps(),
                        stream.unmaps(),
                        Sizes.bytes(stream.bytesMapped()),
                        stream.liveMappings(),
                        stream.mappedPages(),
                        stream.dmaChecked(),
                        stream.mismatches()));
        section("Streams", table);
    }

    private void pasids(ReplayReport report) {
        TextTable table = new TextTable("stream", "device", "untagged", "PASIDs");
        report.pasids()
                .forEach(proof -> table.row(
                        String.format("0x%x", proof.streamId()),
                        proof.device(),
                        proof.untagged(),
                        proof.pasids().stream().map(String::valueOf).collect(Collectors.joining(" "))));
        section("Private PASIDs", table);
        // what happened is the same on most streams: once each is enough
        report.pasids().stream()
                .flatMap(proof ->
                        proof.outcomes().stream().map(outcome -> outcome.replaceAll("PASID \\d+", "one PASID")))
                .distinct()
                .forEach(outcome -> out.println("  - " + outcome));
    }

    private void swaps(ReplayReport report) {
        TextTable table = new TextTable("bundle", "from", "to", "pause", "calls parked", "DMA meanwhile");
        report.swaps()
                .forEach(swap -> table.row(
                        swap.bundle(),
                        swap.oldVersion(),
                        swap.newVersion(),
                        String.format("%.1f ms", swap.pauseMicros() / 1000.0),
                        swap.callsParked(),
                        swap.dmaDuringSwap()));
        section("Swaps", table);
    }

    private void section(String title, TextTable table) {
        if (!table.isEmpty()) {
            out.printf("%n%s%n", title);
            table.print(out);
        }
    }

    private void list(String title, List<?> entries) {
        if (!entries.isEmpty()) {
            out.printf("%n%s%n", title);
            entries.stream().limit(SHOWN).forEach(entry -> out.println("  " + entry));
            if (entries.size() > SHOWN) {
                out.printf("  … and %d more%n", entries.size() - SHOWN);
            }
        }
    }

    private void line(String what, Object value) {
        out.printf("  %-13s %s%n", what, value);
    }

    private static String sizes(ReplayReport report) {
        return report.pageSizes().entrySet().stream()
                .map(entry -> entry.getValue() + " × " + Sizes.bytes(entry.getKey()))
                .collect(joiningInParentheses());
    }

    private static long sum(Map<String, Long> counts) {
        return counts.values().stream().mapToLong(Long::longValue).sum();
    }

    private static String detail(Map<String, Long> counts) {
        return counts.entrySet().stream()
                .sorted(Map.Entry.<String, Long>comparingByValue().reversed())
                .map(entry -> entry.getKey() + " " + entry.getValue())
                .collect(joiningInParentheses());
    }

    private static Collector<CharSequence, ?, String> joiningInParentheses() {
        return Collectors.collectingAndThen(Collectors.joining(", "), text -> text.isEmpty() ? "" : " (" + text + ")");
    }
}
