package org.sluice.demo.gpu;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.sluice.api.ClientTable;
import org.sluice.api.Domain;
import org.sluice.api.DomainRequest;
import org.sluice.api.DomainType;
import org.sluice.api.FaultEvent;
import org.sluice.api.FaultResponse;
import org.sluice.api.IoMm;
import org.sluice.api.IommuDevice;
import org.sluice.api.IommuException;
import org.sluice.api.Prot;
import org.sluice.api.SpaceState;
import org.sluice.api.SvaParameters;
import org.sluice.spi.board.Board;
import org.sluice.spi.bus.PowerSwitch;
import org.sluice.vendor.msm.gpu.CommandStream;
import org.sluice.vendor.msm.gpu.Execution;
import org.sluice.vendor.msm.gpu.Gpu;
import org.sluice.vendor.msm.gpu.GpuRing;
import org.sluice.vendor.msm.gpu.TableAperture;

/**
 * A client with two processes on one GPU. It is written once: nothing here asks which kind of IOMMU there is, but for lines
 * that begin with {@link #HARDWARE}.
 */
final class GpuStory {
    /** Begins a line that is about the hardware. */
    static final String HARDWARE = "  | ";

    private static final int PAGE = 4096;
    private static final long IOVA = 0x1000_0000L;
    private static final int RW = Prot.READ | Prot.WRITE | Prot.CACHE | Prot.NOEXEC;
    private static final long PATIENCE_SECONDS = 30;

    private final GpuMachine machine;
    private final boolean loadsTables;
    private final List<String> lines = new ArrayList<>();
    private final List<String> faults = new CopyOnWriteArrayList<>();
    private volatile FaultEvent last;
    private Board board;
    private GpuRing ring;
    private Gpu gpu;

    GpuStory(GpuMachine machine, boolean loadsTables) {
        this.machine = machine;
        this.loadsTables = loadsTables;
    }

    /** Tells it. */
    List<String> tell() throws InterruptedException {
        board = machine.board();
        IommuDevice device = machine.device();
        TableAperture aperture =
                loadsTables ? new TableAperture(board.iommus().get(0).registers()) : null;
        gpu = new Gpu(machine.endpoint().dma(), aperture);
        try (Domain kernel = machine.iommu()
                .allocDomain(device, DomainRequest.of(DomainType.UNMANAGED).inUpperHalf())) {
            kernel.attach(device);
            device.initSva(SvaParameters.any());
            hooks();
            ring = new GpuRing(gpu, kernel, board.memory(), board.allocator());
            say(
                    "kernel: the ring is mapped in the upper half, at 0x%x",
                    kernel.space().firstIova());
            processes(kernel, device);
            ring.close();
            device.shutdownSva();
        } finally {
            gpu.close();
        }
        return lines;
    }

    /** What the driver knows of this SMMU beyond its registers. */
    private void hooks() throws InterruptedException {
        List<String> names = machine.hooks();
        if (!names.isEmpty()) {
            hardware("the driver minds: %s", String.join(", ", names));
        }
    }

    private void processes(Domain kernel, IommuDevice device) throws InterruptedException {
        IoMm a = process("A", kernel, device);
        IoMm b = process("B", kernel, device);
        long pageA = page();
        long pageB = page();
        a.map(IOVA, pageA, PAGE, RW);
        b.map(IOVA, pageB, PAGE, RW);
        say("A and B: both map 0x%x, each to a page of its own", IOVA);
        say("A: store aaaa0001 to 0x%x: %s", IOVA, run(a, new CommandStream().store(IOVA, 0xaaaa0001)));
        say("B: store bbbb0001 to 0x%x: %s", IOVA, run(b, new CommandStream().store(IOVA, 0xbbbb0001)));
        say("memory: A's page holds %08x, B's %08x", word(pageA), word(pageB));
        interleave(a, b);
        remapWhileTheOtherIsLoaded(a, b, pageA);
        fault(a, b);
        repair(a);
        board.powerSwitch(machine.endpoint()).ifPresent(power -> sleep(a, power));
        free(kernel, a, b);
        kernel.freePasid(a, CompletableFuture.completedFuture(null));
        say("A: freed too: %s", settled(a));
    }

    private IoMm process(String name, Domain kernel, IommuDevice device) {
        IoMm mm = kernel.allocPasid(device);
        mm.onFault(event -> blame(name, event));
        say("%s: io_mm with PASID %d, %s", name, mm.pasid(), mm.state());
        mm.clientTable()
                .ifPresent(table -> hardware(
                        "%s's table: TTBR0 0x%016x (root 0x%x, ASID %d), CONTEXTIDR 0x%x, bank %d",
                        name, table.ttbr0(), table.root(), table.asid(), table.contextIdr(), table.bank()));
        return mm;
    }

    private void interleave(IoMm a, IoMm b) {
        GpuRing.Submission first = ring.submit(a, new CommandStream().load(0, IOVA, 1));
        GpuRing.Submission second = ring.submit(b, new CommandStream().load(1, IOVA, 1));
        GpuRing.Submission third = ring.submit(b, new CommandStream().load(2, IOVA, 1));
        GpuRing.Submission last = ring.submit(a, new CommandStream().load(3, IOVA, 1));
        String outcome = outcome(first) + ", " + outcome(second) + ", " + outcome(third) + ", " + outcome(last);
        say("A, B, B, A load that address, one after the other on the ring: %s", outcome);
        say(
                "GPU: registers hold %08x %08x %08x %08x",
                gpu.register(0), gpu.register(1), gpu.register(2), gpu.register(3));
        if (loadsTables) {
            hardware(
                    "CP_SMMU_TABLE_UPDATE so far: %d; left out because the process was loaded already: %d",
                    gpu.tableSwitches(), ring.skippedUpdates());
        }
    }

    private void remapWhileTheOtherIsLoaded(IoMm a, IoMm b, long old) {
        run(b, new CommandStream().load(1, IOVA, 1));
        long fresh = page();
        board.memory().write32(fresh, 0xaaaa0002);
        long unmapped = a.unmap(IOVA, PAGE);
        a.map(IOVA, fresh, PAGE, RW);
        say("A: while B's work is the last, unmap %d bytes at 0x%x and map another page there", unmapped, IOVA);
        a.clientTable()
                .ifPresent(table ->
                        hardware("A is not loaded: its translations go by ASID %d all the same", table.asid()));
        say("A: load from 0x%x: %s, %08x", IOVA, run(a, new CommandStream().load(0, IOVA, 1)), gpu.register(0));
        board.allocator().free(old, PAGE);
    }

    private void fault(IoMm a, IoMm b) {
        say("B: goes one page too far: %s", run(b, new CommandStream().load(1, IOVA + PAGE, 1)));
        await(() -> !faults.isEmpty());
        say("handler: %s", faults.remove(0));
        b.clientTable().ifPresent(table -> guilt(last, table));
        say("A: goes on: %s, %08x", run(a, new CommandStream().load(0, IOVA, 1)), gpu.register(0));
    }

    /** An SMMUv2 tells no PASID: it tells what was loaded. Words as the driver gives them: FSR, FSYNR0, FAR, TTBR0, CONTEXTIDR. */
    private void guilt(FaultEvent event, ClientTable table) {
        long ttbr0 = event.raw().get(3);
        long contextIdr = event.raw().get(4);
        boolean same = ttbr0 == table.ttbr0() && (int) contextIdr == table.contextIdr();
        hardware(
                "how it is known: FSR 0x%x; TTBR0 0x%016x and CONTEXTIDR 0x%x are %s",
                event.raw().get(0), ttbr0, contextIdr, same ? "B's" : "somebody else's");
    }

    private void repair(IoMm a) {
        long iova = IOVA + 16 * PAGE;
        long page = page();
        board.memory().write32(page, 0xaaaa0003);
        a.onFault(event -> {
            a.map(iova, page, PAGE, RW);
            faults.add(describe("A", event) + ", mapped");
            return FaultResponse.RETRY;
        });
        say(
                "A: load from 0x%x stalls until its handler has mapped a page: %s, %08x",
                iova, run(a, new CommandStream().load(0, iova, 1)), gpu.register(0));
        say("handler: %s", faults.remove(0));
    }

    /** What is unmapped while the SMMU sleeps is flushed when it wakes: nobody can write its registers before. */
    private void sleep(IoMm a, PowerSwitch power) {
        long iova = IOVA + 32 * PAGE;
        a.map(iova, page(), PAGE, RW);
        String before = run(a, new CommandStream().load(5, iova, 1));
        a.onFault(event -> blame("A", event));
        power.off();
        a.unmap(iova, PAGE);
        power.on();
        String after = run(a, new CommandStream().load(5, iova, 1));
        await(() -> !faults.isEmpty());
        faults.clear();
        hardware("A: load from 0x%x: %s. GPU and SMMU off, A unmaps it, on again: %s", iova, before, after);
    }

    private void free(Domain kernel, IoMm a, IoMm b) {
        Optional<ClientTable> stale = b.clientTable();
        CompletableFuture<Void> fence = new CompletableFuture<>();
        GpuRing.Submission last = ring.submit(b, new CommandStream().load(1, IOVA, 1));
        kernel.freePasid(b, fence);
        say(
                "B: freed while work of it may still run; a map in it is refused: %s",
                refusal(() -> b.map(IOVA, 0x9000_0000L, PAGE, RW)));
        say("ring: a submission of B is refused: %s", refusal(() -> ring.submit(b, new CommandStream())));
        outcome(last);
        stale.ifPresent(table -> hazard(a, b, table));
        fence.complete(null);
        say("B: its fence completed: %s", settled(b));
    }

    /** Nothing can revoke what a device loads by itself: that is what the check and the quarantine are for. */
    private void hazard(IoMm a, IoMm b, ClientTable table) {
        CommandStream work = new CommandStream().load(4, IOVA, 1);
        Execution execution = join(ring.submitUnchecked(table, work).execution());
        hardware(
                "without that check the GPU still loads B's root and reads %08x: %s. So B is %s, its tables stay until its fence",
                gpu.register(4), execution.completed() ? "done" : execution.reason(), b.state());
        run(a, new CommandStream().load(0, IOVA, 1));
    }

    private FaultResponse blame(String name, FaultEvent event) {
        last = event;
        faults.add(describe(name, event) + ", terminated");
        return FaultResponse.ABORT;
    }

    private static String describe(String name, FaultEvent event) {
        return String.format(
                Locale.ROOT,
                "%s (PASID %d) faulted: %s at 0x%x%s",
                name,
                event.pasid(),
                event.reason(),
                event.iova(),
                event.write() ? ", write" : "");
    }

    private String run(IoMm process, CommandStream work) {
        return outcome(ring.submit(process, work));
    }

    private String outcome(GpuRing.Submission submission) {
        Execution execution = join(submission.execution());
        return execution.completed() && ring.fence() - submission.sequence() >= 0 ? "done" : execution.reason();
    }

    private static Execution join(CompletableFuture<Execution> execution) {
        return execution.orTimeout(PATIENCE_SECONDS, TimeUnit.SECONDS).join();
    }

    private static String refusal(Runnable action) {
        try {
            action.run();
            return "nothing";
        } catch (IommuException refused) {
            return refused.errno().name();
        }
    }

    private static SpaceState settled(IoMm mm) {
        await(() -> mm.state() == SpaceState.FREED);
        return mm.state();
    }

    private static void await(java.util.function.BooleanSupplier condition) {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
        while (!condition.getAsBoolean() && System.nanoTime() - deadline < 0) {
            Thread.onSpinWait();
        }
    }

    private long page() {
        return board.allocator().allocate(PAGE, PAGE);
    }

    private int word(long page) {
        return board.memory().read32(page);
    }

    private void say(String format, Object... arguments) {
        lines.add(String.format(Locale.ROOT, format, arguments));
    }

    private void hardware(String format, Object... arguments) {
        lines.add(HARDWARE + String.format(Locale.ROOT, format, arguments));
    }
}
