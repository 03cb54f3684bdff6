package org.sluice.pgtable.arm;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.zip.GZIPInputStream;
import org.sluice.spi.memory.PhysicalMemory;

/** Loads the segments of a packed ELF64 core into memory, at their physical addresses. */
final class CoreImage {
    private static final int PT_LOAD = 1;

    private CoreImage() {}

    static void load(InputStream packed, PhysicalMemory memory) throws IOException {
        ByteBuffer elf =
                ByteBuffer.wrap(new GZIPInputStream(packed).readAllBytes()).order(ByteOrder.LITTLE_ENDIAN);
        int headers = (int) elf.getLong(32);
        int headerBytes = elf.getShort(54);
        for (int i = 0; i < elf.getShort(56); i++) {
            int at = headers + i * headerBytes;
            if (elf.getInt(at) == PT_LOAD) {
                int offset = (int) elf.getLong(at + 8);
                memory.write(elf.getLong(at + 24), elf.array(), offset, (int) elf.getLong(at + 32));
            }
        }
    }
}
