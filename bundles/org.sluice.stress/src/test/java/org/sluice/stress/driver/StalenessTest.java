package org.sluice.stress.driver;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.sluice.api.IotlbGather;
import org.sluice.spi.board.Dma;
import org.sluice.spi.bus.DevicePort;
import org.sluice.spi.driver.Attachment;
import org.sluice.spi.driver.ContextRequest;
import org.sluice.spi.driver.DeviceRecord;

/**
 * Two threads map and unmap while two streams do DMA: once an unmap has returned, the page is somebody else's, and no DMA may
 * read or write it. {@code -Dsluice.stress.seconds=60} runs each kind for a minute.
 */
@Timeout(value = 900, unit = TimeUnit.SECONDS)
class StalenessTest {
    private static final long NANOS =
            (long) (Double.parseDouble(System.getProperty("sluice.stress.seconds", "1")) * 1e9);
    private static final int MAPPERS = 2;
    private static final int SLOTS = 16;
    private static final long LIVE = 0x1111_1111_1111_1111L;
    private static final long SOMEBODY_ELSES = 0xdead_dead_dead_deadL;

    /** Kinds of context and stream. */
    enum Kind {
        STAGE1,
        STAGE1_WITHOUT_RANGES_AND_MESSAGES,
        STAGE2,
        PASID,
        DEVICE_CACHE
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void noDmaReachesAPageAfterItsUnmapHasReturned(Kind kind) throws Exception {
        Map<String, Object> properties =
                kind == Kind.STAGE1_WITHOUT_RANGES_AND_MESSAGES ? Map.of("idr3.RIL", "0", "idr0.MSI", "0") : Map.of();
        try (Rig rig = new Rig(properties).probe()) {
            int stage = kind == Kind.STAGE2 ? 2 : 1;
            Mapping mapping = rig.context(new ContextRequest(stage, false, false, 0));
            for (long iova = 0; iova < MAPPERS * SLOTS * Mapping.PAGE; iova += Mapping.PAGE) {
                mapping.map(iova, paddr(iova));
                rig.memory().write64(paddr(iova), LIVE);
            }
            List<Stream> streams = List.of(new Stream(rig, mapping, 0x10, kind), new Stream(rig, mapping, 0x11, kind));
            AtomicBoolean stop = new AtomicBoolean();
            AtomicReference<String> stale = new AtomicReference<>();
            AtomicLong unmaps = new AtomicLong();
            List<Thread> threads = new ArrayList<>();
            for (int mapper = 0; mapper < MAPPERS; mapper++) {
                int id = mapper;
                threads.add(new Thread(() -> mapAndUnmap(rig, mapping, id, stop, stale, unmaps)));
            }
            for (Stream stream : streams) {
                threads.add(new Thread(() -> stream.run(stop, stale)));
            }
            long deadline = System.nanoTime() + NANOS;
            threads.forEach(Thread::start);
            while (System.nanoTime() < deadline && stale.get() == null) {
                Thread.sleep(10);
            }
            stop.set(true);
            for (Thread thread : threads) {
                thread.join();
            }
            assertThat(stale).hasValue(null);
            assertThat(unmaps.get()).isPositive();
            for (Stream stream : streams) {
                assertThat(stream.done).as("DMA that passed").isPositive();
                if (kind == Kind.DEVICE_CACHE) {
                    assertThat(stream.device.hits()).isPositive();
                }
            }
            verifyCounters(rig);
            System.out.printf(
                    "%s: %d unmaps, %d accesses passed, %d aborted, %d commands; nothing stale%n",
                    kind,
                    unmaps.get(),
                    streams.stream().mapToLong(stream -> stream.done).sum(),
                    streams.stream().mapToLong(stream -> stream.aborted).sum(),
                    rig.counters().get("driver.commands"));
        }
    }

    /** What the driver gave, the device executed, no more and no less; what it recorded, the driver reported. */
    private static void verifyCounters(Rig rig) throws InterruptedException {
        Map<String, Long> counters = rig.counters();
        assertThat(rig.sum("command.")).isEqualTo(counters.get("driver.commands"));
        assertThat(counters).containsEntry("driver.commands.refused", 0L);
        long recorded = rig.sum("event.") - counters.getOrDefault("event.lost", 0L);
        while (rig.faults().size() < recorded) {
            Thread.sleep(1);
        }
        assertThat(rig.faults()).hasSize((int) recorded);
        assertThat(rig.counters()).containsEntry("driver.events", recorded);
    }

    private static void mapAndUnmap(
            Rig rig, Mapping mapping, int id, AtomicBoolean stop, AtomicReference<String> stale, AtomicLong unmaps) {
        try {
            Random random = new Random(id);
            IotlbGather gather = new IotlbGather();
            while (!stop.get()) {
                long iova = (id * SLOTS + random.nextInt(SLOTS)) * Mapping.PAGE;
                long page = paddr(iova);
                mapping.unmap(iova, gather);
                unmaps.incrementAndGet();
                rig.memory().write64(page, SOMEBODY_ELSES);
                letOthersTry(random);
                long found = rig.memory().read64(page);
                if (found != SOMEBODY_ELSES) {
                    stale.compareAndSet(null, String.format("a write reached 0x%x after its unmap: 0x%x", page, found));
                }
                rig.memory().write64(page, LIVE);
                mapping.map(iova, page);
            }
        } catch (RuntimeException | AssertionError failure) {
            stale.compareAndSet(null, failure.toString());
        }
    }

    /** The streams must get a chance to use what they should not have any more, also where processors are few. */
    private static void letOthersTry(Random random) {
        if (random.nextInt(8) == 0) {
            LockSupport.parkNanos(1000);
        }
        for (int spin = random.nextInt(50); spin > 0; spin--) {
            Thread.onSpinWait();
        }
    }

    private static long paddr(long iova) {
        return Rig.RAM + iova;
    }

    /** A stream that reads and writes whatever is mapped. One thread. */
    private static final class Stream {
        private final Rig rig;
        private final int streamId;
        private final int substreamId;
        private final CachingDevice device;
        private long done;
        private long aborted;

        Stream(Rig rig, Mapping mapping, int streamId, Kind kind) {
            this.rig = rig;
            this.streamId = streamId;
            this.device = kind == Kind.DEVICE_CACHE
                    ? new CachingDevice(streamId, rig.model().ats().orElseThrow())
                    : null;
            DeviceRecord record = rig.add("dev" + streamId, streamId, 8, device == null ? DevicePort.NONE : device);
            if (kind == Kind.PASID) {
                substreamId = 5;
                rig.pasids().mmAttach(record, substreamId, mapping.context(), true);
            } else {
                substreamId = Dma.NO_PASID;
                rig.unit().attach(record, Attachment.to(mapping.context()));
            }
        }

        void run(AtomicBoolean stop, AtomicReference<String> stale) {
            Random random = new Random(streamId);
            byte[] data = new byte[Long.BYTES];
            ByteBuffer word = ByteBuffer.wrap(data).order(ByteOrder.LITTLE_ENDIAN);
            while (!stop.get()) {
                long iova = random.nextInt(MAPPERS * SLOTS) * Mapping.PAGE;
                boolean write = random.nextBoolean();
                word.putLong(0, LIVE);
                int outcome = access(iova, write, data);
                if (outcome != Dma.OK) {
                    aborted++;
                } else {
                    done++;
                    if (!write && word.getLong(0) != LIVE) {
                        stale.compareAndSet(null, String.format("a read of iova 0x%x saw 0x%x", iova, word.getLong(0)));
                    }
                }
            }
        }

        private int access(long iova, boolean write, byte[] data) {
            if (device != null) {
                return device.access(rig.model(), substreamId, iova, write, data);
            }
            int flags = write ? org.sluice.spi.board.IommuModel.WRITE : 0;
            return rig.model().transact(streamId, substreamId, iova, flags, data, 0, data.length);
        }
    }
}
