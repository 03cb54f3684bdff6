package org.sluice.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.sluice.api.DirtyBitmap;
import org.sluice.api.Domain;
import org.sluice.api.DomainRequest;
import org.sluice.api.DomainType;
import org.sluice.api.Errno;
import org.sluice.api.IommuDevice;
import org.sluice.api.IommuException;
import org.sluice.api.SwapEvent;
import org.sluice.core.fake.SmmuBoard;
import org.sluice.core.offer.Provider;
import org.sluice.core.space.Commons;
import org.sluice.pgtable.arm.Stage1Format;
import org.sluice.smmuv3.driver.Smmuv3Driver;
import org.sluice.spi.board.Dma;

/**
 * One domain on two SMMUv3s over one memory, with the house's driver, format and models: {@code nic} behind smmu0, {@code disk}
 * behind smmu1, {@code narrow} behind smmu2, whose physical addresses are narrower, and {@code small} behind smmu3, which has only
 * the granule of 4 KiB.
 */
@Timeout(300)
class SeveralSmmusTest {
    private static final int RW = TestMachine.RW;
    private static final long IOVA = 0x10_0000;
    private static final long MILLIS = 10_000;

    private final SmmuBoard board = new SmmuBoard()
            .smmu("smmu0", "nic", 0x10, Map.of("profile", "full"))
            .smmu("smmu1", "disk", 0x10, Map.of("profile", "full"))
            .smmu("smmu2", "narrow", 0x10, Map.of("profile", "full", "idr5.OAS", 2))
            .smmu("smmu3", "small", 0x10, Map.of("profile", "full", "idr5.GRAN16K", 0, "idr5.GRAN64K", 0));
    private final Platform platform = new Platform(Commons.of(MILLIS, MILLIS));
    private final List<SwapEvent> swaps = new ArrayList<>();
    private final byte[] word = new byte[8];
    private long services;
    private Domain domain;

    @BeforeEach
    void start() throws InterruptedException {
        platform.addSwapListener(swaps::add);
        platform.addBoard(board);
        Stage1Format format = new Stage1Format();
        platform.formatCame(format, provider(format.name()));
        addDriver();
        domain = platform.allocDomain(device("nic"), DomainRequest.of(DomainType.UNMANAGED));
        domain.attach(device("nic"));
    }

    @AfterEach
    void nothingIsLost() {
        platform.close();
        board.close();
        assertThat(board.allocator().allocatedBytes()).isZero();
    }

    private Provider provider(String key) {
        return new Provider(++services, Set.of(key), 0, "test", services + ".0.0");
    }

    private void addDriver() throws InterruptedException {
        platform.driverCame(new Smmuv3Driver(null, false), provider(SmmuBoard.COMPATIBLE));
        CountDownLatch done = new CountDownLatch(1);
        platform.swapThread().execute(done::countDown);
        assertThat(done.await(60, TimeUnit.SECONDS)).isTrue();
    }

    private IommuDevice device(String name) {
        return platform.device(name).orElseThrow();
    }

    private void map() {
        domain.space().map(IOVA, SmmuBoard.BUFFERS, 0x1000, RW);
    }

    /** Whether a write of a device gets there. */
    private boolean reaches(String device, long iova) {
        return board.dma(device).write(Dma.NO_PASID, iova, word, 0, 8, 0) == Dma.OK;
    }

    @Test
    void mapOnceAndReachItThroughBothUnmapOnceAndReachItThroughNeither() {
        domain.attach(device("disk"));
        map();
        assertThat(reaches("nic", IOVA)).isTrue();
        assertThat(reaches("disk", IOVA)).isTrue();
        byte[] written = {1, 2, 3, 4, 5, 6, 7, 8};
        byte[] read = new byte[8];
        assertThat(board.dma("nic").write(Dma.NO_PASID, IOVA, written, 0, 8, 0)).isEqualTo(Dma.OK);
        assertThat(board.dma("disk").read(Dma.NO_PASID, IOVA, read, 0, 8, 0)).isEqualTo(Dma.OK);
        assertThat(read).isEqualTo(written);
        assertThat(domain.space().unmap(IOVA, 0x1000)).isEqualTo(0x1000);
        assertThat(reaches("nic", IOVA)).isFalse();
        assertThat(reaches("disk", IOVA)).isFalse();
    }

    @Test
    void detachOfOneLeavesTheOtherAlone() {
        domain.attach(device("disk"));
        map();
        assertThat(reaches("disk", IOVA)).isTrue();
        domain.detach(device("disk"));
        assertThat(reaches("disk", IOVA)).isFalse();
        assertThat(reaches("nic", IOVA)).isTrue();
        domain.attach(device("disk"));
        domain.detach(device("nic"));
        assertThat(reaches("nic", IOVA)).isFalse();
        assertThat(reaches("disk", IOVA)).isTrue();
        domain.close();
        assertThat(reaches("disk", IOVA)).isFalse();
    }

    private DirtyBitmap written(Domain of) {
        DirtyBitmap pages = new DirtyBitmap(IOVA, 0x2000, 0x1000);
        of.space().readDirty(IOVA, 0x2000, true, pages);
        return pages;
    }

    @Test
    void pagesThatEitherWritesAreDirtyAndAgainAfterTheirMarksWereCleared() {
        Domain tracked = platform.allocDomain(
                device("nic"), DomainRequest.of(DomainType.UNMANAGED).withDirtyTracking());
        tracked.attach(device("nic"));
        tracked.attach(device("disk"));
        tracked.space().map(IOVA, SmmuBoard.BUFFERS, 0x2000, RW);
        tracked.space().setDirtyTracking(true);
        for (int round = 0; round < 3; round++) {
            assertThat(written(tracked).count()).isZero();
            assertThat(reaches("nic", IOVA)).isTrue();
            assertThat(reaches("disk", IOVA + 0x1000)).isTrue();
            assertThat(written(tracked).count()).as("round %d", round).isEqualTo(2);
        }
    }

    @Test
    void driverOfBothIsExchangedWhileBothDoDma() throws InterruptedException {
        domain.attach(device("disk"));
        map();
        assertThat(reaches("disk", IOVA)).isTrue();
        platform.driverLeft(services);
        assertThat(reaches("nic", IOVA)).isTrue();
        assertThat(reaches("disk", IOVA)).isTrue();
        addDriver();
        assertThat(swaps).hasSize(4).allMatch(SwapEvent::adopted);
        assertThat(domain.space().unmap(IOVA, 0x1000)).isEqualTo(0x1000);
        assertThat(reaches("nic", IOVA)).isFalse();
        assertThat(reaches("disk", IOVA)).isFalse();
    }

    @Test
    void anSmmuWithNarrowerAddressesIsRefusedWithBothNames() {
        map();
        IommuException error = catchThrowableOfType(IommuException.class, () -> domain.attach(device("narrow")));
        assertThat(error.errno()).isEqualTo(Errno.EINVAL);
        assertThat(error)
                .hasMessageContaining("of smmu0 cannot be reached through smmu2")
                .hasMessageContaining("outputBits=40");
        assertThat(reaches("nic", IOVA)).isTrue();
        assertThat(reaches("narrow", IOVA)).isFalse();
    }

    @Test
    void anSmmuWithMoreOrFewerGranulesWalksTheOneThatIsUsed() {
        map();
        domain.attach(device("small"));
        assertThat(reaches("small", IOVA)).isTrue();
        Domain other = platform.allocDomain(device("small"), DomainRequest.of(DomainType.UNMANAGED));
        other.space().map(IOVA, SmmuBoard.BUFFERS, 0x1_0000, RW);
        other.attach(device("small"));
        other.attach(device("disk"));
        assertThat(reaches("small", IOVA)).isTrue();
        assertThat(reaches("disk", IOVA + 0xf000)).isTrue();
        assertThat(reaches("nic", IOVA)).as("its own domain").isTrue();
    }

    @Test
    void memoryThatIsMissingForTheSecondChangesNothing() {
        map();
        int failures = 0;
        for (boolean attached = false; !attached; failures++) {
            long before = board.allocator().allocatedBytes();
            board.allocationsLeft.set(failures);
            try {
                domain.attach(device("disk"));
                attached = true;
            } catch (IommuException failed) {
                assertThat(failed.errno()).isEqualTo(Errno.ENOMEM);
                assertThat(board.allocator().allocatedBytes()).isEqualTo(before);
                assertThat(reaches("disk", IOVA)).isFalse();
            }
            assertThat(reaches("nic", IOVA)).isTrue();
        }
        board.allocationsLeft.set(-1);
        assertThat(failures).isGreaterThan(1);
        assertThat(reaches("disk", IOVA)).isTrue();
    }

    @Test
    void commandsThatGetLostOnTheSecondChangeNothingForTheFirst() {
        map();
        int failures = 0;
        for (boolean attached = false; !attached; failures++) {
            board.doorbellsLeft.get("smmu1").set(failures);
            try {
                domain.attach(device("disk"));
                attached = true;
            } catch (IommuException failed) {
                assertThat(failed.errno()).isEqualTo(Errno.ETIMEDOUT);
                assertThat(reaches("disk", IOVA)).isFalse();
            }
            assertThat(reaches("nic", IOVA)).isTrue();
            board.doorbellsLeft.get("smmu1").set(-1);
        }
        assertThat(failures).isGreaterThan(1);
        assertThat(reaches("disk", IOVA)).isTrue();
        assertThat(domain.space().unmap(IOVA, 0x1000)).isEqualTo(0x1000);
        assertThat(reaches("nic", IOVA)).isFalse();
        assertThat(reaches("disk", IOVA)).isFalse();
    }

    @Test
    void aSecondThatIsSilentKeepsNoTranslationInTheFirst() {
        domain.attach(device("disk"));
        map();
        assertThat(reaches("nic", IOVA)).isTrue();
        assertThat(reaches("disk", IOVA)).isTrue();
        board.doorbellsLeft.get("smmu1").set(0);
        IommuException error =
                catchThrowableOfType(IommuException.class, () -> domain.space().unmap(IOVA, 0x1000));
        assertThat(error.errno()).isEqualTo(Errno.ETIMEDOUT);
        assertThat(reaches("nic", IOVA)).isFalse();
        board.doorbellsLeft.get("smmu1").set(-1);
        domain.space().tlbSync();
        assertThat(reaches("disk", IOVA)).isFalse();
    }

    /** Maps, and after each unmap owns the frame again: what a device writes there then is a write too late. */
    private final class Client implements Runnable {
        private static final int FRAMES = 64;
        private static final long MARK = 0x5a5a_5a5a_5a5a_5a5aL;
        private final long iova;
        private final long frames;

        Client(int index) {
            iova = IOVA + index * 0x20_0000L;
            frames = SmmuBoard.BUFFERS + index * FRAMES * 0x1000L;
        }

        @Override
        public void run() {
            for (int round = 0; !stop.get(); round++) {
                long frame = frames + round % FRAMES * 0x1000L;
                if (round >= FRAMES) {
                    assertThat(board.memory().read64(frame))
                            .as("written after its unmap")
                            .isEqualTo(MARK);
                }
                domain.space().map(iova, frame, 0x1000, RW);
                for (String device : List.of("nic", "disk")) {
                    assertThat(reaches(device, iova)).isTrue();
                }
                assertThat(domain.space().unmap(iova, 0x1000)).isEqualTo(0x1000);
                board.memory().write64(frame, MARK);
                rounds.incrementAndGet();
            }
        }
    }

    private final AtomicBoolean stop = new AtomicBoolean();
    private final AtomicLong rounds = new AtomicLong();
    private final AtomicLong landed = new AtomicLong();
    private final ConcurrentLinkedQueue<Throwable> failed = new ConcurrentLinkedQueue<>();

    private Thread start(Runnable work) {
        Thread thread = new Thread(work);
        thread.setUncaughtExceptionHandler((who, failure) -> {
            failed.add(failure);
            stop.set(true);
        });
        thread.start();
        return thread;
    }

    private void writeAlways(String device) {
        byte[] junk = new byte[8];
        for (int i = 0; !stop.get(); i++) {
            if (board.dma(device).write(Dma.NO_PASID, IOVA + i % 2 * 0x20_0000L, junk, 0, 8, 0) == Dma.OK) {
                landed.incrementAndGet();
            }
        }
    }

    @Test
    void noThreadSeesAStaleTranslationThroughEither() throws InterruptedException {
        domain.attach(device("disk"));
        List<Thread> threads = List.of(
                start(new Client(0)),
                start(new Client(1)),
                start(() -> writeAlways("nic")),
                start(() -> writeAlways("disk")));
        while ((rounds.get() < 4000 || landed.get() < 1000) && !stop.get()) {
            Thread.onSpinWait();
        }
        stop.set(true);
        for (Thread thread : threads) {
            thread.join();
        }
        assertThat(failed).isEmpty();
    }
}
