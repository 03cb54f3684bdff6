package org.sluice.stress.driver;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.sluice.spi.board.Dma;
import org.sluice.spi.board.IommuModel;
import org.sluice.spi.bus.DevicePort;
import org.sluice.spi.driver.DeviceRecord;
import org.sluice.spi.driver.PasidReplacement;

/**
 * A PASID moves between two contexts while its device does DMA: nothing faults, every access finds what one of the two maps, and
 * what begins after the move finds what the new one maps.
 */
@Timeout(value = 300, unit = TimeUnit.SECONDS)
class PasidReplacementTest {
    private static final int STREAM = 0x10;
    private static final int PASID = 5;
    private static final long IOVA = 0x7000;
    private static final int MOVES = 300;

    /** Accesses that must have been seen on each side before the test is content. */
    private static final int SEEN = 20;

    /** Linear and two-level CD tables, with and without a cache in the device. */
    @ParameterizedTest
    @CsvSource({"8,false", "8,true", "12,false", "12,true"})
    void dmaSeesTheOldOrTheNewSpaceAndThenOnlyTheNew(int pasidBits, boolean caches) throws Exception {
        try (Rig rig = new Rig(Map.of()).probe()) {
            CachingDevice device =
                    caches ? new CachingDevice(STREAM, rig.model().ats().orElseThrow()) : null;
            DeviceRecord record = rig.add("dev", STREAM, pasidBits, caches ? device : DevicePort.NONE);
            Mapping[] spaces = {rig.context(), rig.context()};
            for (int i = 0; i < spaces.length; i++) {
                spaces[i].map(IOVA, Rig.RAM + i * Mapping.PAGE);
                rig.memory().write64(Rig.RAM + i * Mapping.PAGE, i);
            }
            rig.pasids().mmAttach(record, PASID, spaces[0].context(), true);
            PasidReplacement replacement = (PasidReplacement) rig.unit();
            Reader reader = new Reader(rig, device);
            Thread dma = new Thread(reader);
            dma.start();
            for (int move = 1; move <= MOVES || !reader.hasSeenBoth(); move++) {
                if (reader.failure.get() != null) {
                    break;
                }
                int to = move % 2;
                replacement.mmReplace(record, PASID, spaces[1 - to].context(), spaces[to].context());
                assertThat(read(rig, device)).as("after move %d", move).isEqualTo(to);
                Thread.yield();
            }
            reader.stop.set(true);
            dma.join();
            assertThat(reader.failure).hasValue(null);
            assertThat(rig.faults()).isEmpty();
            assertThat(rig.sum("event.")).isZero();
            assertThat(rig.sum("command.")).isEqualTo(rig.counters().get("driver.commands"));
        }
    }

    /** What a read by the PASID finds. */
    private static long read(Rig rig, CachingDevice device) {
        byte[] data = new byte[Long.BYTES];
        int outcome = device == null
                ? rig.model().transact(STREAM, PASID, IOVA, 0, data, 0, data.length)
                : accessUntilTranslated(rig.model(), device, data);
        if (outcome != Dma.OK) {
            throw new AssertionError("a read ended with outcome " + outcome);
        }
        return ByteBuffer.wrap(data).order(ByteOrder.LITTLE_ENDIAN).getLong();
    }

    /** A device that is told to forget while it waits for a translation drops that, and asks again. */
    private static int accessUntilTranslated(IommuModel model, CachingDevice device, byte[] data) {
        for (int attempt = 0; attempt < 1000; attempt++) {
            if (device.access(model, PASID, IOVA, false, data) == Dma.OK) {
                return Dma.OK;
            }
        }
        return Dma.ABORT;
    }

    /** The device. */
    private static final class Reader implements Runnable {
        private final Rig rig;
        private final CachingDevice device;
        private final AtomicBoolean stop = new AtomicBoolean();
        private final AtomicReference<Throwable> failure = new AtomicReference<>();
        private volatile int zeros;
        private volatile int ones;

        Reader(Rig rig, CachingDevice device) {
            this.rig = rig;
            this.device = device;
        }

        boolean hasSeenBoth() {
            return zeros >= SEEN && ones >= SEEN;
        }

        @Override
        public void run() {
            try {
                while (!stop.get()) {
                    long value = read(rig, device);
                    assertThat(value).isBetween(0L, 1L);
                    zeros += value == 0 ? 1 : 0;
                    ones += value == 1 ? 1 : 0;
                }
            } catch (RuntimeException | AssertionError thrown) {
                failure.set(thrown);
            }
        }
    }
}
