package org.sluice.board.qemu;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import org.sluice.spi.memory.MemoryAbortException;
import org.sluice.spi.memory.MemoryRegion;
import org.sluice.spi.memory.PhysicalMemory;

/**
 * Memory of QEMU's machine. It has no windows. Writes are posted in the order of the calls; a read goes to QEMU unless the
 * page is one of the {@link TablePages}. Compare-and-set is atomic among our threads only.
 */
final class QemuMemory implements PhysicalMemory {
    private static final VarHandle LONGS = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    private static final int PAGE_BYTES = TablePages.PAGE_BYTES;
    private static final long LOW_HALF = 0xffff_ffffL;

    private final Qtest qtest;
    private final MemoryRegion region;
    private final TablePages pages;

    QemuMemory(Qtest qtest, MemoryRegion region, TablePages pages) {
        this.qtest = qtest;
        this.region = region;
        this.pages = pages;
    }

    @Override
    public boolean contains(long address, long bytes) {
        return region.contains(address, bytes);
    }

    @Override
    public byte read8(long address) {
        require(address, 1);
        return qtest.read8(address);
    }

    @Override
    public int read32(long address) {
        require(address, Integer.BYTES);
        long[] copy = pages.copy(address);
        return copy == null ? qtest.read32(address) : half(TablePages.get(copy, address), address);
    }

    @Override
    public long read64(long address) {
        require(address, Long.BYTES);
        long[] copy = pages.copy(address);
        return copy == null ? qtest.read64(address) : TablePages.get(copy, address);
    }

    @Override
    public long read64Acquire(long address) {
        require(address, Long.BYTES);
        long[] copy = pages.copy(address);
        return copy == null ? qtest.read64(address) : TablePages.getAcquire(copy, address);
    }

    @Override
    public void write8(long address, byte value) {
        require(address, 1);
        synchronized (pages.lock(address)) {
            qtest.write8(address, value);
            pages.drop(address);
        }
    }

    @Override
    public void write32(long address, int value) {
        require(address, Integer.BYTES);
        synchronized (pages.lock(address)) {
            qtest.write32(address, value);
            long[] copy = pages.copy(address);
            if (copy != null) {
                TablePages.set(copy, address, withHalf(TablePages.get(copy, address), address, value));
            }
        }
    }

    @Override
    public void write64(long address, long value) {
        require(address, Long.BYTES);
        synchronized (pages.lock(address)) {
            store(pages.copy(address), address, value);
        }
    }

    @Override
    public void write64Release(long address, long value) {
        require(address, Long.BYTES);
        synchronized (pages.lock(address)) {
            store(table(address), address, value);
        }
    }

    @Override
    public boolean compareAndSet64(long address, long expected, long value) {
        require(address, Long.BYTES);
        synchronized (pages.lock(address)) {
            long[] copy = table(address);
            long found = copy == null ? qtest.read64(address) : TablePages.get(copy, address);
            if (found == expected) {
                store(copy, address, value);
            }
            return found == expected;
        }
    }

    @Override
    public boolean compareAndSet32(long address, int expected, int value) {
        require(address, Integer.BYTES);
        synchronized (pages.lock(address)) {
            long[] copy = table(address);
            int found = copy == null ? qtest.read32(address) : half(TablePages.get(copy, address), address);
            if (found != expected) {
                return false;
            }
            qtest.write32(address, value);
            if (copy != null) {
                TablePages.set(copy, address, withHalf(TablePages.get(copy, address), address, value));
            }
            return true;
        }
    }

    @Override
    public boolean atomicWithDevice() {
        return false;
    }

    @Override
    public void read(long address, byte[] target, int offset, int length) {
        if (length != 0) {
            requireAll(address, length);
            qtest.read(address, target, offset, length);
        }
    }

    @Override
    public void write(long address, byte[] source, int offset, int length) {
        if (length == 0) {
            return;
        }
        requireAll(address, length);
        for (int done = 0; done < length; ) {
            long at = address + done;
            int count = (int) Math.min(length - done, leftInPage(at));
            synchronized (pages.lock(at)) {
                qtest.write(at, source, offset + done, count);
                pages.drop(at);
            }
            done += count;
        }
    }

    @Override
    public void clear(long address, long bytes) {
        if (bytes == 0) {
            return;
        }
        requireAll(address, bytes);
        for (long done = 0; done < bytes; ) {
            long at = address + done;
            long count = Math.min(bytes - done, leftInPage(at));
            synchronized (pages.lock(at)) {
                qtest.clear(at, count);
                long[] copy = pages.copy(at);
                if (count == PAGE_BYTES || ((at | count) & Long.BYTES - 1) != 0) {
                    pages.drop(at);
                } else if (copy != null) {
                    for (long word = at; word < at + count; word += Long.BYTES) {
                        TablePages.set(copy, word, 0);
                    }
                }
            }
            done += count;
        }
    }

    @Override
    public long windowBytes() {
        return 0;
    }

    @Override
    public long[] window(long address) {
        return null;
    }

    /** The write leaves first: who reads the copy may rely on it. */
    private void store(long[] copy, long address, long value) {
        qtest.write64(address, value);
        if (copy != null) {
            TablePages.set(copy, address, value);
        }
    }

    /** The copy of a page that is used as a table, made now if it may have one; under the page's lock. */
    private long[] table(long address) {
        long[] copy = pages.copy(address);
        if (copy != null || !pages.admits(address)) {
            return copy;
        }
        byte[] bytes = new byte[PAGE_BYTES];
        qtest.read(address & -PAGE_BYTES, bytes, 0, PAGE_BYTES);
        long[] words = new long[PAGE_BYTES / Long.BYTES];
        for (int i = 0; i < words.length; i++) {
            words[i] = (long) LONGS.get(bytes, i * Long.BYTES);
        }
        pages.admit(address, words);
        return words;
    }

    private static long leftInPage(long address) {
        return PAGE_BYTES - (address & PAGE_BYTES - 1);
    }

    private static int half(long word, long address) {
        return (int) (word >>> 8 * (address & Integer.BYTES));
    }

    private static long withHalf(long word, long address, int value) {
        int shift = (int) (8 * (address & Integer.BYTES));
        return word & ~(LOW_HALF << shift) | Integer.toUnsignedLong(value) << shift;
    }

    private void require(long address, int bytes) {
        if (!region.contains(address, bytes)) {
            throw outside(address, bytes);
        }
        if ((address & bytes - 1) != 0) {
            throw new MemoryAbortException(
                    address, String.format("access of %d bytes at 0x%x is misaligned", bytes, address));
        }
    }

    private void requireAll(long address, long bytes) {
        if (!region.contains(address, bytes)) {
            throw outside(address, bytes);
        }
    }

    private MemoryAbortException outside(long address, long bytes) {
        return new MemoryAbortException(
                address, String.format("access of %d bytes at 0x%x, memory is %s", bytes, address, region));
    }

    @Override
    public String toString() {
        return region.toString();
    }
}
