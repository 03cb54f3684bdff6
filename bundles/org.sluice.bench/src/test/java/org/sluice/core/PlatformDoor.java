package org.sluice.core;

import java.util.Set;
import java.util.concurrent.CountDownLatch;
import org.sluice.core.offer.Provider;
import org.sluice.core.space.Commons;
import org.sluice.spi.board.Board;
import org.sluice.spi.driver.IommuDriver;
import org.sluice.spi.pgtable.PageTableFormat;

/** Starts the platform as the component runtime would, for benchmarks: services come by method calls. */
public final class PlatformDoor {
    private static final long MILLIS = 10_000;

    private final Platform platform = new Platform(Commons.of(MILLIS, MILLIS));
    private long services;

    /** The platform that everything comes to. */
    public Platform platform() {
        return platform;
    }

    public void add(PageTableFormat format) {
        platform.formatCame(format, provider(format.name()));
    }

    public void add(IommuDriver driver, String compatible) {
        platform.driverCame(driver, provider(compatible));
    }

    public void add(Board board) {
        platform.addBoard(board);
    }

    /** Waits until the swap thread has taken in what came. */
    public void settle() throws InterruptedException {
        CountDownLatch done = new CountDownLatch(1);
        platform.swapThread().execute(done::countDown);
        done.await();
    }

    private Provider provider(String key) {
        return new Provider(++services, Set.of(key), 0, "bench", "1.0.0");
    }
}
