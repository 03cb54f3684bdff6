package org.sluice.process.internal;

import java.util.List;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.api.Prot;
import org.sluice.process.Area;
import org.sluice.process.Process;
import org.sluice.spi.sva.ProcessAddressSpace;

/** A process; its CPU is whoever calls. */
final class MemoryProcess implements Process {
    private static final int RIGHTS = Prot.READ | Prot.WRITE | Prot.NOEXEC;

    private final Processes table;
    private final AddressSpaceOfProcess mm;

    MemoryProcess(Processes table, AddressSpaceOfProcess mm) {
        this.table = table;
        this.mm = mm;
    }

    AddressSpaceOfProcess mm() {
        return mm;
    }

    private static int checked(int prot) {
        if ((prot & ~RIGHTS) != 0) {
            throw new IommuException(
                    Errno.EINVAL, "prot is " + Prot.toString(prot) + ", only READ, WRITE and NOEXEC make sense");
        }
        return prot;
    }

    @Override
    public long number() {
        return mm.process();
    }

    @Override
    public void mmap(long address, long size, int prot) {
        mm.add(new Area(address, size, checked(prot)));
    }

    @Override
    public void munmap(long address, long size) {
        mm.remove(address, size);
    }

    @Override
    public void mprotect(long address, long size, int prot) {
        mm.protect(address, size, checked(prot));
    }

    @Override
    public Process fork() {
        return table.fork(this);
    }

    @Override
    public void read(long address, byte[] target, int offset, int length) {
        for (int done = 0; done < length; ) {
            long at = address + done;
            int part = part(at, length - done);
            long frame = mm.access(at, Prot.READ);
            mm.frames().memory().read(frame + (at & PAGE - 1), target, offset + done, part);
            done += part;
        }
    }

    @Override
    public void write(long address, byte[] source, int offset, int length) {
        for (int done = 0; done < length; ) {
            long at = address + done;
            int part = part(at, length - done);
            long frame = mm.access(at, Prot.WRITE);
            mm.frames().memory().write(frame + (at & PAGE - 1), source, offset + done, part);
            done += part;
        }
    }

    private static int part(long address, int left) {
        return (int) Math.min(left, PAGE - (address & PAGE - 1));
    }

    @Override
    public void exit() {
        mm.exit();
        table.remove(this);
    }

    @Override
    public List<Area> areas() {
        return mm.areas();
    }

    @Override
    public int residentPages() {
        return mm.residentPages();
    }

    @Override
    public ProcessAddressSpace addressSpace() {
        return mm;
    }

    @Override
    public String toString() {
        return "process " + number();
    }
}
