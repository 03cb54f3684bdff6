package org.sluice.trace.internal.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.sluice.api.IommuException;
import org.sluice.trace.Samples;

class TraceReaderTest {
    private static final String LINE =
            "init-1 [000] ..... 1.5: map: IOMMU: iova=0x1000 - 0x2000 paddr=0x3000 size=4096\n";

    @TempDir
    Path folder;

    @Test
    void plainAndPackedReadTheSame() throws IOException {
        Path plain = Files.writeString(folder.resolve("plain"), LINE.repeat(3));
        Path packed = pack(LINE.repeat(3));
        assertThat(read(packed)).hasSize(3).isEqualTo(read(plain));
    }

    @Test
    void truncatedGzipIsAClearError() throws IOException {
        byte[] whole = Files.readAllBytes(Samples.of("single-nvme").resolve("trace.txt.gz"));
        Path cut = Files.write(folder.resolve("cut.gz"), Arrays.copyOf(whole, whole.length / 2));
        assertThatThrownBy(() -> read(cut))
                .isInstanceOf(IommuException.class)
                .hasMessageContaining("cut.gz breaks off after line")
                .hasMessageContaining("truncated");
    }

    @Test
    void damagedGzipNeverThrowsAnythingElse() throws IOException {
        byte[] whole = Files.readAllBytes(Samples.of("passthrough-vfio").resolve("trace.txt"));
        byte[] packed = Files.readAllBytes(pack(new String(whole, StandardCharsets.ISO_8859_1)));
        Random random = new Random(1);
        for (int round = 0; round < 200; round++) {
            byte[] damaged = packed.clone();
            damaged[2 + random.nextInt(damaged.length - 2)] ^= (byte) (1 + random.nextInt(255));
            Path file = Files.write(folder.resolve("damaged.gz"), damaged);
            try {
                read(file);
            } catch (IommuException clear) {
                assertThat(clear).hasMessageContaining("damaged.gz");
            }
        }
    }

    @Test
    void endlessLineIsMalformedAndTheNextIsRead() throws IOException {
        Path file = Files.writeString(folder.resolve("long"), "x".repeat(1 << 20) + "\n" + LINE);
        assertThat(read(file)).hasSize(2).first().asString().contains("longer than");
    }

    @Test
    void missingFileIsNamed() {
        assertThatThrownBy(() -> read(folder.resolve("absent")))
                .isInstanceOf(IommuException.class)
                .hasMessageContaining("absent");
    }

    private static List<Object> read(Path file) {
        List<Object> found = new ArrayList<>();
        TraceReader.read(file, new EventSink() {
            @Override
            public void event(long line, TraceEvent event) {
                found.add(event);
            }

            @Override
            public void malformed(long line, String reason) {
                found.add(line + reason);
            }
        });
        return found;
    }

    private Path pack(String text) throws IOException {
        Path file = folder.resolve("packed");
        try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(file))) {
            out.write(text.getBytes(StandardCharsets.ISO_8859_1));
        }
        return file;
    }
}
