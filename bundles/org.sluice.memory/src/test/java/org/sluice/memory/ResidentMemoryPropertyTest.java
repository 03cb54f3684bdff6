package org.sluice.memory;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.sluice.spi.memory.MemoryAbortException;
import org.sluice.spi.memory.MemoryRegion;
import org.sluice.spi.memory.PhysicalMemory;

/** Random accesses around the seam of two windows and a gap, against plain bytes. */
class ResidentMemoryPropertyTest {
    private static final long FIRST = 0x1f_0000;
    private static final int SIZE = 0x6_0000;
    private static final List<MemoryRegion> REGIONS =
            List.of(new MemoryRegion(FIRST, 0x2_0000), new MemoryRegion(FIRST + 0x3_0000, 0x3_0000));

    enum Kind {
        WRITE8,
        WRITE32,
        WRITE64,
        RELEASE64,
        CAS32,
        CAS64,
        WRITE_BYTES,
        CLEAR,
        READ8,
        READ32,
        READ64,
        READ_BYTES
    }

    record Access(Kind kind, long address, int length, long value) {
        @Override
        public String toString() {
            return String.format("%s(0x%x, 0x%x, 0x%x)", kind, address, length, value);
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void behavesLikePlainBytesWithAborts(long seed) {
        Random random = new Random(seed);
        List<Access> accesses = new ArrayList<>();
        for (int i = 0; i < 3000; i++) {
            accesses.add(access(random));
        }
        Sequence.check(seed, accesses, ResidentMemoryPropertyTest::replay);
    }

    private static Access access(Random random) {
        // Mostly near a few edges, where accesses meet each other and the ends of memory.
        long[] edges = {0, 0x1_0000, 0x2_0000, 0x3_0000, 0x6_0000};
        long address = FIRST + edges[random.nextInt(edges.length)] + random.nextInt(160) - 80;
        Kind kind = Kind.values()[random.nextInt(Kind.values().length)];
        if (random.nextInt(8) != 0) {
            address &= -8;
        }
        int length = 1 + random.nextInt(kind == Kind.CLEAR ? 8 : 64) * (kind == Kind.CLEAR ? 8 : 1);
        if (kind == Kind.CLEAR && random.nextInt(8) != 0) {
            length = length + 7 & -8;
        }
        return new Access(kind, address, length, random.nextInt(3) == 0 ? 0 : random.nextLong());
    }

    private static void replay(List<Access> accesses) {
        PhysicalMemory memory = new ResidentMemory(REGIONS);
        PlainBytes model = new PlainBytes();
        for (Access access : accesses) {
            assertThat(outcome(memory, model, access)).as("%s", access).isEqualTo(model.expect(access));
        }
        for (MemoryRegion region : REGIONS) {
            byte[] all = new byte[(int) region.size()];
            memory.read(region.base(), all, 0, all.length);
            int from = (int) (region.base() - FIRST);
            assertThat(all).isEqualTo(Arrays.copyOfRange(model.bytes.array(), from, from + all.length));
        }
    }

    private static Object outcome(PhysicalMemory memory, PlainBytes model, Access access) {
        long at = access.address;
        try {
            switch (access.kind) {
                case READ8:
                    return (long) memory.read8(at);
                case READ32:
                    return (long) memory.read32(at);
                case READ64:
                    return memory.read64(at);
                case READ_BYTES:
                    byte[] target = new byte[access.length + 2];
                    memory.read(at, target, 1, access.length);
                    return List.of(hex(target));
                case CAS32:
                    return memory.compareAndSet32(at, (int) model.wordOr0(at, 4), (int) access.value);
                case CAS64:
                    return memory.compareAndSet64(at, access.value, access.value + 1);
                case WRITE8:
                    memory.write8(at, (byte) access.value);
                    return "done";
                case WRITE32:
                    memory.write32(at, (int) access.value);
                    return "done";
                case WRITE64:
                    memory.write64(at, access.value);
                    return "done";
                case RELEASE64:
                    memory.write64Release(at, access.value);
                    return "done";
                case WRITE_BYTES:
                    memory.write(at, PlainBytes.pattern(access), 3, access.length);
                    return "done";
                default:
                    memory.clear(at, access.length);
                    return "done";
            }
        } catch (MemoryAbortException abort) {
            return "abort at " + Long.toHexString(abort.address());
        }
    }

    private static String hex(byte[] bytes) {
        return Arrays.toString(bytes);
    }

    /** The model: one array, and the rule where memory is. */
    private static final class PlainBytes {
        private final ByteBuffer bytes = ByteBuffer.allocate(SIZE).order(ByteOrder.LITTLE_ENDIAN);

        private static boolean isMemory(long address, int length) {
            for (long at = address; at < address + length; at++) {
                long byteAt = at;
                if (REGIONS.stream().noneMatch(region -> byteAt >= region.base() && byteAt <= region.last())) {
                    return false;
                }
            }
            return true;
        }

        private long wordOr0(long address, int size) {
            if (address % size != 0 || !isMemory(address, size)) {
                return 0;
            }
            int at = (int) (address - FIRST);
            return size == 1 ? bytes.get(at) : size == 4 ? bytes.getInt(at) : bytes.getLong(at);
        }

        private static byte[] pattern(Access access) {
            byte[] source = new byte[access.length + 3];
            for (int i = 0; i < source.length; i++) {
                source[i] = (byte) (access.value + i * 37);
            }
            return source;
        }

        private Object expect(Access access) {
            long address = access.address;
            int at = (int) (address - FIRST);
            int size = size(access);
            boolean misaligned = access.kind == Kind.CLEAR
                    ? (address % 8 | access.length % 8) != 0
                    : isSingle(access.kind) && address % size != 0;
            if (misaligned || !isMemory(address, size)) {
                return "abort at " + Long.toHexString(address);
            }
            switch (access.kind) {
                case READ8:
                case READ32:
                case READ64:
                    return wordOr0(address, size);
                case READ_BYTES:
                    byte[] target = new byte[access.length + 2];
                    bytes.slice(at, access.length).get(target, 1, access.length);
                    return List.of(hex(target));
                case CAS32:
                    bytes.putInt(at, (int) access.value);
                    return true;
                case CAS64:
                    boolean equal = bytes.getLong(at) == access.value;
                    if (equal) {
                        bytes.putLong(at, access.value + 1);
                    }
                    return equal;
                case WRITE8:
                    bytes.put(at, (byte) access.value);
                    return "done";
                case WRITE32:
                    bytes.putInt(at, (int) access.value);
                    return "done";
                case WRITE64:
                case RELEASE64:
                    bytes.putLong(at, access.value);
                    return "done";
                case WRITE_BYTES:
                    bytes.put(at, pattern(access), 3, access.length);
                    return "done";
                default:
                    Arrays.fill(bytes.array(), at, at + access.length, (byte) 0);
                    return "done";
            }
        }

        private static boolean isSingle(Kind kind) {
            return kind != Kind.READ_BYTES && kind != Kind.WRITE_BYTES && kind != Kind.CLEAR;
        }

        private static int size(Access access) {
            switch (access.kind) {
                case READ8:
                case WRITE8:
                    return 1;
                case READ32:
                case WRITE32:
                case CAS32:
                    return 4;
                case READ64:
                case WRITE64:
                case RELEASE64:
                case CAS64:
                    return 8;
                default:
                    return access.length;
            }
        }
    }
}
