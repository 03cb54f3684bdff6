package org.sluice.board.model;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import org.sluice.api.Counters;
import org.sluice.spi.board.Dma;
import org.sluice.spi.bus.InterruptLines;
import org.sluice.spi.bus.PowerDomain;
import org.sluice.spi.bus.PowerSwitch;
import org.sluice.spi.bus.RegisterFile;

/**
 * The power of an IOMMU and of the devices behind it. While it is off, registers read as 0, writes are lost and counted, and
 * transactions abort; the IOMMU keeps its registers and whatever it cached. Any thread: a transaction holds the lock shared, a
 * switch holds it alone, and register accesses, which the listeners of a switch make, do without.
 */
final class SwitchedPower implements PowerDomain, PowerSwitch {
    private final List<Runnable> listeners = new CopyOnWriteArrayList<>();
    private final ReadWriteLock lock = new ReentrantReadWriteLock();
    private final LongAdder lost = new LongAdder();
    private final LongAdder cycles = new LongAdder();
    private volatile boolean on = true;

    @Override
    public boolean isOn() {
        return on;
    }

    @Override
    public InterruptLines.Subscription onPowerUp(Runnable listener) {
        Runnable own = listener::run;
        listeners.add(own);
        return () -> listeners.remove(own);
    }

    @Override
    public void off() {
        lock.writeLock().lock();
        try {
            on = false;
        } finally {
            lock.writeLock().unlock();
        }
    }

    @Override
    public void on() {
        lock.writeLock().lock();
        try {
            if (!on) {
                on = true;
                cycles.increment();
                listeners.forEach(Runnable::run);
            }
        } finally {
            lock.writeLock().unlock();
        }
    }

    /** A bus that is dead while the power is off. */
    TransactionBus over(TransactionBus bus) {
        return (pasid, address, flags, data, offset, length) -> {
            lock.readLock().lock();
            try {
                return on ? bus.transact(pasid, address, flags, data, offset, length) : Dma.ABORT;
            } finally {
                lock.readLock().unlock();
            }
        };
    }

    /** A register file that is dead while the power is off. */
    RegisterFile over(RegisterFile registers) {
        return new RegisterFile() {
            @Override
            public int read32(long offset) {
                return on ? registers.read32(offset) : 0;
            }

            @Override
            public long read64(long offset) {
                return on ? registers.read64(offset) : 0;
            }

            @Override
            public void write32(long offset, int value) {
                if (on) {
                    registers.write32(offset, value);
                } else {
                    lost.increment();
                }
            }

            @Override
            public void write64(long offset, long value) {
                if (on) {
                    registers.write64(offset, value);
                } else {
                    lost.increment();
                }
            }
        };
    }

    /** The counters of an IOMMU, and what became of its power. */
    Counters beside(Counters model) {
        return new Counters() {
            @Override
            public String subject() {
                return model.subject();
            }

            @Override
            public Map<String, Long> read() {
                Map<String, Long> all = new LinkedHashMap<>(model.read());
                all.put("power.up", cycles.sum());
                all.put("power.lost-write", lost.sum());
                return all;
            }
        };
    }
}
