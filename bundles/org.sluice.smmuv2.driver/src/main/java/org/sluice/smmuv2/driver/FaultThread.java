package org.sluice.smmuv2.driver;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.sluice.api.FaultEvent;
import org.sluice.api.FaultReason;
import org.sluice.api.FaultResponse;
import org.sluice.driver.base.RateLimit;
import org.sluice.driver.base.UnitLog;
import org.sluice.smmuv2.arch.FaultStatus;
import org.sluice.smmuv2.arch.Resume;
import org.sluice.smmuv2.arch.SGfar;
import org.sluice.smmuv2.arch.SGfsr;
import org.sluice.smmuv2.arch.SGfsynr0;
import org.sluice.smmuv2.arch.SGfsynr1;
import org.sluice.spi.bus.InterruptLines;
import org.sluice.spi.driver.FaultRecord;
import org.sluice.spi.driver.PageRequest;
import org.sluice.spi.driver.UnitHost;

/**
 * The thread of a unit: looks at the fault registers when an interrupt says so and, because a line that nobody listened to
 * is not remembered, every now and then anyway.
 */
final class FaultThread {
    private static final long POLL_NANOS = TimeUnit.MILLISECONDS.toNanos(100);
    private static final long JOIN_MILLIS = 2_000;

    private final Smmuv2Unit unit;
    private final UnitHost host;
    private final UnitLog log;
    private final RateLimit limit = new RateLimit(System::nanoTime);
    private final RateLimit failures = new RateLimit(System::nanoTime);
    private final List<InterruptLines.Subscription> lines = new ArrayList<>();
    private final Set<FaultThread> running;
    private final Thread thread;
    private final AtomicBoolean stopping = new AtomicBoolean();
    /** Banks whose stall the core answers later. */
    private final Set<Integer> pending = ConcurrentHashMap.newKeySet();

    private final AtomicLong rounds = new AtomicLong();
    private final AtomicLong faults = new AtomicLong();

    FaultThread(Smmuv2Unit unit, UnitHost host, UnitLog log, Set<FaultThread> running, String name) {
        this.unit = unit;
        this.host = host;
        this.log = log;
        this.running = running;
        thread = new Thread(this::run, "sluice-smmuv2-" + name);
        thread.setDaemon(true);
    }

    void start(InterruptLines interrupts, int contexts) {
        lines.add(interrupts.subscribe("global", this::wake));
        for (int i = 0; i < contexts; i++) {
            lines.add(interrupts.subscribe("context-" + i, this::wake));
        }
        running.add(this);
        thread.start();
    }

    private void wake() {
        LockSupport.unpark(thread);
    }

    /** Ends; the thread is gone, or told so if a handler of it takes too long. Again is harmless. */
    void stop() {
        if (!stopping.compareAndSet(false, true)) {
            return;
        }
        running.remove(this);
        lines.forEach(InterruptLines.Subscription::close);
        wake();
        if (thread == Thread.currentThread()) {
            return;
        }
        try {
            thread.join(JOIN_MILLIS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        if (thread.isAlive()) {
            log.error("thread " + thread.getName() + " did not end within " + JOIN_MILLIS + " ms");
        }
    }

    /** Faults seen so far. */
    long faults() {
        return faults.get();
    }

    /** Waits for a look at every bank that began after the call. Returns whether it came within a second. */
    boolean awaitRound() {
        if (thread == Thread.currentThread()) {
            look();
            return true;
        }
        long target = rounds.get() + 2;
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(1);
        while (rounds.get() < target && thread.isAlive()) {
            if (System.nanoTime() - deadline > 0) {
                return false;
            }
            wake();
            LockSupport.parkNanos(20_000);
        }
        return true;
    }

    /** The core's answer to a stall that it took. */
    void answer(int bank, boolean retry) {
        if (pending.remove(bank)) {
            resume(bank, retry);
            wake();
        }
    }

    private void run() {
        while (!stopping.get()) {
            try {
                look();
            } catch (RuntimeException failure) {
                if (failures.admit()) {
                    log.error("the fault thread met " + failure);
                }
            }
            rounds.incrementAndGet();
            if (!stopping.get()) {
                LockSupport.parkNanos(this, POLL_NANOS);
            }
        }
    }

    private void look() {
        if (!unit.isPowered()) {
            return;
        }
        global();
        for (int bank = 0; bank < unit.banks().count(); bank++) {
            if (unit.banks().owner(bank) != null && !pending.contains(bank)) {
                context(bank);
            }
        }
    }

    private void context(int bank) {
        if (unit.implementation().contextFault(unit.space().registers(), bank)) {
            return;
        }
        ContextFaults found = ContextFaults.read(unit.space(), bank);
        if (found == null) {
            return;
        }
        faults.incrementAndGet();
        FaultRecord fault = found.toFault();
        TableContext loaded = unit.loadedBy(found);
        if (found.isStalled() && loaded == null) {
            // before it is offered, because the answer may come at once
            pending.add(bank);
            if (host.pageRequest(new PageRequest(fault, PageRequest.Kind.STALL, bank, true, !found.isWrite()))) {
                return;
            }
            pending.remove(bank);
        }
        FaultResponse response = FaultResponse.UNHANDLED;
        try {
            response = loaded == null ? host.report(fault) : host.report(fault, loaded);
        } finally {
            if (response == FaultResponse.UNHANDLED) {
                logContext(found);
            }
            if (found.isStalled()) {
                resume(bank, response == FaultResponse.RETRY);
            } else {
                unit.space().setBank32(bank, FaultStatus.OFFSET, found.status());
            }
        }
    }

    // FSR first, as Linux does: what is retried may fault again at once
    private void resume(int bank, boolean retry) {
        Space space = unit.space();
        space.setBank32(bank, FaultStatus.OFFSET, space.bank32(bank, FaultStatus.OFFSET));
        space.setBank32(bank, Resume.OFFSET, retry ? Resume.TNR_RETRY : Resume.TNR_TERMINATE);
    }

    private void global() {
        Space space = unit.space();
        if (unit.implementation().globalFault(space.registers())) {
            return;
        }
        long status = space.global0(SGfsr.OFFSET);
        if (status == 0) {
            return;
        }
        long syndrome0 = space.global0(SGfsynr0.OFFSET);
        long syndrome1 = space.global0(SGfsynr1.OFFSET);
        long address = space.registers().read64(SGfar.OFFSET);
        faults.incrementAndGet();
        FaultRecord fault = new FaultRecord(
                (int) SGfsynr1.streamID(syndrome1),
                FaultEvent.NO_PASID,
                SGfsr.usf(status) != 0 || SGfsr.smcf(status) != 0 || SGfsr.icf(status) != 0 || SGfsr.ucbf(status) != 0
                        ? FaultReason.BAD_STREAM
                        : FaultReason.OTHER,
                "sGFSR",
                address,
                SGfsynr0.wnr(syndrome0) != 0,
                SGfsynr0.pnu(syndrome0) != 0,
                SGfsynr0.ind(syndrome0) != 0,
                false,
                List.of(status, syndrome0, address, syndrome1));
        try {
            if (host.report(fault) == FaultResponse.UNHANDLED && limit.admit()) {
                log.error("Unexpected global fault, this could be serious");
                log.error(String.format("\tGFSR 0x%08x, GFSYNR0 0x%08x, GFSYNR1 0x%08x", status, syndrome0, syndrome1));
            }
        } finally {
            space.setGlobal0(SGfsr.OFFSET, status);
        }
    }

    // Linux's wording, which tools read
    private void logContext(ContextFaults found) {
        if (limit.admit()) {
            log.error(String.format(
                    "Unhandled context fault: fsr=0x%x, iova=0x%08x, fsynr=0x%x, cbfrsynra=0x%x, cb=%d",
                    found.status(), found.address(), found.syndrome(), found.stream(), found.bank()));
        }
    }
}
