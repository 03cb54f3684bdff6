package org.sluice.memory;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.sluice.spi.memory.MemoryAbortException;
import org.sluice.spi.memory.MemoryRegion;
import org.sluice.spi.memory.PhysicalMemory;

/**
 * Physical memory on the Java heap: 2 MiB windows of {@code long}s that come into being with their first write. A window
 * that was never written costs one reference and reads as 0.
 *
 * <p>Any thread may call it; it takes no lock. Writes of 8 and 32 bits are compare-and-set loops on their word, so they
 * never lose a neighbour's write.
 */
final class ResidentMemory implements PhysicalMemory {
    private static final VarHandle WORDS = MethodHandles.arrayElementVarHandle(long[].class);

    private final Extent[] extents;

    ResidentMemory(List<MemoryRegion> regions) {
        extents = Extents.of(regions);
    }

    @Override
    public boolean contains(long address, long bytes) {
        for (Extent extent : extents) {
            if (extent.contains(address, bytes)) {
                return true;
            }
        }
        return false;
    }

    @Override
    public byte read8(long address) {
        long[] window = extent(address, 1, "read").windowOrNull(address);
        return window == null ? 0 : (byte) ((long) WORDS.getOpaque(window, Extent.word(address)) >>> shift(address));
    }

    @Override
    public int read32(long address) {
        long[] window = extent(address, Integer.BYTES, "read").windowOrNull(address);
        return window == null ? 0 : (int) ((long) WORDS.getOpaque(window, Extent.word(address)) >>> shift(address));
    }

    @Override
    public long read64(long address) {
        long[] window = extent(address, Long.BYTES, "read").windowOrNull(address);
        return window == null ? 0 : (long) WORDS.getOpaque(window, Extent.word(address));
    }

    @Override
    public void write8(long address, byte value) {
        long[] window = extent(address, 1, "write").window(address);
        int shift = shift(address);
        WindowBytes.insert(window, Extent.word(address), (value & 0xffL) << shift, 0xffL << shift);
    }

    @Override
    public void write32(long address, int value) {
        long[] window = extent(address, Integer.BYTES, "write").window(address);
        int shift = shift(address);
        WindowBytes.insert(window, Extent.word(address), (value & 0xffff_ffffL) << shift, 0xffff_ffffL << shift);
    }

    @Override
    public void write64(long address, long value) {
        WORDS.setOpaque(extent(address, Long.BYTES, "write").window(address), Extent.word(address), value);
    }

    @Override
    public long read64Acquire(long address) {
        long[] window = extent(address, Long.BYTES, "read").windowOrNull(address);
        return window == null ? 0 : (long) WORDS.getAcquire(window, Extent.word(address));
    }

    @Override
    public void write64Release(long address, long value) {
        WORDS.setRelease(extent(address, Long.BYTES, "write").window(address), Extent.word(address), value);
    }

    @Override
    public boolean compareAndSet64(long address, long expected, long value) {
        long[] window = extent(address, Long.BYTES, "compare-and-set").window(address);
        return WORDS.compareAndSet(window, Extent.word(address), expected, value);
    }

    @Override
    public boolean compareAndSet32(long address, int expected, int value) {
        long[] window = extent(address, Integer.BYTES, "compare-and-set").window(address);
        int word = Extent.word(address);
        int shift = shift(address);
        long mask = 0xffff_ffffL << shift;
        while (true) {
            long old = (long) WORDS.getVolatile(window, word);
            if ((int) (old >>> shift) != expected) {
                return false;
            }
            if (WORDS.compareAndSet(window, word, old, old & ~mask | (value & 0xffff_ffffL) << shift)) {
                return true;
            }
        }
    }

    @Override
    public boolean atomicWithDevice() {
        return true;
    }

    @Override
    public void read(long address, byte[] target, int offset, int length) {
        Objects.checkFromIndexSize(offset, length, target.length);
        if (length == 0) {
            return;
        }
        Extent extent = range(address, length, "read");
        int done = 0;
        while (done < length) {
            long at = address + done;
            int run = (int) Math.min(length - done, Extent.WINDOW_BYTES - (at & Extent.WINDOW_MASK));
            long[] window = extent.windowOrNull(at);
            if (window == null) {
                Arrays.fill(target, offset + done, offset + done + run, (byte) 0);
            } else {
                WindowBytes.read(window, (int) (at & Extent.WINDOW_MASK), target, offset + done, run);
            }
            done += run;
        }
    }

    @Override
    public void write(long address, byte[] source, int offset, int length) {
        Objects.checkFromIndexSize(offset, length, source.length);
        if (length == 0) {
            return;
        }
        Extent extent = range(address, length, "write");
        int done = 0;
        while (done < length) {
            long at = address + done;
            int run = (int) Math.min(length - done, Extent.WINDOW_BYTES - (at & Extent.WINDOW_MASK));
            WindowBytes.write(extent.window(at), (int) (at & Extent.WINDOW_MASK), source, offset + done, run);
            done += run;
        }
    }

    @Override
    public void clear(long address, long bytes) {
        if (bytes == 0) {
            return;
        }
        if (((address | bytes) & Long.BYTES - 1) != 0) {
            throw misaligned(address, bytes, "clear");
        }
        Extent extent = range(address, bytes, "clear");
        long done = 0;
        while (done < bytes) {
            long at = address + done;
            long run = Math.min(bytes - done, Extent.WINDOW_BYTES - (at & Extent.WINDOW_MASK));
            long[] window = extent.windowOrNull(at);
            if (window != null) {
                // Plain stores: a 64-bit virtual machine does not tear them, and this loop becomes vector stores.
                Arrays.fill(window, Extent.word(at), Extent.word(at) + (int) (run >>> 3), 0);
            }
            done += run;
        }
    }

    @Override
    public long windowBytes() {
        return Extent.WINDOW_BYTES;
    }

    @Override
    public long[] window(long address) {
        return range(address, 1, "window").window(address);
    }

    @Override
    public long[] writtenWindow(long address) {
        return range(address, 1, "window").windowOrNull(address);
    }

    private static int shift(long address) {
        return (int) (address & 7) << 3;
    }

    /** Where a single access of a power of two goes: an aligned one never leaves its extent. */
    private Extent extent(long address, int bytes, String what) {
        if ((address & bytes - 1) != 0) {
            throw misaligned(address, bytes, what);
        }
        return range(address, bytes, what);
    }

    private Extent range(long address, long bytes, String what) {
        for (Extent extent : extents) {
            if (extent.contains(address, bytes)) {
                return extent;
            }
        }
        throw new MemoryAbortException(
                address,
                String.format("%s of 0x%x bytes at 0x%x: not memory, which is %s", what, bytes, address, this));
    }

    private static MemoryAbortException misaligned(long address, long bytes, String what) {
        return new MemoryAbortException(
                address, String.format("%s of 0x%x bytes at 0x%x is misaligned", what, bytes, address));
    }

    @Override
    public String toString() {
        StringBuilder text = new StringBuilder();
        for (Extent extent : extents) {
            text.append(text.length() == 0 ? "" : ", ").append(new MemoryRegion(extent.base, extent.size));
        }
        return text.toString();
    }
}
