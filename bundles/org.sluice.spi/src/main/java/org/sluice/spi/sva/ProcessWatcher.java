package org.sluice.spi.sva;

import org.osgi.annotation.versioning.ProviderType;

/** What a process tells those whose devices walk its table ({@code mmu_notifier}); the core implements it. */
@ProviderType
public interface ProcessWatcher {
    /**
     * Entries were taken away or lost rights: makes the devices forget them. May be called under locks of the process: it
     * takes no lock that is held while {@link ProcessAddressSpace#watch}, {@link ProcessAddressSpace#unwatch} or
     * {@link ProcessAddressSpace#faultIn} is called.
     *
     * @param address first virtual address in bytes
     * @param size bytes, above 0
     * @throws org.sluice.api.ProviderMissingException no driver came within the configured time: devices may still use the old
     *     entries, so the process keeps the frames and tables concerned and calls again later
     */
    void invalidate(long address, long size);

    /**
     * The process exits: tells its users and detaches every device. Called once, without locks of the process; may sleep.
     * When it returns, no device walks the table.
     *
     * @throws org.sluice.api.ProviderMissingException no driver came within the configured time: the process keeps its tables
     *     and calls again later
     */
    void exit();
}
