package org.sluice.core.fake;

import java.util.OptionalLong;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.spi.driver.ContextRecord;
import org.sluice.spi.driver.HardwareWalk;
import org.sluice.spi.driver.RootExchange;
import org.sluice.spi.driver.TranslationContext;
import org.sluice.spi.pgtable.PageTableConfig;
import org.sluice.spi.pgtable.WalkerConfig;

class FakeContext implements TranslationContext, HardwareWalk {
    private final FakeHardware hardware;
    private final FakeDriver driver;
    private final String unit;
    private volatile ContextRecord record;

    FakeContext(FakeHardware hardware, FakeDriver driver, String unit, ContextRecord record) {
        this.hardware = hardware;
        this.driver = driver;
        this.unit = unit;
        this.record = record;
    }

    boolean isOf(String iommu) {
        return unit.equals(iommu);
    }

    @Override
    public ContextRecord record() {
        return record;
    }

    @Override
    public PageTableConfig tableConfig() {
        return record.table();
    }

    @Override
    public void install(WalkerConfig walker) {
        hardware.injection.point("install");
        if (driver.refuseInstall) {
            throw new IommuException(Errno.EINVAL, "walker refused");
        }
        record = new ContextRecord(record.request(), record.tag(), record.stage(), record.table(), walker);
    }

    @Override
    public void invalidateAll() {
        hardware.injection.point("invalidateAll");
        hardware.journal.add("invalidateAll tag%d", record.tag());
        hardware.invalidateTag(record.tag());
    }

    @Override
    public void invalidate(long iova, long size, long granule, boolean leafOnly) {
        hardware.journal.add(
                "invalidate tag%d %x+%x by %x%s", record.tag(), iova, size, granule, leafOnly ? "" : " with tables");
        hardware.queue(record.tag(), iova, iova + size - 1);
    }

    @Override
    public void sync() {
        if (driver.failSync || unit.equals(driver.failSyncOf)) {
            throw new IommuException(Errno.ETIMEDOUT, "CMD_SYNC did not complete");
        }
        hardware.journal.add("sync tag%d", record.tag());
        hardware.sync(record.tag());
    }

    @Override
    public OptionalLong hardwareWalk(long iova) {
        Long distance = driver.hardwareWalks.get(unit);
        return distance == null ? OptionalLong.empty() : OptionalLong.of(iova + distance);
    }

    /** One whose hardware can begin at another root. */
    static final class WithRootExchange extends FakeContext implements RootExchange {
        WithRootExchange(FakeHardware hardware, FakeDriver driver, String unit, ContextRecord record) {
            super(hardware, driver, unit, record);
        }

        @Override
        public void exchangeRoot(WalkerConfig walker) {
            if (super.driver.refuseExchange) {
                throw new IommuException(Errno.EBUSY, "root is in use");
            }
            install(walker);
            super.hardware.journal.add("exchangeRoot tag%d", record().tag());
            super.hardware.moveRoot(record().tag(), walker.root());
        }
    }
}
