package org.sluice.smmuv3.driver;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.IntPredicate;
import java.util.function.Predicate;
import org.sluice.smmuv3.arch.CmdAtcInv;
import org.sluice.smmuv3.arch.CmdSync;
import org.sluice.smmuv3.arch.CmdqBase;
import org.sluice.smmuv3.arch.CmdqCons;
import org.sluice.smmuv3.arch.CmdqProd;
import org.sluice.smmuv3.arch.CommandHeader;
import org.sluice.smmuv3.arch.Cr0;
import org.sluice.smmuv3.arch.Cr0Ack;
import org.sluice.smmuv3.arch.EventqBase;
import org.sluice.smmuv3.arch.EventqCons;
import org.sluice.smmuv3.arch.EventqProd;
import org.sluice.smmuv3.arch.Gbpa;
import org.sluice.smmuv3.arch.Gerror;
import org.sluice.smmuv3.arch.Gerrorn;
import org.sluice.smmuv3.arch.Idr0;
import org.sluice.smmuv3.arch.Idr1;
import org.sluice.smmuv3.arch.Idr3;
import org.sluice.smmuv3.arch.Idr5;
import org.sluice.smmuv3.arch.IrqCtrl;
import org.sluice.smmuv3.arch.IrqCtrlAck;
import org.sluice.smmuv3.arch.Opcode;
import org.sluice.smmuv3.arch.PriqBase;
import org.sluice.smmuv3.arch.PriqCons;
import org.sluice.smmuv3.arch.PriqProd;
import org.sluice.spi.bus.InterruptLines;
import org.sluice.spi.bus.RegisterFile;

/**
 * A register file without an SMMU behind it: acknowledges, takes commands off the queue in the thread that writes PROD, and
 * remembers both. It translates nothing and knows no structure but the queues.
 */
final class RegisterFake implements RegisterFile, InterruptLines {
    /** A write of a register. */
    record Write(long address, long value) {}

    /** A command that was taken off the queue. */
    record Taken(long word0, long word1) {
        @Override
        public String toString() {
            return String.format("%016x %016x", word0, word1);
        }
    }

    private final TestMemory memory;
    private final Map<Long, Long> registers = new ConcurrentHashMap<>();
    private final List<Write> writes = Collections.synchronizedList(new ArrayList<>());
    private final List<Taken> commands = Collections.synchronizedList(new ArrayList<>());
    private final Map<String, List<Runnable>> handlers = new HashMap<>();
    private Predicate<Taken> illegal = command -> false;
    private IntPredicate silentDevices = stream -> false;
    private boolean unanswered;
    private Runnable onSync = () -> {};
    private volatile boolean stuck;
    private volatile boolean silent;

    RegisterFake(TestMemory memory) {
        this.memory = memory;
        // The ID registers of QEMU 7.2's SMMUv3, as captured.
        set(Idr0.ADDRESS, 0x0d40101a);
        set(Idr1.ADDRESS, 0x02730010);
        set(Idr3.ADDRESS, 0x1404);
        set(Idr5.ADDRESS, 0x74);
    }

    /** One with SubstreamIDs, two-level CD tables, wake-up events, and a choice between stalling and terminating. */
    static RegisterFake withSubstreams(TestMemory memory, int substreamBits) {
        RegisterFake fake = new RegisterFake(memory);
        long idr0 = Idr0.withSev(Idr0.withCd2l(fake.get(Idr0.ADDRESS), 1), 1);
        fake.set(Idr0.ADDRESS, Idr0.withStallModel(idr0, Idr0.STALL_MODEL_STALL_AND_TERMINATE));
        fake.set(Idr1.ADDRESS, Idr1.withSsidsize(fake.get(Idr1.ADDRESS), substreamBits));
        return fake;
    }

    long get(long address) {
        return registers.getOrDefault(address, 0L);
    }

    void set(long address, long value) {
        registers.put(address, value);
    }

    List<Write> writes() {
        synchronized (writes) {
            return new ArrayList<>(writes);
        }
    }

    List<Taken> commands() {
        synchronized (commands) {
            return new ArrayList<>(commands);
        }
    }

    /** What was taken since this was asked last. */
    List<Taken> takeCommands() {
        synchronized (commands) {
            List<Taken> taken = new ArrayList<>(commands);
            commands.clear();
            return taken;
        }
    }

    void refuse(Predicate<Taken> predicate) {
        illegal = predicate;
    }

    /** Devices that answer no CMD_ATC_INV from now on. */
    void silenceDevices(IntPredicate streams) {
        silentDevices = streams;
    }

    /** Forgets every register but those that say what it is, as a loss of power does. */
    synchronized void losePower() {
        Map<Long, Long> identity = new HashMap<>();
        for (long offset = 0; offset < 0x20; offset += 4) {
            identity.put(offset, get(offset));
        }
        registers.clear();
        registers.putAll(identity);
    }

    /** Called when a CMD_SYNC completes. */
    void onSync(Runnable action) {
        onSync = action;
    }

    /** Stops taking commands, or goes on. */
    synchronized void stick(boolean on) {
        stuck = on;
        takeFromQueue();
    }

    /** Stops acknowledging. */
    void silence() {
        silent = true;
    }

    /** Writes a record into the event queue, and toggles the overflow flag if it is full. */
    void raise(long... words) {
        append(EventqBase.ADDRESS, EventqProd.ADDRESS, EventqCons.ADDRESS, words);
    }

    /** The same for the page request queue. */
    void request(long... words) {
        append(PriqBase.ADDRESS, PriqProd.ADDRESS, PriqCons.ADDRESS, words);
    }

    private synchronized void append(long baseAddress, long prodAddress, long consAddress, long... words) {
        long base = get(baseAddress);
        long mask = (2L << EventqBase.log2size(base)) - 1;
        long prod = get(prodAddress);
        long cons = get(consAddress);
        long write = EventqProd.wr(prod);
        if ((write - EventqCons.rd(cons) & mask) == 1L << EventqBase.log2size(base)) {
            set(prodAddress, EventqProd.withOvflg(prod, 1 - EventqCons.ovackflg(cons)));
            return;
        }
        long slot = EventqBase.addr(base) + (write & mask >>> 1) * words.length * Long.BYTES;
        for (int word = 0; word < words.length; word++) {
            memory.write64(slot + (long) word * Long.BYTES, words[word]);
        }
        set(prodAddress, EventqProd.withWr(prod, write + 1 & mask));
    }

    void interrupt(String line) {
        handlers.getOrDefault(line, List.of()).forEach(Runnable::run);
    }

    /** Lines that somebody listens to. */
    List<String> lines() {
        return handlers.entrySet().stream()
                .filter(entry -> !entry.getValue().isEmpty())
                .map(Map.Entry::getKey)
                .toList();
    }

    boolean hasListeners() {
        return handlers.values().stream().anyMatch(list -> !list.isEmpty());
    }

    @Override
    public Subscription subscribe(String line, Runnable handler) {
        List<Runnable> list = handlers.computeIfAbsent(line, name -> new CopyOnWriteArrayList<>());
        list.add(handler);
        return () -> list.remove(handler);
    }

    @Override
    public int read32(long offset) {
        return (int) get(offset);
    }

    @Override
    public long read64(long offset) {
        return get(offset);
    }

    @Override
    public void write64(long offset, long value) {
        writes.add(new Write(offset, value));
        set(offset, value);
    }

    @Override
    public void write32(long offset, int signed) {
        long value = Integer.toUnsignedLong(signed);
        writes.add(new Write(offset, value));
        set(offset, value);
        if (silent) {
            return;
        }
        if (offset == Cr0.ADDRESS) {
            set(Cr0Ack.ADDRESS, value);
        } else if (offset == IrqCtrl.ADDRESS) {
            set(IrqCtrlAck.ADDRESS, value);
        } else if (offset == Gbpa.ADDRESS) {
            set(Gbpa.ADDRESS, Gbpa.withUpdate(value, 0));
        } else if (offset == CmdqProd.ADDRESS || offset == Gerrorn.ADDRESS) {
            takeFromQueue();
        }
    }

    private void stop(long cons) {
        set(CmdqCons.ADDRESS, cons);
        long gerror = get(Gerror.ADDRESS);
        set(Gerror.ADDRESS, Gerror.withCmdq(gerror, 1 - Gerror.cmdq(gerror)));
        interrupt("gerror");
    }

    private boolean commandError() {
        return Gerror.cmdq(get(Gerror.ADDRESS)) != Gerror.cmdq(get(Gerrorn.ADDRESS));
    }

    private synchronized void takeFromQueue() {
        long base = get(CmdqBase.ADDRESS);
        long mask = (2L << CmdqBase.log2size(base)) - 1;
        while (!stuck && !commandError() && Cr0.cmdqen(get(Cr0Ack.ADDRESS)) != 0) {
            long cons = get(CmdqCons.ADDRESS);
            long index = CmdqCons.rd(cons);
            if (index == CmdqProd.wr(get(CmdqProd.ADDRESS))) {
                return;
            }
            long slot = CmdqBase.addr(base) + (index & mask >>> 1) * Command.BYTES;
            Taken command = new Taken(memory.read64Acquire(slot), memory.read64Acquire(slot + Long.BYTES));
            if (illegal.test(command)) {
                stop(CmdqCons.withErr(cons, CmdqCons.ERR_ILL));
                return;
            }
            long opcode = CommandHeader.opcode(command.word0());
            if (opcode == Opcode.ATC_INV && silentDevices.test((int) CmdAtcInv.streamID(command.word0()))) {
                unanswered = true;
            }
            if (opcode == Opcode.SYNC && unanswered) {
                unanswered = false;
                stop(CmdqCons.withErr(cons, CmdqCons.ERR_ATC_INV_SYNC));
                return;
            }
            commands.add(command);
            if (command.word0() == Command.sync()) {
                onSync.run();
            }
            if (command.word0() == Command.messageSync()) {
                long at = CmdSync.msiAddress(command.word1());
                memory.write64Release(at, memory.read64(at) & 0xffffffff00000000L);
            }
            set(CmdqCons.ADDRESS, CmdqCons.withRd(0, index + 1 & mask));
        }
    }
}
