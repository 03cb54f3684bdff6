package org.sluice.process.internal;

import java.util.HashMap;
import java.util.Map;
import org.sluice.process.Process;
import org.sluice.spi.memory.PageAllocator;
import org.sluice.spi.memory.PhysicalMemory;

/** Page frames of the processes on one board, counted by how many pages refer to each. Any thread may call it. */
final class Frames {
    private final PhysicalMemory memory;
    private final PageAllocator allocator;
    private final Map<Long, Integer> references = new HashMap<>(); // guarded by this

    Frames(PhysicalMemory memory, PageAllocator allocator) {
        this.memory = memory;
        this.allocator = allocator;
    }

    PhysicalMemory memory() {
        return memory;
    }

    PageAllocator allocator() {
        return allocator;
    }

    /** A zeroed frame with one reference. */
    long allocate() {
        long frame = allocator.allocate(Process.PAGE, Process.PAGE);
        synchronized (this) {
            references.put(frame, 1);
        }
        return frame;
    }

    /** A frame with the same content and one reference. */
    long copy(long frame) {
        long copy = allocate();
        byte[] content = new byte[(int) Process.PAGE];
        memory.read(frame, content, 0, content.length);
        memory.write(copy, content, 0, content.length);
        return copy;
    }

    synchronized void share(long frame) {
        references.merge(frame, 1, Integer::sum);
    }

    synchronized boolean isShared(long frame) {
        return references.get(frame) > 1;
    }

    /** Takes one reference away; the last one frees. */
    void release(long frame) {
        synchronized (this) {
            int left = references.get(frame) - 1;
            if (left > 0) {
                references.put(frame, left);
                return;
            }
            references.remove(frame);
        }
        allocator.free(frame, Process.PAGE);
    }

    /** Frames in use. */
    synchronized int count() {
        return references.size();
    }
}
