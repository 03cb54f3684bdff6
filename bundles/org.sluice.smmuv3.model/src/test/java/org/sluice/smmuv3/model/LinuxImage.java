package org.sluice.smmuv3.model;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;
import org.sluice.smmuv3.arch.Idr5;
import org.sluice.spi.memory.MemoryRegion;
import org.sluice.spi.memory.PhysicalMemory;

/**
 * A capture of a machine: memory, registers, and what an independent walker found. The Linux captures of this bundle,
 * or those in the folder that the system property {@value #FOLDER} names.
 *
 * @param folder where it is; null for one of this bundle
 */
record LinuxImage(String name, Path folder) {
    /** System property with a folder of captures. */
    static final String FOLDER = "sluice.captures";

    private static final List<String> OWN =
            List.of("single-nvme", "nvme-virtioblk-strict", "passthrough-vfio", "vfio-16k", "stage2-strict");
    private static final List<Integer> OUTPUT_BITS = List.of(32, 36, 40, 42, 44, 48, 52);
    private static final int PT_LOAD = 1;
    private static final int PROGRAM_HEADER_BYTES = 56;
    private static final long CHUNK = 1 << 21;
    private static final Pattern REGISTER = Pattern.compile(
            "\"(\\w+)\":\\s*\\{\\s*\"offset\":\\s*\"(0x\\w+)\",\\s*\"width\":\\s*(\\d+),\\s*\"value\":\\s*\"(0x\\w+)\"");

    /** A register as found. */
    record Register(String name, long offset, int width, long value) {}

    private record Segment(long address, int offset, int length) {}

    static Stream<LinuxImage> all() {
        String given = System.getProperty(FOLDER);
        if (given == null) {
            return OWN.stream().map(name -> new LinuxImage(name, null));
        }
        try (Stream<Path> folders = Files.list(Path.of(given))) {
            return folders
                    .filter(folder -> Files.exists(folder.resolve("smmu-registers.json")))
                    .sorted()
                    .map(folder -> new LinuxImage(folder.getFileName().toString(), folder))
                    .toList()
                    .stream();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public String toString() {
        return name;
    }

    private InputStream open(String file) throws IOException {
        InputStream plain = find(file);
        if (plain != null) {
            return plain;
        }
        InputStream packed = find(file + ".gz");
        if (packed == null) {
            throw new IOException("no " + file + " in capture " + name);
        }
        return new GZIPInputStream(packed);
    }

    private InputStream find(String file) throws IOException {
        if (folder == null) {
            return LinuxImage.class.getResourceAsStream("linux/" + name + "/" + file);
        }
        Path path = folder.resolve(file);
        return Files.exists(path) ? Files.newInputStream(path) : null;
    }

    private byte[] core() {
        try (InputStream stream = open("memory-sparse.elf")) {
            return stream.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static List<Segment> segments(byte[] file) {
        ByteBuffer elf = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
        int headers = (int) elf.getLong(32);
        int count = elf.getShort(56);
        List<Segment> segments = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            int header = headers + i * PROGRAM_HEADER_BYTES;
            if (elf.getInt(header) == PT_LOAD) {
                segments.add(new Segment(
                        elf.getLong(header + 24), (int) elf.getLong(header + 8), (int) elf.getLong(header + 32)));
            }
        }
        return segments;
    }

    /** Memory where the core has any, in chunks of 2 MiB. */
    List<MemoryRegion> regions() {
        TreeMap<Long, Long> chunks = new TreeMap<>();
        for (Segment segment : segments(core())) {
            for (long at = segment.address() & -CHUNK; at < segment.address() + segment.length(); at += CHUNK) {
                chunks.put(at, CHUNK);
            }
        }
        List<MemoryRegion> regions = new ArrayList<>();
        for (long chunk : chunks.keySet()) {
            MemoryRegion last = regions.isEmpty() ? null : regions.get(regions.size() - 1);
            if (last != null && last.base() + last.size() == chunk) {
                regions.set(regions.size() - 1, new MemoryRegion(last.base(), last.size() + CHUNK));
            } else {
                regions.add(new MemoryRegion(chunk, CHUNK));
            }
        }
        return regions;
    }

    /** Writes the PT_LOAD segments of the ELF core to their physical addresses. */
    void load(PhysicalMemory memory) {
        byte[] file = core();
        for (Segment segment : segments(file)) {
            memory.write(segment.address(), file, segment.offset(), segment.length());
        }
    }

    Map<String, Register> registers() {
        Map<String, Register> registers = new LinkedHashMap<>();
        Matcher matcher = REGISTER.matcher(text("smmu-registers.json"));
        while (matcher.find()) {
            registers.put(
                    matcher.group(1),
                    new Register(
                            matcher.group(1),
                            Long.decode(matcher.group(2)),
                            Integer.parseInt(matcher.group(3)),
                            Long.parseUnsignedLong(matcher.group(4).substring(2), 16)));
        }
        return registers;
    }

    /** Width of the physical addresses that the captured SMMU puts out. */
    int outputBits() {
        return OUTPUT_BITS.get((int) Idr5.oas((int) registers().get("IDR5").value()));
    }

    /** Rows of a CSV, by column name. */
    List<Map<String, String>> rows(String file) {
        String[] lines = text(file).split("\\R");
        String[] columns = lines[0].split(",");
        List<Map<String, String>> rows = new ArrayList<>();
        for (int i = 1; i < lines.length; i++) {
            String[] cells = lines[i].split(",", -1);
            Map<String, String> row = new LinkedHashMap<>();
            for (int column = 0; column < columns.length; column++) {
                row.put(columns[column], cells[column]);
            }
            rows.add(row);
        }
        return rows;
    }

    private String text(String file) {
        try (InputStream stream = open(file)) {
            return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
