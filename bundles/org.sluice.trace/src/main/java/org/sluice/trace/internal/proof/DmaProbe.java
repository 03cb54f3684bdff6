package org.sluice.trace.internal.proof;

import java.util.Arrays;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.IntSupplier;
import org.sluice.api.FaultEvent;
import org.sluice.spi.board.Dma;
import org.sluice.spi.memory.PhysicalMemory;
import org.sluice.trace.internal.machine.FaultLog;
import org.sluice.trace.internal.machine.Stream;

/**
 * Single DMA transfers with a known answer. A wrong answer is a mismatch in the score; the methods also return whether it
 * was right. Those that must fault end in time whether their fault is answered or not. One thread at a time: buffers are reused.
 */
public final class DmaProbe implements AutoCloseable {
    private static final long IMPATIENCE_MILLIS = 50;
    private static final int MISSING_UNTIL_IMPATIENT = 3;
    private static final long STUCK_MILLIS = 20_000;
    private static final int MOST_STUCK = 3;

    private final PhysicalMemory memory;
    private final FaultLog faults;
    private final Score score;
    private final long patienceMillis;
    private final byte[] planted = new byte[Pattern.BYTES];
    private final byte[] seen = new byte[Pattern.BYTES];
    private final Footprint footprint;
    private final BoundedTransfers faulting;
    private long salt;
    private long unseen;
    private long elsewhere;
    private long firstElsewhere;
    private int missingEvents;
    private int stuck;

    /**
     * A probe of one machine.
     *
     * @param memory its memory
     * @param faults what its IOMMU reports
     * @param score takes wrong answers
     * @param patienceMillis how long to wait for the record of a fault
     */
    public DmaProbe(PhysicalMemory memory, FaultLog faults, Score score, long patienceMillis) {
        this(memory, faults, score, patienceMillis, STUCK_MILLIS);
    }

    /** The same, where a transfer counts as stuck after so long. */
    DmaProbe(PhysicalMemory memory, FaultLog faults, Score score, long patienceMillis, long stuckMillis) {
        this.memory = memory;
        this.faults = faults;
        this.score = score;
        this.patienceMillis = patienceMillis;
        this.footprint = new Footprint(memory);
        this.faulting = new BoundedTransfers(stuckMillis);
    }

    /**
     * Whether memory at an address may be written without filling the heap.
     *
     * @param paddr bytes
     * @return true if it is resident or may become so; then it counts as resident. False where no memory is
     */
    public boolean affords(long paddr) {
        return memory.contains(paddr, Pattern.BYTES) && footprint.affords(paddr);
    }

    /**
     * Checks that were left out because the physical address is no memory of this machine.
     *
     * @return how many
     */
    public long elsewhere() {
        return elsewhere;
    }

    /**
     * The first such address.
     *
     * @return bytes
     */
    public long firstElsewhere() {
        return firstElsewhere;
    }

    /**
     * Checks that saw the outcome of a transfer but not its data, because writing more memory would fill the heap.
     *
     * @return how many
     */
    public long unseen() {
        return unseen;
    }

    /**
     * The device reads what is in memory at a physical address.
     *
     * @param stream the device
     * @param pasid PASID, or {@link Dma#NO_PASID}
     * @param iova bytes
     * @param paddr where it must arrive
     * @param what the check in words
     * @return whether it did
     */
    public boolean reads(Stream stream, int pasid, long iova, long paddr, String what) {
        if (isElsewhere(paddr)) {
            return true;
        }
        boolean visible = plant(paddr);
        Arrays.fill(seen, (byte) 0);
        int outcome = stream.dma().read(pasid, iova, seen, 0, Pattern.BYTES, 0);
        stream.checked();
        if (outcome != Dma.OK) {
            return wrong(stream, pasid, iova, what, "data at " + hex(paddr), text(outcome));
        }
        if (visible && !Arrays.equals(planted, seen)) {
            return wrong(
                    stream,
                    pasid,
                    iova,
                    what,
                    "data at " + hex(paddr) + ", " + Pattern.text(planted),
                    Pattern.text(seen));
        }
        return true;
    }

    /**
     * What the device writes is in memory at a physical address.
     *
     * @param stream the device
     * @param pasid PASID, or {@link Dma#NO_PASID}
     * @param iova bytes
     * @param paddr where it must arrive
     * @param what the check in words
     * @return whether it did
     */
    public boolean writes(Stream stream, int pasid, long iova, long paddr, String what) {
        if (isElsewhere(paddr)) {
            return true;
        }
        if (!footprint.affords(paddr)) {
            unseen++;
            return true;
        }
        memory.clear(paddr, Pattern.BYTES);
        Pattern.fill(planted, Pattern.seed(iova, salt++));
        int outcome = stream.dma().write(pasid, iova, planted, 0, Pattern.BYTES, 0);
        stream.checked();
        if (outcome != Dma.OK) {
            return wrong(stream, pasid, iova, what, "written at " + hex(paddr), text(outcome));
        }
        memory.read(paddr, seen, 0, Pattern.BYTES);
        if (!Arrays.equals(planted, seen)) {
            return wrong(stream, pasid, iova, what, Pattern.text(planted) + " at " + hex(paddr), Pattern.text(seen));
        }
        return true;
    }

    /**
     * The device may read but not write: the write aborts with a permission fault, memory stays as it is.
     *
     * @param stream the device
     * @param pasid PASID, or {@link Dma#NO_PASID}
     * @param iova bytes
     * @param paddr what is mapped there
     * @param what the check in words
     * @return whether it is so
     */
    public boolean refusesWrite(Stream stream, int pasid, long iova, long paddr, String what) {
        if (isElsewhere(paddr)) {
            return true;
        }
        boolean visible = plant(paddr);
        byte[] attempt = planted.clone();
        attempt[0] ^= (byte) 0xff;
        faults.expect(stream.id(), pasid, iova);
        IntSupplier write = () -> stream.dma().write(pasid, iova, attempt, 0, Pattern.BYTES, 0);
        if (!ends(stream, pasid, iova, what, "write aborts", write)) {
            return false;
        }
        memory.read(paddr, seen, 0, Pattern.BYTES);
        if (visible && !Arrays.equals(planted, seen)) {
            return wrong(stream, pasid, iova, what, "memory unchanged", "the aborted write changed it");
        }
        return reported(stream, pasid, iova, what, Expectation.PERMISSION);
    }

    /**
     * Nothing is mapped: a read aborts with a translation fault.
     *
     * @param stream the device
     * @param pasid PASID, or {@link Dma#NO_PASID}
     * @param iova bytes
     * @param what the check in words
     * @return whether it is so
     */
    public boolean faults(Stream stream, int pasid, long iova, String what) {
        return aborts(stream, pasid, iova, what, Expectation.TRANSLATION);
    }

    /**
     * The PASID reaches nothing: a read aborts with a record that says so.
     *
     * @param stream the device
     * @param pasid PASID
     * @param iova bytes
     * @param what the check in words
     * @return whether it is so
     */
    public boolean refusesPasid(Stream stream, int pasid, long iova, String what) {
        return aborts(stream, pasid, iova, what, Expectation.PASID);
    }

    private boolean aborts(Stream stream, int pasid, long iova, String what, Expectation expectation) {
        if (expectation == Expectation.PASID) {
            faults.expectWithoutAddress(stream.id(), pasid);
        } else {
            faults.expect(stream.id(), pasid, iova);
        }
        byte[] into = new byte[Pattern.BYTES];
        IntSupplier read = () -> stream.dma().read(pasid, iova, into, 0, Pattern.BYTES, 0);
        return ends(stream, pasid, iova, what, "read aborts with " + expectation, read)
                && reported(stream, pasid, iova, what, expectation);
    }

    /** Whether a transfer aborts, in time. After some that did not end, no other one is tried. */
    private boolean ends(Stream stream, int pasid, long iova, String what, String expected, IntSupplier transfer) {
        if (stuck >= MOST_STUCK) {
            return wrong(stream, pasid, iova, what, expected, "not tried: " + stuck + " transfers did not end");
        }
        OptionalInt outcome = faulting.run(transfer, what);
        stream.checked();
        if (outcome.isEmpty()) {
            stuck++;
            return wrong(
                    stream,
                    pasid,
                    iova,
                    what,
                    expected,
                    "the transfer did not end within " + faulting.patienceMillis() + " ms: was its fault answered?");
        }
        return outcome.getAsInt() == Dma.ABORT || wrong(stream, pasid, iova, what, expected, text(outcome.getAsInt()));
    }

    private boolean reported(Stream stream, int pasid, long iova, String what, Expectation expectation) {
        // When events do not come at all, a long replay must not wait for each of them.
        long patience =
                missingEvents < MISSING_UNTIL_IMPATIENT ? patienceMillis : Math.min(patienceMillis, IMPATIENCE_MILLIS);
        Optional<FaultEvent> event = faults.await(patience);
        if (event.isEmpty()) {
            missingEvents++;
            return wrong(stream, pasid, iova, what, expectation.toString(), "no event in " + patience + " ms");
        }
        return expectation.meets(event.get(), iova)
                || wrong(
                        stream,
                        pasid,
                        iova,
                        what,
                        expectation.toString(),
                        String.format(
                                "%s at iova 0x%x",
                                event.get().name(), event.get().iova()));
    }

    private boolean isElsewhere(long paddr) {
        if (memory.contains(paddr, Pattern.BYTES)) {
            return false;
        }
        firstElsewhere = elsewhere++ == 0 ? paddr : firstElsewhere;
        return true;
    }

    private boolean plant(long paddr) {
        Pattern.fill(planted, Pattern.seed(paddr, salt++));
        boolean visible = footprint.affords(paddr);
        if (visible) {
            memory.write(paddr, planted, 0, Pattern.BYTES);
        } else {
            unseen++;
        }
        return visible;
    }

    private boolean wrong(Stream stream, int pasid, long iova, String what, String expected, String found) {
        score.mismatch(stream, pasid, iova, what, expected, found);
        return false;
    }

    /** Lets go of the threads of transfers that ended. */
    @Override
    public void close() {
        faulting.close();
    }

    private static String text(int outcome) {
        return switch (outcome) {
            case Dma.OK -> "the transfer completed";
            case Dma.ABORT -> "the transfer aborted";
            case Dma.RAZ_WI -> "the fault was hidden: reads as zero";
            default -> "outcome " + outcome;
        };
    }

    private static String hex(long value) {
        return "0x" + Long.toHexString(value);
    }
}
