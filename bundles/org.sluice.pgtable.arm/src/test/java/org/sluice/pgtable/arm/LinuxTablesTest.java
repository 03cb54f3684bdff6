package org.sluice.pgtable.arm;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.sluice.api.Prot;
import org.sluice.memory.ResidentMemoryFactory;
import org.sluice.pgtable.testkit.TestHost;
import org.sluice.spi.memory.MemoryRegion;
import org.sluice.spi.memory.PhysicalMemory;
import org.sluice.spi.pgtable.PageTable;
import org.sluice.spi.pgtable.TableSurvey;

/** Tables that Linux's arm-smmu-v3 driver wrote, adopted; the leaves must be those an independent walker found. */
class LinuxTablesTest {
    private static final MemoryRegion RAM = new MemoryRegion(0x4000_0000L, 1 << 30);

    @ParameterizedTest
    @CsvSource({"single-nvme, 1, 4, 172", "nvme-virtioblk-strict, 3, 9, 329", "passthrough-vfio, 1, 15, 556"})
    void everyLeafOfLinuxsTablesIsSeen(String capture, int contexts, int tables, int leaves) throws IOException {
        PhysicalMemory memory = new ResidentMemoryFactory().create(List.of(RAM));
        try (InputStream core = resource(capture, "memory-sparse.elf.gz")) {
            CoreImage.load(core, memory);
        }
        TestHost host = new TestHost(memory, RAM);
        List<Map<String, String>> expected = rows(capture, "expected-mappings.csv");
        List<Map<String, String>> records = rows(capture, "expected-cd.csv");
        assertThat(records).hasSize(contexts);
        long tableCount = 0;
        long leafCount = 0;
        for (Map<String, String> record : records) {
            PageTable table = adopt(record, host);
            List<String> seen = new ArrayList<>();
            table.walk(0, -1, (iova, paddr, size, descriptor, prot) -> {
                assertThat(table.iovaToPhys(iova + 42)).isEqualTo(paddr + 42);
                seen.add(line(iova, paddr, size, descriptor, prot));
                return true;
            });
            assertThat(seen)
                    .isEqualTo(expected.stream()
                            .filter(row -> row.get("sid").equals(record.get("sid")))
                            .map(LinuxTablesTest::line)
                            .toList());
            TableSurvey survey = table.survey();
            tableCount += survey.tables();
            leafCount += survey.leaves();
            assertThat(survey.mappedBytes()).isEqualTo(bytes(expected, record.get("sid")));
        }
        assertThat(tableCount).isEqualTo(tables);
        assertThat(leafCount).isEqualTo(leaves).isEqualTo(expected.size());
    }

    private static PageTable adopt(Map<String, String> record, TestHost host) {
        assertThat(record.get("TG0")).isEqualTo("0");
        assertThat(record.get("IPS")).as("44 bits").isEqualTo("4");
        int inputBits = 64 - Integer.parseInt(record.get("T0SZ"));
        long root = Long.decode(record.get("TTB0"));
        return new Stage1Format().adopt(Configs.of(Configs.SIZES_4K, inputBits, 44, 0), root, host);
    }

    private static String line(Map<String, String> row) {
        int prot = row.get("perm").equals("rw") ? Prot.READ | Prot.WRITE : Prot.READ;
        prot |= row.get("SH").equals("3") ? Prot.CACHE : 0;
        prot |= row.get("attr").equals("0x04") ? Prot.MMIO : 0;
        prot |= row.get("UXN").equals("1") ? Prot.NOEXEC : 0;
        return line(
                Long.decode(row.get("iova")),
                Long.decode(row.get("pa")),
                Long.decode(row.get("size")),
                Long.parseUnsignedLong(row.get("pte").substring(2), 16),
                prot);
    }

    private static String line(long iova, long paddr, long size, long descriptor, int prot) {
        return String.format("0x%x 0x%x 0x%x 0x%016x %s", iova, paddr, size, descriptor, Prot.toString(prot));
    }

    private static long bytes(List<Map<String, String>> rows, String sid) {
        return rows.stream()
                .filter(row -> row.get("sid").equals(sid))
                .mapToLong(row -> Long.decode(row.get("size")))
                .sum();
    }

    private static List<Map<String, String>> rows(String capture, String file) throws IOException {
        try (InputStream text = resource(capture, file)) {
            List<String> lines = new String(text.readAllBytes(), StandardCharsets.UTF_8)
                    .lines()
                    .toList();
            String[] columns = lines.get(0).split(",");
            List<Map<String, String>> rows = new ArrayList<>();
            for (String line : lines.subList(1, lines.size())) {
                String[] cells = line.split(",");
                Map<String, String> row = new HashMap<>();
                for (int i = 0; i < columns.length; i++) {
                    row.put(columns[i], cells[i]);
                }
                rows.add(row);
            }
            return rows;
        }
    }

    private static InputStream resource(String capture, String file) {
        InputStream stream = LinuxTablesTest.class.getResourceAsStream("/linux/" + capture + "/" + file);
        assertThat(stream).as("%s of %s", file, capture).isNotNull();
        return stream;
    }
}
