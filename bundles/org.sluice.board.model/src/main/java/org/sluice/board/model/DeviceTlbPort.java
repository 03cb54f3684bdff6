package org.sluice.board.model;

import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.spi.board.AtsEndpoint;
import org.sluice.spi.board.AtsModel;
import org.sluice.spi.bus.DevicePort;

/**
 * The switches of an endpoint with a device TLB, and what its IOMMU tells it. While ATS is off the cache is empty and
 * nobody fills it.
 */
final class DeviceTlbPort implements DevicePort, AtsEndpoint, AutoCloseable {
    private static final int MIN_UNIT = 12;
    private static final int MAX_UNIT = 43;

    private final EndpointConfig config;
    private final AtsModel iommu;
    private final DeviceTlb cache;
    private final UsesInFlight uses = new UsesInFlight();
    private final PageRequests pages;
    private final AtsModel.Connection connection;
    private volatile boolean enabled;

    DeviceTlbPort(EndpointConfig config, AtsModel iommu) {
        this.config = config;
        this.iommu = iommu;
        cache = new DeviceTlb(config.tlbEntries());
        int streamId = config.streamIds().get(0);
        pages = new PageRequests(iommu, streamId, config.pasidInResponse(), config.pagesInGroup());
        connection = iommu.connect(streamId, this);
    }

    AtsModel iommu() {
        return iommu;
    }

    DeviceTlb cache() {
        return cache;
    }

    UsesInFlight uses() {
        return uses;
    }

    PageRequests pages() {
        return pages;
    }

    /** Whether translations may be asked for; to be asked within a use. */
    boolean isEnabled() {
        return enabled;
    }

    @Override
    public boolean hasAts() {
        return true;
    }

    @Override
    public void enableAts(int smallestUnitShift) {
        if (smallestUnitShift < MIN_UNIT || smallestUnitShift > MAX_UNIT) {
            throw new IommuException(
                    Errno.EINVAL,
                    "endpoint " + config.name() + ": smallest translation unit is 2^" + smallestUnitShift
                            + " bytes, it must be from 2^" + MIN_UNIT + " to 2^" + MAX_UNIT);
        }
        enabled = true;
    }

    @Override
    public void disableAts() {
        enabled = false;
        uses.await();
        cache.clear();
    }

    @Override
    public boolean hasPri() {
        return config.pageRequests();
    }

    @Override
    public void enablePri(int outstanding) {
        if (!config.pageRequests()) {
            throw new UnsupportedOperationException("endpoint " + config.name() + " has no PRI");
        }
        if (outstanding < 1) {
            throw new IommuException(
                    Errno.EINVAL,
                    "endpoint " + config.name() + ": outstanding page requests are " + outstanding
                            + ", at least 1 is needed");
        }
        pages.enable(outstanding);
    }

    @Override
    public void disablePri() {
        pages.disable();
    }

    @Override
    public boolean wantsPasidInResponse() {
        return config.pasidInResponse();
    }

    @Override
    public boolean canStall() {
        return config.stalls();
    }

    @Override
    public boolean invalidate(int substreamId, boolean global, long address, int log2bytes) {
        if (config.mute()) {
            return false;
        }
        cache.invalidate(substreamId, global, address, log2bytes);
        // a transaction that found the entry before, or has just been answered with it
        uses.await();
        return true;
    }

    @Override
    public void respond(int substreamId, int group, Response response) {
        pages.respond(substreamId, group, response);
    }

    /** Powers it off: whoever waits for a page gives up. */
    @Override
    public void close() {
        enabled = false;
        connection.close();
        pages.close();
    }
}
