package org.sluice.trace.internal.text;

import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.sluice.api.Prot;

/**
 * Reads one line of ftrace's text: {@code TASK-PID [CPU] FLAGS TIMESTAMP: EVENT: FIELDS}, where the flags may be absent, the
 * thread group may stand before the CPU and the clock may count without a point. The other headers that ftrace writes by
 * option (latency-format, verbose, no context) are read too. Two forms of fields are known: the kernel's {@code iommu}
 * tracepoints, and kprobes on an SMMU driver's attach, map_pages and unmap_pages, which name the domain.
 *
 * <p>Never throws, whatever the line is. Stateless.
 */
public final class LineParser {
    private static final String EVENT = "\\s+(?:iommu:|kprobes:)?([^\\s:]+):\\s*";
    private static final String TASK = "[-\\s]\\d+\\s+(?:\\(\\s*[-\\d]+\\)\\s+)?";

    /** The usual one first; then those of the options latency-format, verbose and nocontext-info. */
    private static final List<Pattern> HEADERS = List.of(
            Pattern.compile(TASK + "\\[\\d+\\]\\s+(?:[^\\s:]+\\s+)?\\d+(?:\\.\\d+)?:" + EVENT),
            Pattern.compile(TASK + "\\d+[^\\s:\\d][^\\s:]*\\s+\\d+us[^\\w:]?:" + EVENT),
            Pattern.compile("\\[[0-9a-f]+\\]\\s+\\d+\\.\\d+ms\\s+\\(\\+\\d+\\.\\d+ms\\):" + EVENT),
            Pattern.compile("^(map|unmap|attach_device_to_domain|add_device_to_group|io_page_fault"
                    + "|smmu_attach_dev|smmu_map_pages|smmu_unmap_pages):\\s+"));

    /** Without a number where the kernel does not know how many. */
    private static final Pattern LOST = Pattern.compile("^CPU:\\d+ \\[LOST (?:(\\d{1,18}) )?EVENTS\\]$");

    private static final Pattern WRITTEN =
            Pattern.compile("entries-in-buffer/entries-written: (\\d{1,18})/(\\d{1,18})");
    /** Kernels before 5.11 do not tell the end. */
    private static final Pattern MAP = Pattern.compile("IOMMU: iova=(\\w+)(?: - (\\w+))? paddr=(\\w+) size=(\\w+)");

    private static final Pattern UNMAP =
            Pattern.compile("IOMMU: iova=(\\w+)(?: - (\\w+))? size=(\\w+) unmapped_size=(\\w+)");
    private static final Pattern ATTACH = Pattern.compile("IOMMU: device=(\\S+)");
    private static final Pattern JOIN = Pattern.compile("IOMMU: groupID=(\\d{1,9}) device=(\\S+)");
    private static final Pattern FAULT = Pattern.compile("IOMMU:.* (\\S+) iova=(\\w+) flags=(\\w+)");
    private static final Pattern SMMU_ATTACH = Pattern.compile("\\(\\S+\\) domain=(\\w+) dev=\"([^\"\\s]+)\"");
    private static final Pattern SMMU_MAP = Pattern.compile(
            "\\(\\S+\\) domain=(\\w+) iova=(\\w+) paddr=(\\w+) pgsize=(\\w+) pgcount=(\\w+) prot=(\\w+)");
    private static final Pattern SMMU_UNMAP =
            Pattern.compile("\\(\\S+\\) domain=(\\w+) iova=(\\w+) pgsize=(\\w+) pgcount=(\\w+)");

    private static final long SMALLEST_PAGE = 4096;

    /** Characters of a line that a reason quotes. */
    private static final int SHOWN = 60;

    /** No machine has wider physical addresses today. */
    private static final int PHYSICAL_BITS = 52;

    private LineParser() {}

    /**
     * Reads a line.
     *
     * @param line without its end
     * @return what it is
     */
    public static ParsedLine parse(String line) {
        String text = line.strip();
        if (text.isEmpty()) {
            return new ParsedLine.Nothing();
        }
        if (text.startsWith("#")) {
            return comment(text);
        }
        Matcher lost = LOST.matcher(text);
        if (lost.matches()) {
            return new ParsedLine.Lost(lost.group(1) == null ? 1 : Long.parseLong(lost.group(1)));
        }
        for (Pattern form : HEADERS) {
            Matcher header = form.matcher(text);
            if (header.find()) {
                return event(header, text);
            }
        }
        return new ParsedLine.Malformed(
                "no header of the form TASK-PID [CPU] FLAGS TIMESTAMP: EVENT: in \"" + shortened(text) + '"');
    }

    private static ParsedLine event(Matcher header, String text) {
        try {
            return new ParsedLine.Event(event(header.group(1), text.substring(header.end())));
        } catch (Unreadable reason) {
            return new ParsedLine.Malformed(header.group(1) + ": " + reason.getMessage());
        }
    }

    /** What may be shown on a terminal: a line of a file that is no text may hold anything. */
    private static String shortened(String text) {
        String shown = text.length() > SHOWN ? text.substring(0, SHOWN) + "…" : text;
        return shown.replaceAll("[^\\x20-\\x7e…]", "?");
    }

    private static ParsedLine comment(String text) {
        Matcher counts = WRITTEN.matcher(text);
        if (!counts.find()) {
            return new ParsedLine.Nothing();
        }
        return new ParsedLine.Heading(Long.parseLong(counts.group(1)), Long.parseLong(counts.group(2)));
    }

    private static TraceEvent event(String name, String fields) throws Unreadable {
        return switch (name) {
            case "map" -> map(name, match(MAP, fields, "iova=… - … paddr=… size=…"));
            case "unmap" -> unmap(name, match(UNMAP, fields, "iova=… - … size=… unmapped_size=…"));
            case "attach_device_to_domain" ->
                new TraceEvent.Attach(
                        name,
                        TraceEvent.UNNAMED,
                        match(ATTACH, fields, "device=…").group(1));
            case "add_device_to_group" -> join(name, match(JOIN, fields, "groupID=… device=…"));
            case "io_page_fault" -> fault(name, match(FAULT, fields, "driver device iova=… flags=…"));
            case "smmu_attach_dev" -> smmuAttach(name, match(SMMU_ATTACH, fields, "(…) domain=… dev=\"…\""));
            case "smmu_map_pages" ->
                smmuMap(name, match(SMMU_MAP, fields, "(…) domain=… iova=… paddr=… pgsize=… pgcount=… prot=…"));
            case "smmu_unmap_pages" ->
                smmuUnmap(name, match(SMMU_UNMAP, fields, "(…) domain=… iova=… pgsize=… pgcount=…"));
            default -> new TraceEvent.Other(name);
        };
    }

    private static TraceEvent map(String name, Matcher fields) throws Unreadable {
        long iova = number("iova", fields.group(1));
        long paddr = aligned("paddr", number("paddr", fields.group(3)), SMALLEST_PAGE);
        long size = range(iova, fields.group(2), number("size", fields.group(4)));
        return new TraceEvent.Map(name, TraceEvent.UNNAMED, iova, physical(paddr, size), size, 0, TraceEvent.UNTOLD);
    }

    private static TraceEvent unmap(String name, Matcher fields) throws Unreadable {
        long iova = number("iova", fields.group(1));
        long size = range(iova, fields.group(2), number("size", fields.group(3)));
        long unmapped = aligned("unmapped_size", number("unmapped_size", fields.group(4)), SMALLEST_PAGE);
        // What the kernel removed counts; where that is nothing, there was nothing to remove.
        long removed = unmapped == 0 ? size : unmapped;
        return new TraceEvent.Unmap(name, TraceEvent.UNNAMED, noWrap("iova", iova, removed), removed);
    }

    private static TraceEvent join(String name, Matcher fields) {
        return new TraceEvent.Join(name, Integer.parseInt(fields.group(1)), fields.group(2));
    }

    private static TraceEvent fault(String name, Matcher fields) throws Unreadable {
        return new TraceEvent.PageFault(
                name, fields.group(1), number("iova", fields.group(2)), (int) number("flags", fields.group(3)));
    }

    private static TraceEvent smmuAttach(String name, Matcher fields) throws Unreadable {
        return new TraceEvent.Attach(name, pointer(fields.group(1)), fields.group(2));
    }

    private static TraceEvent smmuMap(String name, Matcher fields) throws Unreadable {
        long pageSize = pageSize(fields.group(4));
        long size = pages(pageSize, fields.group(5));
        long iova = noWrap("iova", aligned("iova", number("iova", fields.group(2)), pageSize), size);
        long paddr = physical(aligned("paddr", number("paddr", fields.group(3)), pageSize), size);
        long prot = number("prot", fields.group(6));
        if (prot >>> 31 != 0 || (prot & (Prot.READ | Prot.WRITE)) == 0) {
            throw new Unreadable("prot is " + fields.group(6) + ", must grant read (1) or write (2)");
        }
        return new TraceEvent.Map(name, pointer(fields.group(1)), iova, paddr, size, pageSize, (int) prot);
    }

    private static TraceEvent smmuUnmap(String name, Matcher fields) throws Unreadable {
        long pageSize = pageSize(fields.group(3));
        long size = pages(pageSize, fields.group(4));
        long iova = noWrap("iova", aligned("iova", number("iova", fields.group(2)), pageSize), size);
        return new TraceEvent.Unmap(name, pointer(fields.group(1)), iova, size);
    }

    private static long pointer(String text) throws Unreadable {
        long pointer = number("domain", text);
        if (pointer == TraceEvent.UNNAMED) {
            throw new Unreadable("domain is 0");
        }
        return pointer;
    }

    private static long pageSize(String text) throws Unreadable {
        long size = number("pgsize", text);
        if (Long.bitCount(size) != 1 || Long.compareUnsigned(size, SMALLEST_PAGE) < 0) {
            throw new Unreadable("pgsize is " + text + ", must be a power of two of at least " + SMALLEST_PAGE);
        }
        return size;
    }

    private static long pages(long pageSize, String text) throws Unreadable {
        long count = number("pgcount", text);
        if (count <= 0 || Math.multiplyHigh(pageSize, count) != 0 || pageSize < 0 || pageSize * count < 0) {
            throw new Unreadable("pgcount is " + text + ", must be above 0 and stay within 2^63 bytes");
        }
        return pageSize * count;
    }

    /** Checks a range that is told twice: by its end, exclusive, unless that is null, and by its size. */
    private static long range(long iova, String end, long size) throws Unreadable {
        aligned("iova", iova, SMALLEST_PAGE);
        aligned("size", size, SMALLEST_PAGE);
        if (size <= 0 || end != null && number("end of iova", end) - iova != size) {
            throw new Unreadable(String.format(
                    "iova 0x%x%s is not a range of %d bytes", iova, end == null ? "" : " - " + end, size));
        }
        noWrap("iova", iova, size);
        return size;
    }

    private static long noWrap(String field, long start, long size) throws Unreadable {
        if (Long.compareUnsigned(start + size - 1, start) < 0) {
            throw new Unreadable(String.format("%s 0x%x with %d bytes wraps around", field, start, size));
        }
        return start;
    }

    private static long physical(long start, long size) throws Unreadable {
        noWrap("paddr", start, size);
        if (start + size - 1 >>> PHYSICAL_BITS != 0) {
            throw new Unreadable(
                    String.format("paddr 0x%x with %d bytes needs more than %d bits", start, size, PHYSICAL_BITS));
        }
        return start;
    }

    private static long aligned(String field, long value, long alignment) throws Unreadable {
        if ((value & alignment - 1) != 0) {
            throw new Unreadable(String.format("%s is 0x%x, must be a multiple of 0x%x", field, value, alignment));
        }
        return value;
    }

    private static long number(String field, String text) throws Unreadable {
        boolean hex = text.startsWith("0x");
        try {
            return hex ? Long.parseUnsignedLong(text, 2, text.length(), 16) : Long.parseUnsignedLong(text);
        } catch (NumberFormatException notANumber) {
            throw new Unreadable(field + " is " + text + ", not a number of up to 64 bits");
        }
    }

    private static Matcher match(Pattern pattern, String fields, String form) throws Unreadable {
        Matcher matcher = pattern.matcher(fields);
        if (!matcher.matches()) {
            throw new Unreadable("fields are not " + form + " but \"" + shortened(fields) + '"');
        }
        return matcher;
    }

    /** Why a line cannot be read; stays in this class. */
    private static final class Unreadable extends Exception {
        private static final long serialVersionUID = 1L;

        Unreadable(String reason) {
            super(reason, null, false, false);
        }
    }
}
