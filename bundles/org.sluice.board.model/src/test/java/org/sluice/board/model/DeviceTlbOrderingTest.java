package org.sluice.board.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import org.assertj.core.api.Assertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.sluice.spi.board.AtsCompletion;
import org.sluice.spi.board.AtsEndpoint;
import org.sluice.spi.board.AtsModel;
import org.sluice.spi.board.AtsPageRequest;
import org.sluice.spi.board.Dma;

/** An invalidation against a request, or a transaction, that is in the middle of its way. */
@Timeout(60)
class DeviceTlbOrderingTest {
    private static final long IOVA = 0x1000;

    /** An IOMMU that holds one step of a transaction until it is released. */
    private static final class HoldingIommu implements AtsModel {
        final CountDownLatch reached = new CountDownLatch(1);
        final CountDownLatch open = new CountDownLatch(1);
        final AtomicInteger requests = new AtomicInteger();
        private final boolean atRequest;

        HoldingIommu(boolean atRequest) {
            this.atRequest = atRequest;
        }

        private void hold(boolean here) {
            if (here) {
                reached.countDown();
                try {
                    open.await();
                } catch (InterruptedException e) {
                    throw new IllegalStateException(e);
                }
            }
        }

        @Override
        public AtsCompletion requestTranslation(int streamId, int substreamId, long address, int flags) {
            requests.incrementAndGet();
            hold(atRequest);
            return new AtsCompletion(
                    AtsCompletion.Status.SUCCESS, 0x8000_0000L, 4096, true, true, false, false, false, false);
        }

        @Override
        public int transactTranslated(int streamId, long address, int flags, byte[] data, int offset, int length) {
            hold(!atRequest);
            return Dma.OK;
        }

        @Override
        public void requestPage(int streamId, AtsPageRequest request) {}

        @Override
        public void announceAccess(int streamId, int substreamId, long address, int pages, int flags) {}

        @Override
        public Connection connect(int streamId, AtsEndpoint endpoint) {
            return () -> {};
        }
    }

    private static <T> FutureTask<T> start(FutureTask<T> task) {
        new Thread(task).start();
        return task;
    }

    private static void assertInvalidationWaits(HoldingIommu iommu) throws Exception {
        DeviceTlbPort port = new DeviceTlbPort(EndpointConfig.parse("dma0;sid=1;ats=16"), iommu);
        TransactionBus bus = new TranslatingBus(null, 1, port);
        port.enableAts(12);
        FutureTask<Integer> transaction =
                start(new FutureTask<>(() -> bus.transact(Dma.NO_PASID, IOVA, 0, new byte[4], 0, 4)));
        iommu.reached.await();
        FutureTask<Boolean> invalidation =
                start(new FutureTask<>(() -> port.invalidate(Dma.NO_PASID, false, 0, AtsEndpoint.EVERY_ADDRESS)));
        Assertions.assertThatThrownBy(() -> invalidation.get(50, TimeUnit.MILLISECONDS))
                .isInstanceOf(TimeoutException.class);
        iommu.open.countDown();
        assertThat(invalidation.get()).isTrue();
        assertThat(transaction.get()).isEqualTo(Dma.OK);
        // what was asked for before the invalidation is not kept after it
        assertThat(port.cache().lookup(Dma.NO_PASID, false, IOVA)).isNull();
        assertThat(bus.transact(Dma.NO_PASID, IOVA, 0, new byte[4], 0, 4)).isEqualTo(Dma.OK);
        assertThat(iommu.requests).hasValue(2);
    }

    @Test
    void anInvalidationWaitsForATransactionThatUsesTheEntry() throws Exception {
        assertInvalidationWaits(new HoldingIommu(false));
    }

    @Test
    void anInvalidationOvertakesNoAnswerThatIsOnItsWay() throws Exception {
        assertInvalidationWaits(new HoldingIommu(true));
    }

    @Test
    void disablingWaitsToo() throws Exception {
        HoldingIommu iommu = new HoldingIommu(false);
        DeviceTlbPort port = new DeviceTlbPort(EndpointConfig.parse("dma0;sid=1;ats=16"), iommu);
        TransactionBus bus = new TranslatingBus(null, 1, port);
        port.enableAts(12);
        FutureTask<Integer> transaction =
                start(new FutureTask<>(() -> bus.transact(Dma.NO_PASID, IOVA, 0, new byte[4], 0, 4)));
        iommu.reached.await();
        FutureTask<Void> off = start(new FutureTask<>(port::disableAts, null));
        Assertions.assertThatThrownBy(() -> off.get(50, TimeUnit.MILLISECONDS)).isInstanceOf(TimeoutException.class);
        iommu.open.countDown();
        off.get();
        assertThat(transaction.get()).isEqualTo(Dma.OK);
        assertThat(port.cache().lookup(Dma.NO_PASID, false, IOVA)).isNull();
    }

    @Test
    void anInvalidationReachesWhatItsRangeAndPasidMeet() {
        DeviceTlb cache = new DeviceTlb(64);
        AtsCompletion large =
                new AtsCompletion(AtsCompletion.Status.SUCCESS, 0, 0x20_0000, true, true, false, false, false, false);
        Runnable fill = () -> {
            for (int pasid = -1; pasid < 3; pasid++) {
                cache.fill(DeviceTlb.Entry.of(pasid, false, 0x40_5000, large), 0x40_5000, cache.generation());
            }
        };
        fill.run();
        cache.invalidate(1, false, 0x60_0000, 21);
        assertThat(cache.lookup(1, false, 0x40_5000)).isNotNull();
        // any page of a large translation takes it away
        cache.invalidate(1, false, 0x5f_f000, 12);
        assertThat(cache.lookup(1, false, 0x40_5000)).isNull();
        assertThat(cache.lookup(2, false, 0x40_5000)).isNotNull();
        cache.invalidate(1, true, 0x40_0000, 12);
        assertThat(cache.lookup(2, false, 0x40_5000)).isNull();
        // what has no PASID goes without one alone
        assertThat(cache.lookup(-1, false, 0x40_5000)).isNotNull();
        cache.invalidate(-1, false, 0, AtsEndpoint.EVERY_ADDRESS);
        assertThat(cache.lookup(-1, false, 0x40_5000)).isNull();
    }
}
