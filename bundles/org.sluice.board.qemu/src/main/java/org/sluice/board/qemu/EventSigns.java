package org.sluice.board.qemu;

import org.sluice.smmuv3.arch.EventqProd;
import org.sluice.spi.bus.RegisterFile;

/** For a QEMU that does not log for us: what was aborted without an event record, or with a full queue, is not noticed. */
final class EventSigns implements AbortSigns {
    private final RegisterFile registers;
    private int producer;

    EventSigns(RegisterFile registers) {
        this.registers = registers;
    }

    @Override
    public void mark() {
        producer = registers.read32(EventqProd.ADDRESS);
    }

    @Override
    public boolean seen() {
        return registers.read32(EventqProd.ADDRESS) != producer;
    }
}
