package org.sluice.smmuv3.model;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.GZIPInputStream;
import org.sluice.spi.memory.PhysicalMemory;

/** A capture of a Linux machine: memory, registers, and what an independent walker found. */
record LinuxImage(String name) {
    private static final int PT_LOAD = 1;
    private static final int PROGRAM_HEADER_BYTES = 56;
    private static final Pattern REGISTER = Pattern.compile(
            "\"(\\w+)\":\\s*\\{\\s*\"offset\":\\s*\"(0x\\w+)\",\\s*\"width\":\\s*(\\d+),\\s*\"value\":\\s*\"(0x\\w+)\"");

    /** A register as found. */
    record Register(String name, long offset, int width, long value) {}

    private InputStream open(String file) {
        InputStream stream = LinuxImage.class.getResourceAsStream("linux/" + name + "/" + file);
        if (stream == null) {
            throw new IllegalArgumentException("no " + file + " in capture " + name);
        }
        return stream;
    }

    /** Writes the PT_LOAD segments of the ELF core to their physical addresses. */
    void load(PhysicalMemory memory) {
        try (InputStream stream = new GZIPInputStream(open("memory-sparse.elf.gz"))) {
            byte[] file = stream.readAllBytes();
            ByteBuffer elf = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
            int headers = (int) elf.getLong(32);
            int count = elf.getShort(56);
            for (int i = 0; i < count; i++) {
                int header = headers + i * PROGRAM_HEADER_BYTES;
                if (elf.getInt(header) == PT_LOAD) {
                    int offset = (int) elf.getLong(header + 8);
                    memory.write(elf.getLong(header + 24), file, offset, (int) elf.getLong(header + 32));
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
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
