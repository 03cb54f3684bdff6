package org.sluice.board.qemu;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import org.sluice.api.Counters;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.spi.board.Board;
import org.sluice.spi.board.Endpoint;
import org.sluice.spi.board.IommuHardware;
import org.sluice.spi.memory.MemoryFactory;
import org.sluice.spi.memory.PageAllocator;
import org.sluice.spi.memory.PhysicalMemory;

/**
 * One QEMU as a board: its memory, its SMMUv3, its edu devices. Any thread. When QEMU is gone, every call fails with EIO and
 * the one reason that was noticed first.
 */
final class QemuBoard implements Board, Counters, AutoCloseable {
    private static final String COMPATIBLE = "arm,smmu-v3";
    /** As IORT's CANWBS: whatever a guest's tables say, accesses of QEMU are coherent, since there is one memory and no cache. */
    private static final Map<String, String> FIRMWARE = Map.of("canwbs", "true");

    private static final String INTERRUPT_CONTROLLER = "/machine/unattached/device[1]";
    private static final long START_MILLIS = 30_000;
    private static final long POLL_MILLIS = 5;

    private final String name;
    private final String iommuName;
    private final QemuProcess process;
    private final AbortLog log;
    private final QemuWatch watch;
    private final Qtest qtest;
    private final TablePages pages;
    private final PhysicalMemory memory;
    private final PageAllocator allocator;
    private final List<IommuHardware> iommus;
    private final List<Endpoint> endpoints;
    private final Lock right = new ReentrantLock();
    private final AtomicLong transactions = new AtomicLong();
    private final AtomicBoolean over = new AtomicBoolean();
    private final Consumer<String> end;

    /**
     * Powers a board on.
     *
     * @param memories makes its allocator
     * @param end told the reason, on the board's own thread, when QEMU is gone without being asked
     * @throws IommuException ENODEV, EIO QEMU is missing, too old, or ended at once, in words; EINVAL
     */
    QemuBoard(QemuConfig config, MemoryFactory memories, Consumer<String> end) {
        name = config.name();
        iommuName = config.iommuName();
        this.end = end;
        process = config.socket().isEmpty() ? QemuProcess.start(config, QemuProgram.find(config.binary())) : null;
        watch = new QemuWatch(name);
        Path logFile = process != null ? process.log() : config.log().isEmpty() ? null : Path.of(config.log());
        Qtest connected = null;
        AbortLog opened = null;
        try {
            connected = process != null ? connectToOwn() : connectTo(Path.of(config.socket()));
            opened = logFile == null ? null : new AbortLog(logFile);
            qtest = connected;
            log = opened;
            connected.interceptInterrupts(INTERRUPT_CONTROLLER);
            pages = new TablePages(config.memory());
            memory = new QemuMemory(connected, config.memory(), pages);
            allocator = new WatchedAllocator(memories.allocator(memory, config.pool()), pages);
            MmioRegisters registers = new MmioRegisters(connected, pages);
            iommus = List.of(new IommuHardware(iommuName, COMPATIBLE, registers, watch.interrupts(), FIRMWARE));
            AbortSigns signs = opened == null ? new EventSigns(registers) : opened;
            long staging = config.memory().last() + 1;
            List<Endpoint> made = new ArrayList<>();
            for (EndpointConfig endpoint : config.endpoints()) {
                EduDevice device =
                        new EduDevice(connected, registers, signs, endpoint.streamId(), made.size(), staging);
                made.add(new Endpoint(
                        endpoint.name(),
                        endpoint.compatible(),
                        iommuName,
                        List.of(endpoint.streamId()),
                        0,
                        endpoint.group(),
                        new EduDma(device, endpoint.name(), right, transactions)));
            }
            endpoints = List.copyOf(made);
        } catch (IOException | RuntimeException failed) {
            release(connected, opened, process);
            throw failed instanceof IommuException known
                    ? known
                    : new IommuException(Errno.EIO, reason(failed.toString()));
        }
        watch.start(this::round);
    }

    private String reason(String what) {
        return "board " + name + ": QEMU does not answer: " + what;
    }

    private Qtest connectTo(Path socket) {
        try {
            return Qtest.connect(socket, watch, this::reason);
        } catch (IOException | RuntimeException cause) {
            throw new IommuException(
                    Errno.ENODEV, "board " + name + ": no QEMU listens at " + socket + ": " + cause.getMessage());
        }
    }

    private Qtest connectToOwn() {
        UnaryOperator<String> explain = noticed -> reason(process.explain(noticed));
        long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(START_MILLIS);
        while (true) {
            boolean alive = process.isAlive();
            try {
                return Qtest.connect(process.socket(), watch, explain);
            } catch (IOException notYet) {
                if (!alive || System.nanoTime() - deadline > 0) {
                    String why = alive ? "its qtest socket did not come: " + notYet.getMessage() : process.ended();
                    throw new IommuException(Errno.EIO, reason(why));
                }
            }
            try {
                TimeUnit.MILLISECONDS.sleep(POLL_MILLIS);
            } catch (InterruptedException stop) {
                Thread.currentThread().interrupt();
                throw new IommuException(Errno.EBUSY, reason("interrupted while it started"));
            }
        }
    }

    private void round() {
        try {
            if (process != null && !process.isAlive()) {
                qtest.fail(reason(process.ended()));
            }
            qtest.poll();
        } catch (RuntimeException gone) {
            if (over.compareAndSet(false, true)) {
                end.accept(qtest.failure());
            }
            throw gone;
        }
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public PhysicalMemory memory() {
        return memory;
    }

    @Override
    public PageAllocator allocator() {
        return allocator;
    }

    @Override
    public List<IommuHardware> iommus() {
        return iommus;
    }

    @Override
    public List<Endpoint> endpoints() {
        return endpoints;
    }

    @Override
    public String subject() {
        return iommuName;
    }

    @Override
    public Map<String, Long> read() {
        long[] lines = qtest.statistics();
        return Map.of(
                "transaction",
                transactions.get(),
                "qtest.command",
                lines[0],
                "qtest.wait",
                lines[1],
                "memory.copies",
                pages.count());
    }

    /** Powers it off. */
    @Override
    public void close() {
        over.set(true);
        qtest.fail("board " + name + " was powered off");
        watch.close();
        release(qtest, log, process);
    }

    private static void release(AutoCloseable... parts) {
        for (AutoCloseable part : parts) {
            try {
                if (part != null) {
                    part.close();
                }
            } catch (Exception left) {
                System.getLogger(QemuBoard.class.getName())
                        .log(System.Logger.Level.WARNING, "a part of a board did not close: {0}", left.toString());
            }
        }
    }
}
