package org.sluice.trace.internal.capture;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.trace.MalformedLine;
import org.sluice.trace.internal.LongRanges;
import org.sluice.trace.internal.text.EventSink;
import org.sluice.trace.internal.text.TraceEvent;
import org.sluice.trace.internal.text.TraceReader;

/**
 * What a first reading of a trace tells: the machine that it needs, and when each domain is mentioned last. Not
 * thread-safe; constant once read.
 */
public final class TraceSurvey implements EventSink {
    private static final int KEPT_LINES = 100;
    private static final long CHUNK = 1 << 16;

    private final Path file;
    private final boolean strict;
    private final Map<String, Long> events = new TreeMap<>();
    private final Map<String, Integer> groups = new LinkedHashMap<>();
    private final Map<String, Long> firstDomain = new HashMap<>();
    private final Map<Long, Long> lastMention = new HashMap<>();
    private final Set<Long> mapped = new HashSet<>();
    private final LongRanges physical = new LongRanges();
    private final List<MalformedLine> malformed = new ArrayList<>();
    private long malformedCount;
    private long lostCount;
    private long promised;
    private long unmaps;
    private long pageSizes;
    private long mapBits;
    private long smallestMap = Long.MAX_VALUE;
    private long total;
    private boolean named;
    private boolean unnamed;

    private TraceSurvey(Path file, boolean strict) {
        this.file = file;
        this.strict = strict;
    }

    /**
     * Reads a trace.
     *
     * @param file the trace
     * @param strict whether a malformed line is an error
     * @return what it tells
     * @throws IommuException EINVAL a file that cannot be read, holds no event of an IOMMU, or when strict, a malformed line
     */
    public static TraceSurvey of(Path file, boolean strict) {
        TraceSurvey survey = new TraceSurvey(file, strict);
        long lines = TraceReader.read(file, survey);
        if (survey.groups.isEmpty()) {
            throw new IommuException(
                    Errno.EINVAL,
                    file + " names no device: " + lines + " lines, " + survey.malformedCount + " of them malformed"
                            + survey.malformed.stream()
                                    .findFirst()
                                    .map(first -> ", first " + first)
                                    .orElse(""));
        }
        return survey;
    }

    @Override
    public void event(long line, TraceEvent event) {
        total++;
        events.merge(event.name(), 1L, Long::sum);
        if (event instanceof TraceEvent.OfDomain ofDomain) {
            named |= ofDomain.domain() != TraceEvent.UNNAMED;
            unnamed |= ofDomain.domain() == TraceEvent.UNNAMED;
            lastMention.put(ofDomain.domain(), line);
        }
        if (event instanceof TraceEvent.Map map) {
            mapped.add(map.domain());
            pageSizes |= map.pageSize();
            mapBits |= map.iova() | map.paddr() | map.size();
            smallestMap = Math.min(smallestMap, map.size());
            long first = map.paddr() & -CHUNK;
            physical.add(first, (map.paddr() + map.size() - 1 | CHUNK - 1) - first + 1);
        } else if (event instanceof TraceEvent.Attach attach) {
            groups.putIfAbsent(attach.device(), -1);
            if (attach.domain() != TraceEvent.UNNAMED) {
                firstDomain.putIfAbsent(attach.device(), attach.domain());
            }
        } else if (event instanceof TraceEvent.Join join) {
            groups.put(join.device(), join.group());
        } else if (event instanceof TraceEvent.Unmap) {
            unmaps++;
        }
    }

    @Override
    public void malformed(long line, String reason) {
        MalformedLine broken = new MalformedLine(file.getFileName().toString(), line, reason);
        if (strict) {
            throw new IommuException(Errno.EINVAL, broken.toString());
        }
        malformedCount++;
        if (malformed.size() < KEPT_LINES) {
            malformed.add(broken);
        }
    }

    @Override
    public void heading(long held, long taken) {
        promised += held;
        lostCount += Math.max(0, taken - held);
    }

    @Override
    public void lost(long line, long count) {
        lostCount += count;
    }

    /**
     * Whether events name their domains.
     *
     * @return true if some do; then those that do not tell the same once more
     */
    public boolean namesDomains() {
        return named;
    }

    /**
     * Whether the trace has events of both forms.
     *
     * @return true if so
     */
    public boolean hasBothForms() {
        return named && unnamed;
    }

    /**
     * Events by name.
     *
     * @return counts
     */
    public Map<String, Long> events() {
        return events;
    }

    /**
     * All events.
     *
     * @return how many
     */
    public long total() {
        return total;
    }

    /**
     * Unmap events.
     *
     * @return how many
     */
    public long unmaps() {
        return unmaps;
    }

    /**
     * Devices in the order of their first mention.
     *
     * @return number of the group by name; -1 where the trace does not tell
     */
    public Map<String, Integer> devices() {
        return groups;
    }

    /**
     * Physical memory that the trace names.
     *
     * @return in multiples of 64 KiB
     */
    public LongRanges physical() {
        return physical;
    }

    /**
     * The domain that a device was attached to first: its group's default domain.
     *
     * @param device name
     * @return pointer; {@link TraceEvent#UNNAMED} if the trace does not name it
     */
    public long firstDomainOf(String device) {
        return firstDomain.getOrDefault(device, TraceEvent.UNNAMED);
    }

    /**
     * Sizes of leaves that probes tell.
     *
     * @return bitmap of bytes; 0 if the trace tells none
     */
    public long pageSizes() {
        return pageSizes;
    }

    /**
     * Bits that are set in any address or size of a map event: their lowest is what all are a multiple of.
     *
     * @return bits; 0 without a map event
     */
    public long mapBits() {
        return mapBits;
    }

    /**
     * The smallest mapping that is made.
     *
     * @return bytes; {@link Long#MAX_VALUE} without a map event
     */
    public long smallestMap() {
        return smallestMap;
    }

    /**
     * Whether something is mapped in a domain; then it is no identity.
     *
     * @param domain pointer
     * @return true if there is a map event
     */
    public boolean isMapped(long domain) {
        return mapped.contains(domain);
    }

    /**
     * Line of the last event that mentions a domain.
     *
     * @param domain pointer
     * @return number of the line
     */
    public long lastMentionOf(long domain) {
        return lastMention.getOrDefault(domain, 0L);
    }

    /**
     * How many lines cannot be read.
     *
     * @return lines
     */
    public long malformedCount() {
        return malformedCount;
    }

    /**
     * The first lines that cannot be read.
     *
     * @return at most 100
     */
    public List<MalformedLine> malformed() {
        return malformed;
    }

    /**
     * Events that the heading counts and that are not there, or not readable.
     *
     * @return events; 0 without a heading
     */
    public long missing() {
        return Math.max(0, promised - total);
    }

    /**
     * Events that are not in the trace, as far as it tells: those that the kernel's buffer lost and the missing ones.
     *
     * @return events
     */
    public long lost() {
        return lostCount + missing();
    }
}
