package org.sluice.trace.fake;

import java.lang.reflect.Proxy;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.sluice.api.Prot;
import org.sluice.process.Area;
import org.sluice.process.Process;
import org.sluice.spi.sva.ProcessAddressSpace;

/** A process of the fake platform: rights and a frame by page. A frame that a child shares is marked in both. */
final class FakeProcess implements Process {
    /** Answers of {@link #access}. */
    static final long NO_PAGE = -1;

    static final long NOT_ALLOWED = -2;

    private final FakeProcesses table;
    private final long number;
    private final Map<Long, Integer> rights = new HashMap<>();
    private final Map<Long, Long> frames = new HashMap<>();
    private final Map<Long, Boolean> shared = new HashMap<>();

    FakeProcess(FakeProcesses table, long number) {
        this.table = table;
        this.number = number;
    }

    /** Physical address for an access, which brings a page in or copies it; negative if there is none. */
    synchronized long access(long address, boolean write, boolean device) {
        long page = address & -PAGE;
        Integer prot = rights.get(page);
        if (prot == null || device && table.has(Defect.NO_DEMAND) && !frames.containsKey(page)) {
            return NO_PAGE;
        }
        if (write && (prot & Prot.WRITE) == 0 && !table.has(Defect.WRITABLE)) {
            return NOT_ALLOWED;
        }
        if (!frames.containsKey(page)) {
            frames.put(page, table.frame());
            count(device);
        } else if (write && shared.containsKey(page) && !(device && table.has(Defect.NO_COPY))) {
            frames.put(page, table.copy(frames.get(page)));
            shared.remove(page);
            count(device);
        }
        return frames.get(page) + address % PAGE;
    }

    private void count(boolean device) {
        if (device) {
            table.repair();
        }
    }

    @Override
    public long number() {
        return number;
    }

    @Override
    public synchronized void mmap(long address, long size, int prot) {
        for (long page = address; page < address + size; page += PAGE) {
            rights.put(page, prot);
        }
    }

    @Override
    public synchronized void munmap(long address, long size) {
        for (long page = address; page < address + size; page += PAGE) {
            rights.remove(page);
            frames.remove(page);
        }
    }

    @Override
    public void mprotect(long address, long size, int prot) {
        mmap(address, size, prot);
    }

    @Override
    public synchronized Process fork() {
        FakeProcess child = table.start();
        child.rights.putAll(rights);
        child.frames.putAll(frames);
        frames.keySet().forEach(page -> {
            shared.put(page, true);
            child.shared.put(page, true);
        });
        return child;
    }

    @Override
    public void read(long address, byte[] target, int offset, int length) {
        for (int index = 0; index < length; index++) {
            table.memory().read(access(address + index, false, false), target, offset + index, 1);
        }
    }

    @Override
    public void write(long address, byte[] source, int offset, int length) {
        for (int index = 0; index < length; index++) {
            table.memory().write(access(address + index, true, false), source, offset + index, 1);
        }
    }

    @Override
    public void exit() {
        table.exited(this);
    }

    @Override
    public List<Area> areas() {
        throw new UnsupportedOperationException();
    }

    @Override
    public synchronized int residentPages() {
        return frames.size();
    }

    /** Translates, and nothing else. */
    @Override
    public ProcessAddressSpace addressSpace() {
        return (ProcessAddressSpace) Proxy.newProxyInstance(
                FakeProcess.class.getClassLoader(),
                new Class<?>[] {ProcessAddressSpace.class},
                (proxy, method, args) -> {
                    if (!method.getName().equals("translate")) {
                        throw new UnsupportedOperationException(method.getName());
                    }
                    return access((long) args[0], false, false);
                });
    }
}
