package org.sluice.vendor.msm.gpu;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.LongAdder;
import org.sluice.adreno.arch.EventWrite;
import org.sluice.adreno.arch.MemToReg;
import org.sluice.adreno.arch.MemWrite;
import org.sluice.adreno.arch.PacketHeader;
import org.sluice.adreno.arch.SmmuTableUpdate;
import org.sluice.api.ClientTable;
import org.sluice.spi.board.Dma;

/**
 * The device: fetches command streams from its ring by DMA, in order, on one thread, and executes them. What it fetches is
 * untagged; loads and stores carry the PASID of the submission, if it has one. A stream that cannot go on is given up, the
 * next one runs. Any thread may call it.
 */
public final class Gpu implements AutoCloseable {
    /** Registers that loads fill. */
    public static final int REGISTERS = 64;

    private static final int MOST_WORDS = 1 << 14;
    private static final long STOP_SECONDS = 10;

    private final Dma dma;
    private final TableAperture aperture;
    private final AtomicIntegerArray registers = new AtomicIntegerArray(REGISTERS);
    private final LongAdder switches = new LongAdder();
    private final ExecutorService engine;

    /**
     * A GPU at a DMA port.
     *
     * @param dma of its endpoint
     * @param aperture of the SMMUv2 that it stands behind; null where it tags its traffic instead
     */
    public Gpu(Dma dma, TableAperture aperture) {
        this.dma = dma;
        this.aperture = aperture;
        engine = Executors.newSingleThreadExecutor(work -> {
            Thread thread = new Thread(work, "sluice-gpu");
            thread.setDaemon(true);
            return thread;
        });
    }

    /**
     * Runs a stream after those that came before.
     *
     * @param iova where it is, in bytes
     * @param words its length
     * @param pasid of its loads and stores, or {@link Dma#NO_PASID}
     * @return what becomes of it
     */
    public CompletableFuture<Execution> run(long iova, int words, int pasid) {
        return CompletableFuture.supplyAsync(() -> execute(iova, words, pasid), engine);
    }

    /**
     * A register.
     *
     * @param index 0 to {@link #REGISTERS} - 1
     * @return what was loaded last
     */
    public int register(int index) {
        return registers.get(index);
    }

    /**
     * How often it loaded a table.
     *
     * @return a count
     */
    public long tableSwitches() {
        return switches.sum();
    }

    private Execution execute(long iova, int words, int pasid) {
        if (words < 0 || words > MOST_WORDS) {
            return Execution.stopped("a stream of %d words, the limit is %d", words, MOST_WORDS);
        }
        byte[] bytes = new byte[words * Integer.BYTES];
        if (dma.read(Dma.NO_PASID, iova, bytes, 0, bytes.length, 0) != Dma.OK) {
            return Execution.stopped("fetch from 0x%x aborted", iova);
        }
        int[] stream = new int[words];
        ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asIntBuffer().get(stream);
        Execution result = Execution.DONE;
        for (int at = 0; at < words && result.completed(); ) {
            long header = stream[at] & 0xffffffffL;
            int payload = (int) PacketHeader.count(header);
            if (!isWhole(header) || at + 1 + payload > words) {
                return Execution.stopped("word %d of the stream is 0x%08x, no packet", at, header);
            }
            result = packet((int) PacketHeader.opcode(header), stream, at + 1, payload, pasid);
            at += 1 + payload;
        }
        return result;
    }

    private static boolean isWhole(long header) {
        return PacketHeader.type(header) == PacketHeader.TYPE_TYPE7
                && PacketHeader.countParity(header) == CommandStream.oddParity(PacketHeader.count(header))
                && PacketHeader.opcodeParity(header) == CommandStream.oddParity(PacketHeader.opcode(header));
    }

    private Execution packet(int opcode, int[] stream, int at, int payload, int pasid) {
        if (opcode == PacketHeader.OPCODE_NOP) {
            return Execution.DONE;
        }
        if (opcode == PacketHeader.OPCODE_MEM_WRITE && payload > 2) {
            return store(MemWrite.address(wide(stream, at)), stream, at + 2, payload - 2, pasid);
        }
        if (opcode == PacketHeader.OPCODE_MEM_TO_REG && payload == 3) {
            long first = wide(stream, at);
            long address = MemToReg.addressLow(first) | (stream[at + 2] & 0xffffffffL) << Integer.SIZE;
            return load((int) MemToReg.register(first), (int) MemToReg.count(first), address, pasid);
        }
        if (opcode == PacketHeader.OPCODE_EVENT_WRITE && payload == 4) {
            long first = wide(stream, at);
            long second = wide(stream, at + 2);
            long address = EventWrite.addressLow(first) | EventWrite.addressHigh(second) << Integer.SIZE;
            // the ring's own memory: not the process's
            return store(address, new int[] {(int) EventWrite.sequence(second)}, 0, 1, Dma.NO_PASID);
        }
        if (opcode == PacketHeader.OPCODE_SMMU_TABLE_UPDATE && payload == 4) {
            return switchTable(wide(stream, at), wide(stream, at + 2));
        }
        return Execution.stopped("packet 0x%02x with %d words is none of this GPU's", opcode, payload);
    }

    private Execution switchTable(long first, long second) {
        if (aperture == null) {
            return Execution.stopped("a table update, but this GPU does not load tables");
        }
        aperture.load(new ClientTable(
                first & SmmuTableUpdate.TTBR0_MASK,
                (int) SmmuTableUpdate.asid(first),
                (int) SmmuTableUpdate.contextidr(second),
                (int) SmmuTableUpdate.contextBank(second)));
        switches.increment();
        return Execution.DONE;
    }

    private Execution store(long iova, int[] stream, int at, int length, int pasid) {
        ByteBuffer bytes = ByteBuffer.allocate(length * Integer.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asIntBuffer().put(stream, at, length);
        return dma.write(pasid, iova, bytes.array(), 0, bytes.capacity(), 0) == Dma.OK
                ? Execution.DONE
                : Execution.stopped("store to 0x%x aborted", iova);
    }

    private Execution load(int register, int length, long iova, int pasid) {
        if (length < 1 || register + length > REGISTERS) {
            return Execution.stopped("registers %d to %d, there are %d", register, register + length - 1, REGISTERS);
        }
        ByteBuffer bytes = ByteBuffer.allocate(length * Integer.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        if (dma.read(pasid, iova, bytes.array(), 0, bytes.capacity(), 0) != Dma.OK) {
            return Execution.stopped("load from 0x%x aborted", iova);
        }
        for (int i = 0; i < length; i++) {
            registers.set(register + i, bytes.getInt(i * Integer.BYTES));
        }
        return Execution.DONE;
    }

    private static long wide(int[] stream, int at) {
        return stream[at] & 0xffffffffL | (long) stream[at + 1] << Integer.SIZE;
    }

    /** Switches it off once what was submitted is done; waits a bounded time. */
    @Override
    public void close() {
        engine.shutdown();
        try {
            engine.awaitTermination(STOP_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
