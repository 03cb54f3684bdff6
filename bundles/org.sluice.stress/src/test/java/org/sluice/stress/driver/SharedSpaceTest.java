package org.sluice.stress.driver;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.sluice.api.IotlbGather;
import org.sluice.spi.board.Dma;
import org.sluice.spi.board.IommuModel;
import org.sluice.spi.bus.DevicePort;
import org.sluice.spi.driver.Attachment;
import org.sluice.spi.driver.ContextRequest;
import org.sluice.spi.driver.DeviceRecord;
import org.sluice.spi.driver.TranslationContext;

/** One page table that devices behind two SMMUs walk: a context and a tag on each, and an unmap waits for both. */
@Timeout(value = 300, unit = TimeUnit.SECONDS)
class SharedSpaceTest {
    private static final int STREAM = 0x10;
    private static final long IOVA = 0x7000;
    private static final int ROUNDS = 300;
    private static final long LIVE = 0x1111_1111_1111_1111L;

    @Test
    void unmapReachesTheDevicesOfBothSmmus() throws Exception {
        try (Rig one = new Rig(Map.of()).probe();
                Rig two = new Rig(one).probe()) {
            Mapping mapping = one.context();
            two.context();
            TranslationContext second = two.unit().createContext(new ContextRequest(0, false, false, 0));
            second.install(mapping.table().walkerConfig());
            assertThat(second.record().tag())
                    .isNotEqualTo(mapping.context().record().tag());
            List<TranslationContext> contexts = List.of(mapping.context(), second);
            List<Rig> rigs = List.of(one, two);
            for (int i = 0; i < rigs.size(); i++) {
                DeviceRecord device = rigs.get(i).add("dev", STREAM, 0, DevicePort.NONE);
                rigs.get(i).unit().attach(device, Attachment.to(contexts.get(i)));
            }
            AtomicReference<String> stale = new AtomicReference<>();
            List<Reader> readers = List.of(new Reader(one, stale), new Reader(two, stale));
            readers.forEach(Thread::start);
            for (int round = 0; stale.get() == null && round < ROUNDS; round++) {
                one.memory().write64(Rig.RAM, LIVE);
                mapping.map(IOVA, Rig.RAM);
                readers.forEach(reader -> reader.awaitMore(reader.passed));
                assertThat(mapping.table().unmapPages(IOVA, Mapping.PAGE, 1, new IotlbGather()))
                        .isEqualTo(Mapping.PAGE);
                contexts.forEach(context -> context.invalidate(IOVA, Mapping.PAGE, Mapping.PAGE, true));
                contexts.forEach(TranslationContext::sync);
                one.memory().write64(Rig.RAM, ~LIVE);
                readers.forEach(reader -> reader.awaitMore(reader.turns));
            }
            readers.forEach(reader -> reader.stop = true);
            for (Reader reader : readers) {
                reader.join();
            }
            assertThat(stale).hasValue(null);
        }
    }

    /** A device that reads all the time; what it gets is what was mapped, or nothing. */
    private static final class Reader extends Thread {
        private final Rig rig;
        private final AtomicReference<String> stale;
        private final AtomicLong passed = new AtomicLong();
        private final AtomicLong turns = new AtomicLong();
        private volatile boolean stop;

        Reader(Rig rig, AtomicReference<String> stale) {
            this.rig = rig;
            this.stale = stale;
        }

        /** Waits until one has begun and ended: the one that is under way does not count. */
        void awaitMore(AtomicLong count) {
            long before = count.get();
            while (count.get() < before + 2 && stale.get() == null && isAlive()) {
                Thread.yield();
            }
        }

        @Override
        public void run() {
            try {
                byte[] data = new byte[Long.BYTES];
                IommuModel model = rig.model();
                while (!stop) {
                    if (model.transact(STREAM, Dma.NO_PASID, IOVA, 0, data, 0, data.length) == Dma.OK) {
                        long word = ByteBuffer.wrap(data)
                                .order(ByteOrder.LITTLE_ENDIAN)
                                .getLong();
                        if (word != LIVE) {
                            stale.compareAndSet(null, String.format("a read saw 0x%x after the unmap", word));
                        }
                        passed.incrementAndGet();
                    }
                    turns.incrementAndGet();
                }
            } catch (RuntimeException | AssertionError failure) {
                stale.compareAndSet(null, failure.toString());
            }
        }
    }
}
