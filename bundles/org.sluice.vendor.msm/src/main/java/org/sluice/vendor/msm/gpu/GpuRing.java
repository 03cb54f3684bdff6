package org.sluice.vendor.msm.gpu;

import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.sluice.api.ClientTable;
import org.sluice.api.Domain;
import org.sluice.api.Errno;
import org.sluice.api.IoMm;
import org.sluice.api.IommuException;
import org.sluice.api.Prot;
import org.sluice.api.SpaceState;
import org.sluice.spi.board.Dma;
import org.sluice.spi.memory.PageAllocator;
import org.sluice.spi.memory.PhysicalMemory;

/**
 * The driver's side of a GPU: a ring in the kernel's address space, and submissions in the name of processes. It is the same
 * for GPUs that load tables and for those that tag their traffic: what differs is what an io_mm says of itself.
 *
 * <p>The ring stays mapped whatever process is loaded, because it is in the upper half. Any thread; submissions are ordered
 * by this object's monitor.
 */
public final class GpuRing implements AutoCloseable {
    private static final int PAGES = 16;
    private static final int PAGE = 4096;
    private static final int RING_BYTES = (PAGES - 1) * PAGE;

    private final Gpu gpu;
    private final Domain kernel;
    private final PhysicalMemory memory;
    private final PageAllocator allocator;
    private final long physical;
    private final long base;
    private final long fenceIova;
    private int head;
    private int sequence;
    private int skipped;
    private ClientTable loaded;
    private CompletableFuture<Execution> last = CompletableFuture.completedFuture(Execution.DONE);

    /**
     * A ring, mapped in the kernel's domain.
     *
     * @param gpu who runs it
     * @param kernel domain of the upper half that the GPU is attached to
     * @param memory the board's
     * @param allocator where its pages come from
     */
    public GpuRing(Gpu gpu, Domain kernel, PhysicalMemory memory, PageAllocator allocator) {
        this.gpu = gpu;
        this.kernel = kernel;
        this.memory = memory;
        this.allocator = allocator;
        physical = allocator.allocate((long) PAGES * PAGE, PAGE);
        base = kernel.space().firstIova();
        fenceIova = base + RING_BYTES;
        kernel.space().map(base, physical, (long) PAGES * PAGE, Prot.READ | Prot.WRITE | Prot.CACHE | Prot.NOEXEC);
    }

    /**
     * A stream that was submitted.
     *
     * @param sequence its fence's number
     * @param execution what becomes of it; completes when nothing of it is under way any more
     */
    public record Submission(int sequence, CompletableFuture<Execution> execution) {}

    /**
     * Submits work of a process, after checking that its space is still its own.
     *
     * @param process in whose space loads and stores happen
     * @param work packets
     * @return the submission
     * @throws IommuException ESTALE the space was freed or taken away
     */
    public Submission submit(IoMm process, CommandStream work) {
        if (process.state() != SpaceState.ATTACHED) {
            throw new IommuException(
                    Errno.ESTALE,
                    "io_mm with PASID " + process.pasid() + " is " + process.state()
                            + ": its root must not be loaded any more");
        }
        Optional<ClientTable> table = process.clientTable();
        return table.isPresent() ? submit(table, Dma.NO_PASID, work) : submit(Optional.empty(), process.pasid(), work);
    }

    /**
     * Submits work with a table that nobody checks: what a driver without the check of {@link #submit} does. After the
     * space was freed its pages may be anybody's.
     *
     * @param table a root from whenever
     * @param work packets
     * @return the submission
     */
    public Submission submitUnchecked(ClientTable table, CommandStream work) {
        return submit(Optional.of(table), Dma.NO_PASID, work);
    }

    private synchronized Submission submit(Optional<ClientTable> table, int pasid, CommandStream work) {
        CommandStream stream = new CommandStream();
        if (table.isPresent()) {
            if (table.get().equals(loaded)) {
                skipped++;
            } else {
                loaded = table.get();
                stream.switchTable(loaded);
            }
        }
        stream.append(work).fence(fenceIova, ++sequence);
        int[] words = stream.words();
        int bytes = words.length * Integer.BYTES;
        if (bytes > RING_BYTES) {
            throw new IommuException(Errno.EINVAL, "a stream of " + bytes + " bytes, the ring has " + RING_BYTES);
        }
        if (head + bytes > RING_BYTES) {
            // the GPU reads from the ring itself: nothing of it is written over that may still be fetched
            last.handle((execution, failure) -> null).join();
            head = 0;
        }
        for (int i = 0; i < words.length; i++) {
            memory.write32(physical + head + (long) i * Integer.BYTES, words[i]);
        }
        CompletableFuture<Execution> execution = gpu.run(base + head, words.length, pasid);
        last = execution;
        head += bytes;
        return new Submission(sequence, execution);
    }

    /**
     * The last fence that the GPU wrote.
     *
     * @return a sequence number; those before it are done or given up
     */
    public int fence() {
        return memory.read32(physical + RING_BYTES);
    }

    /**
     * Table updates that were left out because the table was loaded already.
     *
     * @return a count
     */
    public synchronized int skippedUpdates() {
        return skipped;
    }

    /** Takes the ring out of the kernel's space; nothing is submitted any more. */
    @Override
    public void close() {
        kernel.space().unmap(base, (long) PAGES * PAGE);
        allocator.free(physical, (long) PAGES * PAGE);
    }
}
