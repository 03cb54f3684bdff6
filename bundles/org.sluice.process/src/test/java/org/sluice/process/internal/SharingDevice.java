package org.sluice.process.internal;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.Map;
import org.sluice.api.Prot;
import org.sluice.process.Process;
import org.sluice.spi.sva.PageArrival;
import org.sluice.spi.sva.ProcessAddressSpace;
import org.sluice.spi.sva.ProcessWatcher;

/** A device that shares an address space: it walks the table, keeps what it found until it is told to forget it, and faults. */
final class SharingDevice implements ProcessWatcher {
    private record Entry(long frame, int prot) {}

    private final ProcessAddressSpace mm;
    private final TestBoard board;
    private final Map<Long, Entry> tlb = new HashMap<>();
    boolean exited;
    RuntimeException refuses;
    int invalidations;

    SharingDevice(Process process, TestBoard board) {
        this.mm = process.addressSpace();
        this.board = board;
        mm.watch(this);
    }

    /** One byte; -1 when the process has no such access. */
    int read(long address) {
        long at = translate(address, Prot.READ);
        return at == 0 ? -1 : board.memory().read8(at) & 0xff;
    }

    boolean write(long address, byte value) {
        long at = translate(address, Prot.WRITE);
        if (at != 0) {
            board.memory().write8(at, value);
        }
        return at != 0;
    }

    private synchronized long translate(long address, int access) {
        long page = address & -Process.PAGE;
        for (int tries = 0; tries < 2; tries++) {
            Entry entry = tlb.get(page);
            if (entry == null || (entry.prot() & access) == 0) {
                mm.walk(page, page, (iova, paddr, size, descriptor, prot) -> {
                    tlb.put(iova, new Entry(paddr, prot));
                    return true;
                });
                entry = tlb.get(page);
            }
            if (entry != null && (entry.prot() & access) != 0) {
                assertThat(board.allocator().isAllocated(entry.frame(), Process.PAGE))
                        .as("the frame of 0x%x that the device holds", address)
                        .isTrue();
                return entry.frame() + (address - page);
            }
            if (mm.faultIn(address, access, false) != PageArrival.PRESENT) {
                return 0;
            }
        }
        throw new AssertionError("a page that is present does not translate");
    }

    @Override
    public synchronized void invalidate(long address, long size) {
        if (refuses != null) {
            throw refuses;
        }
        invalidations++;
        tlb.keySet().removeIf(page -> page >= address && page < address + size);
    }

    @Override
    public void exit() {
        if (refuses != null) {
            throw refuses;
        }
        exited = true;
        tlb.clear();
        mm.unwatch(this);
    }
}
