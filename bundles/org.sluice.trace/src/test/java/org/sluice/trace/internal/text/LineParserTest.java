package org.sluice.trace.internal.text;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class LineParserTest {
    private static final String HEAD = "    kworker/u2:1-23      [000] d.h..     3.174190: ";
    private static final String MAP =
            HEAD + "map: IOMMU: iova=0x00000000fffff000 - 0x0000000100000000 paddr=0x0000000008090000 size=4096";
    private static final String UNMAP =
            HEAD + "unmap: IOMMU: iova=0x00000000ffffc000 - 0x00000000ffffe000 size=8192 unmapped_size=8192";
    private static final String ATTACH = HEAD + "attach_device_to_domain: IOMMU: device=0000:00:02.0";
    private static final String JOIN = HEAD + "add_device_to_group: IOMMU: groupID=7 device=0000:00:02.0";
    private static final String FAULT =
            HEAD + "io_page_fault: IOMMU:arm-smmu-v3 0000:00:05.0 iova=0x00000000dead0000 flags=0x0001";
    private static final String SMMU_ATTACH =
            HEAD + "smmu_attach_dev: (arm_smmu_attach_dev+0x0/0x49c) domain=0xffff5c6382f2c298 dev=\"0000:00:02.0\"";
    private static final String SMMU_MAP = HEAD + "smmu_map_pages: (arm_smmu_map_pages+0x0/0x3c)"
            + " domain=0xffff5c6384746098 iova=0x7fe00000 paddr=0x46000000 pgsize=0x200000 pgcount=3 prot=0x1a";
    private static final String SMMU_UNMAP = HEAD + "smmu_unmap_pages: (arm_smmu_unmap_pages+0x0/0x40)"
            + " domain=0xffff5c6384746098 iova=0x200000000 pgsize=0x1000 pgcount=26";
    private static final List<String> KNOWN =
            List.of(MAP, UNMAP, ATTACH, JOIN, FAULT, SMMU_ATTACH, SMMU_MAP, SMMU_UNMAP);

    @Test
    void tracepointsOfTheKernelAreRead() {
        assertThat(event(MAP))
                .isEqualTo(new TraceEvent.Map("map", 0, 0xfffff000L, 0x8090000, 4096, 0, TraceEvent.UNTOLD));
        assertThat(event(UNMAP)).isEqualTo(new TraceEvent.Unmap("unmap", 0, 0xffffc000L, 8192));
        assertThat(event(ATTACH)).isEqualTo(new TraceEvent.Attach("attach_device_to_domain", 0, "0000:00:02.0"));
        assertThat(event(JOIN)).isEqualTo(new TraceEvent.Join("add_device_to_group", 7, "0000:00:02.0"));
        assertThat(event(FAULT)).isEqualTo(new TraceEvent.PageFault("io_page_fault", "0000:00:05.0", 0xdead0000L, 1));
    }

    @Test
    void probesOfTheDriverNameTheDomain() {
        assertThat(event(SMMU_ATTACH))
                .isEqualTo(new TraceEvent.Attach("smmu_attach_dev", 0xffff5c6382f2c298L, "0000:00:02.0"));
        assertThat(event(SMMU_MAP))
                .isEqualTo(new TraceEvent.Map(
                        "smmu_map_pages", 0xffff5c6384746098L, 0x7fe00000, 0x46000000, 0x600000, 0x200000, 0x1a));
        assertThat(event(SMMU_UNMAP))
                .isEqualTo(new TraceEvent.Unmap("smmu_unmap_pages", 0xffff5c6384746098L, 0x200000000L, 26 * 4096));
    }

    @Test
    void mapThatEndsAtTheTopOfTheAddressSpaceIsRead() {
        String top =
                HEAD + "map: IOMMU: iova=0xfffffffffffff000 - 0x0000000000000000 paddr=0x0000000040000000 size=4096";
        assertThat(event(top)).isInstanceOf(TraceEvent.Map.class);
    }

    @Test
    void unmapOfOlderKernelsTellsNoEnd() {
        assertThat(event("init-1 [000] .... 1.5: unmap: IOMMU: iova=0x1000 size=8192 unmapped_size=8192"))
                .isEqualTo(new TraceEvent.Unmap("unmap", 0, 0x1000, 8192));
    }

    @Test
    void unmapCountsWhatTheKernelRemoved() {
        String part = HEAD + "unmap: IOMMU: iova=0x0000000000001000 - 0x0000000000003000 size=8192 unmapped_size=4096";
        assertThat(event(part)).isEqualTo(new TraceEvent.Unmap("unmap", 0, 0x1000, 4096));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "init-1 [000] ..... 1.5: map: IOMMU: iova=0x1000 - 0x2000 paddr=0x3000 size=4096",
                "init-1 [000] 1.5: map: IOMMU: iova=0x1000 - 0x2000 paddr=0x3000 size=4096",
                "Web Content-77 ( 77) [001] d.h1. 1.5: map: IOMMU: iova=0x1000 - 0x2000 paddr=0x3000 size=4096",
                "<...>-77 (-----) [001] d.h1. 1.5: map: IOMMU: iova=0x1000 - 0x2000 paddr=0x3000 size=4096\r",
                "a-b: [c]-77 [001] d.h1. 1.5: map: IOMMU: iova=0x1000 - 0x2000 paddr=0x3000 size=4096",
                "kworker/u2:1-77 [001] d..2 1.5: map: IOMMU: iova=0x1000 - 0x2000 paddr=0x3000 size=4096",
                "kworker/u2:1-77 [001] dNh1.1 15: map: IOMMU: iova=0x1000 - 0x2000 paddr=0x3000 size=4096",
                "kworker/-23        0d.... 4054803us#: map: IOMMU: iova=0x1000 - 0x2000 paddr=0x3000 size=4096",
                "kworker/-23        0dn.2. 4054803us : map: IOMMU: iova=0x1000 - 0x2000 paddr=0x3000 size=4096",
                "    kworker/u2:1      23   0 0 00000000 00000003 [0071f7c8] 7469.000ms (+5.206ms): map: IOMMU:"
                        + " iova=0x1000 - 0x2000 paddr=0x3000 size=4096",
                "map: IOMMU: iova=0x1000 - 0x2000 paddr=0x3000 size=4096",
                "kworker/u2:1-23    [000]     3.174190: map:                  IOMMU: iova=0x1000 - 0x2000 paddr=0x3000"
                        + " size=4096",
                "kworker/u2:1    23 [000]     3.174190: iommu:map: IOMMU: iova=0x1000 - 0x2000 paddr=0x3000 size=4096",
                "init-1 [000] .... 1.5: map: IOMMU: iova=0x1000 paddr=0x3000 size=0x1000"
            })
    void headersOfOtherToolsAndTasksAreRead(String line) {
        assertThat(event(line)).isEqualTo(new TraceEvent.Map("map", 0, 0x1000, 0x3000, 4096, 0, TraceEvent.UNTOLD));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "   ", "# tracer: nop"})
    void commentsAndBlankLinesAreNothing(String line) {
        assertThat(LineParser.parse(line)).isEqualTo(new ParsedLine.Nothing());
    }

    @Test
    void lostEventsAreNoticed() {
        assertThat(LineParser.parse("CPU:0 [LOST 123 EVENTS]")).isEqualTo(new ParsedLine.Lost(123));
        assertThat(LineParser.parse("CPU:3 [LOST EVENTS]\r")).isEqualTo(new ParsedLine.Lost(1));
        assertThat(LineParser.parse("# entries-in-buffer/entries-written: 66/80   #P:1"))
                .isEqualTo(new ParsedLine.Heading(66, 80));
    }

    @Test
    void unknownEventsAreCountedNotRejected() {
        assertThat(event(HEAD + "tracing_mark_write: POC BOOTED 2.09"))
                .isEqualTo(new TraceEvent.Other("tracing_mark_write"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "hello | in \"hello\"",
                "a\u0007b | in \"a?b\"",
                "init-1 [000] ..... 1.5: unmap: IOMMU: iova=0x1000 | \"IOMMU: iova=0x1000\"",
                "init-1 [000] .... 1.5: map: IOMMU: iova=0x1000 paddr=0x3000 size=100 | size is 0x64",
                "init-1 [000] ..... 1.5: map: IOMMU: iova=0x1000 | fields are not iova=",
                "init-1 [000] ..... 1.5: map: IOMMU: iova=0x1000 - 0x3000 paddr=0x3000 size=4096 | not a range of 4096",
                "init-1 [000] ..... 1.5: map: IOMMU: iova=0x1001 - 0x2001 paddr=0x3000 size=4096 | iova is 0x1001",
                "init-1 [000] ..... 1.5: map: IOMMU: iova=0x1000 - 0x2000 paddr=0x3001 size=4096 | paddr is 0x3001",
                "init-1 [000] ..... 1.5: map: IOMMU: iova=0x1000 - 0x1000 paddr=0x3000 size=0 | not a range of 0",
                "init-1 [000] ..... 1.5: map: IOMMU: iova=0x1000 - 0x2000 paddr=0x10000000000000 size=4096 | 52 bits",
                "init-1 [000] ..... 1.5: map: IOMMU: iova=0x12345678901234567 - 0x0 paddr=0x0 size=1 | not a number",
                "a-1 [0] . 1.5: smmu_map_pages: (f) domain=0x1 iova=0x0 paddr=0x0 pgsize=0x1000 pgcount=1 prot=0x4 | prot",
                "a-1 [0] . 1.5: smmu_map_pages: (f) domain=0x1 iova=0x0 paddr=0x0 pgsize=0x1800 pgcount=1 prot=0x3 | pgsize",
                "a-1 [0] . 1.5: smmu_map_pages: (f) domain=0x1 iova=0x0 paddr=0x0 pgsize=0x1000 pgcount=0 prot=0x3 | pgcount",
                "a-1 [0] . 1.5: smmu_unmap_pages: (f) domain=0x0 iova=0x0 pgsize=0x1000 pgcount=1 | domain is 0",
                "a-1 [0] . 1.5: smmu_unmap_pages: (f) domain=0x1 iova=0xfffffffffffff000 pgsize=0x1000 pgcount=2 | wraps"
            })
    void malformedLineSaysWhatIsWrong(String line, String reason) {
        assertThat(LineParser.parse(line))
                .isInstanceOfSatisfying(
                        ParsedLine.Malformed.class,
                        malformed -> assertThat(malformed.reason()).contains(reason));
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void mutatedLinesNeverThrow(long seed) {
        Random random = new Random(seed);
        int events = 0;
        for (int round = 0; round < 20_000; round++) {
            StringBuilder line = new StringBuilder(KNOWN.get(random.nextInt(KNOWN.size())));
            for (int edits = 1 + random.nextInt(4); edits > 0; edits--) {
                mutate(line, random);
            }
            ParsedLine parsed = LineParser.parse(line.toString());
            assertThat(parsed).as("seed %d, line %s", seed, line).isNotNull();
            events += parsed instanceof ParsedLine.Event ? 1 : 0;
        }
        assertThat(events).as("mutations that still are events").isBetween(1, 19_999);
    }

    private static void mutate(StringBuilder line, Random random) {
        int at = random.nextInt(line.length());
        switch (random.nextInt(5)) {
            case 0 -> line.setCharAt(at, (char) random.nextInt(0x180));
            case 1 -> line.insert(at, "0123456789abcdefx=-: []".charAt(random.nextInt(23)));
            case 2 -> line.deleteCharAt(at).append('x');
            case 3 -> line.setLength(Math.max(1, at));
            default -> line.insert(at, line.substring(at, Math.min(line.length(), at + 9)));
        }
    }

    private static TraceEvent event(String line) {
        assertThat(LineParser.parse(line)).isInstanceOf(ParsedLine.Event.class);
        return ((ParsedLine.Event) LineParser.parse(line)).event();
    }
}
