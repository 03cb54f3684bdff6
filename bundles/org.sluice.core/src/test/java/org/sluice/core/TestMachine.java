package org.sluice.core;

import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.sluice.api.AddressSpace;
import org.sluice.api.Domain;
import org.sluice.api.DomainRequest;
import org.sluice.api.DomainType;
import org.sluice.api.FaultListener;
import org.sluice.api.IoMm;
import org.sluice.api.IommuDevice;
import org.sluice.api.SvaParameters;
import org.sluice.api.SwapEvent;
import org.sluice.core.event.EventSink;
import org.sluice.core.fake.FakeAllocator;
import org.sluice.core.fake.FakeBoard;
import org.sluice.core.fake.FakeDriver;
import org.sluice.core.fake.FakeFormat;
import org.sluice.core.fake.FakeHardware;
import org.sluice.core.fake.FakeTables;
import org.sluice.core.fake.Journal;
import org.sluice.core.fake.LpaeWalk;
import org.sluice.core.fault.FaultWorkers;
import org.sluice.core.iova.FlushQueue;
import org.sluice.core.offer.Provider;
import org.sluice.core.space.Commons;
import org.sluice.core.unit.DefaultPolicy;
import org.sluice.pgtable.arm.Stage1Format;
import org.sluice.spi.pgtable.PageTableFormat;
import org.sluice.spi.sva.ProcessAddressSpaces;

/**
 * The platform over a fake board, without a container: services come and go by method calls. Devices: {@code nic} and
 * {@code disk} alone in their groups, {@code left} and {@code right} sharing one, {@code gpu} with a vendor's plug-in,
 * {@code old} without PASIDs; {@code far} is behind another IOMMU.
 */
public final class TestMachine implements AutoCloseable {
    public static final int NIC = 0x10;
    public static final int DISK = 0x20;
    public static final int GPU = 0x30;
    public static final int FAR = 0x60;
    public static final int RW = 3;

    public final Journal journal = new Journal();
    public final FakeTables tables = new FakeTables();
    public final FakeBoard board = new FakeBoard(journal);
    public final FakeHardware hardware;
    public final List<SwapEvent> swaps = new CopyOnWriteArrayList<>();
    public final Platform platform;
    public FakeDriver driver;
    public FakeFormat format = new FakeFormat(tables, journal);
    private long services;
    private long driverService;
    private long formatService;

    private TestMachine(Commons commons, DefaultPolicy policy, boolean realTables) {
        this(commons, policy, realTables, new FaultWorkers(4, 64, 30_000));
    }

    private TestMachine(Commons commons, DefaultPolicy policy, boolean realTables, FaultWorkers workers) {
        hardware = new FakeHardware(journal, realTables ? new LpaeWalk(board.memory()) : tables::walk);
        hardware.injection = board.injection;
        driver = new FakeDriver(hardware);
        platform = new Platform(commons, workers, policy);
        platform.addSwapListener(swaps::add);
        board.iommu("smmu0").iommu("smmu1");
        board.endpoint("nic", "", "smmu0", NIC, 20, -1);
        board.endpoint("disk", "", "smmu0", DISK, 20, -1);
        board.endpoint("gpu", FakeAllocator.COMPATIBLE, "smmu0", GPU, 20, -1);
        board.endpoint("left", "", "smmu0", 0x40, 0, 7);
        board.endpoint("right", "", "smmu0", 0x41, 0, 7);
        board.endpoint("old", "", "smmu0", 0x50, 0, -1);
        board.endpoint("far", "", "smmu1", FAR, 20, -1);
    }

    /** A machine with board, driver and format. */
    public static TestMachine running() {
        return running(5000);
    }

    public static TestMachine running(long gateMillis) {
        TestMachine machine = bare(gateMillis, 2000);
        machine.addFormat("1.0.0");
        machine.addDriver("1.0.0");
        machine.settle();
        return machine;
    }

    /** A machine whose driver can do everything that is optional. */
    public static TestMachine full() {
        return full(new FaultWorkers(4, 64, 30_000));
    }

    public static TestMachine full(FaultWorkers workers) {
        return full(DefaultPolicy.BLOCKED, workers);
    }

    public static TestMachine full(DefaultPolicy policy, FaultWorkers workers) {
        return new TestMachine(Commons.of(5000, 2000), policy, false, workers).start(true);
    }

    /** A machine before anything came, to be set up and {@link #start}ed. */
    public static TestMachine off(DefaultPolicy policy) {
        return new TestMachine(Commons.of(5000, 2000), policy, false);
    }

    /** Lets board, format and driver come. */
    public TestMachine start(boolean full) {
        driver.full = full;
        platform.addBoard(board);
        addFormat("1.0.0");
        addDriver("1.0.0");
        settle();
        return this;
    }

    /** Lets board and driver come. */
    public void startWithoutFormat() {
        platform.addBoard(board);
        addDriver("1.0.0");
        settle();
    }

    /** A machine with its board only. */
    public static TestMachine bare(long gateMillis, long drainMillis) {
        TestMachine machine = new TestMachine(Commons.of(gateMillis, drainMillis), DefaultPolicy.BLOCKED, false);
        machine.platform.addBoard(machine.board);
        machine.settle();
        return machine;
    }

    /** A machine with the real format of the ARM long descriptors, whose tables the hardware reads in memory. */
    public static TestMachine withRealTables() {
        return withRealTables(machine -> {});
    }

    /** The same after something was changed in its hardware, firmware or driver. */
    public static TestMachine withRealTables(Consumer<TestMachine> change) {
        return withRealTables(FlushQueue.Bounds.PER_THREAD, DefaultPolicy.BLOCKED, change);
    }

    /** The same with other bounds of the flush queue and another policy. */
    public static TestMachine withRealTables(
            FlushQueue.Bounds bounds, DefaultPolicy policy, Consumer<TestMachine> change) {
        TestMachine machine = new TestMachine(Commons.of(30_000, 10_000).withFlushBounds(bounds), policy, true);
        machine.journal.close();
        change.accept(machine);
        machine.platform.addBoard(machine.board);
        machine.driver.tableFormat = "ARM_64_LPAE_S1";
        machine.driver.full = true;
        machine.addFormat(new Stage1Format(), "1.0.0");
        machine.addDriver("1.0.0");
        machine.settle();
        return machine;
    }

    public long addDriver(String version) {
        driverService = ++services;
        platform.driverCame(
                driver, new Provider(driverService, Set.of(FakeDriver.COMPATIBLE), 0, "test.driver", version));
        return driverService;
    }

    /** Lets the driver of other IOMMUs come. */
    public long addDriver(FakeDriver other, String compatible, String version) {
        long service = ++services;
        platform.driverCame(other, new Provider(service, Set.of(compatible), 0, "test.driver", version));
        return service;
    }

    public void removeDriver(long service) {
        platform.driverLeft(service);
    }

    /** Lets another board come, with a device of this name behind an IOMMU {@code smmu9}. */
    public IommuDevice onAnotherBoard(String name) {
        FakeBoard other = new FakeBoard(journal).iommu("smmu9");
        other.endpoint(name, "", "smmu9", 0x90, 20, -1);
        platform.addBoard(other);
        settle();
        return device(name);
    }

    /** Lets another build of the driver come, as an update does. */
    public void replaceDriver(FakeDriver next, String version) {
        removeDriver();
        driver = next;
        addDriver(version);
    }

    public void removeDriver() {
        platform.driverLeft(driverService);
    }

    public long addFormat(String version) {
        return addFormat(format, version);
    }

    public long addFormat(PageTableFormat any, String version) {
        formatService = ++services;
        platform.formatCame(any, new Provider(formatService, Set.of(any.name()), 0, "test.format", version));
        return formatService;
    }

    public void removeFormat() {
        platform.formatLeft(formatService);
    }

    public long addAllocator(FakeAllocator allocator, String version) {
        return addAllocator(allocator, "test.gpu", version);
    }

    public long addAllocator(FakeAllocator allocator, String bundle, String version) {
        long service = ++services;
        platform.allocatorCame(allocator, new Provider(service, Set.of(FakeAllocator.COMPATIBLE), 0, bundle, version));
        return service;
    }

    public void removeAllocator(long service) {
        platform.allocatorLeft(service);
    }

    /** Number of the format that came last. */
    public long formatService() {
        return formatService;
    }

    public void platformFormatLeft(long service) {
        platform.formatLeft(service);
    }

    /** Changes the component's configuration. */
    public void setTimes(long gateMillis, long drainMillis) {
        configure(gateMillis, drainMillis, false);
    }

    /** The same, with the watch of mappings. */
    public void configure(long gateMillis, long drainMillis, boolean watch) {
        platform.reconfigure(new Platform.Config() {
            @Override
            public long gate_timeout_millis() {
                return gateMillis;
            }

            @Override
            public long drain_timeout_millis() {
                return drainMillis;
            }

            @Override
            public String default_domain() {
                return "blocked";
            }

            @Override
            public int fault_threads() {
                return 4;
            }

            @Override
            public int fault_queue() {
                return 64;
            }

            @Override
            public long fault_timeout_millis() {
                return 30_000;
            }

            @Override
            public boolean mapping_watch() {
                return watch;
            }

            @Override
            public Class<Platform.Config> annotationType() {
                return Platform.Config.class;
            }
        });
    }

    public void removeBoard() {
        platform.removeBoard(board);
    }

    public void addProcesses(ProcessAddressSpaces service) {
        platform.addProcesses(service);
    }

    public void listen(FaultListener listener) {
        platform.addFaultListener(listener);
    }

    /** Hears of events from now on. */
    public void events(EventSink sink) {
        platform.addEventSink(sink);
    }

    /** Waits until the swap thread has done what was posted. */
    public void settle() {
        CountDownLatch done = new CountDownLatch(1);
        platform.swapThread().execute(done::countDown);
        try {
            if (!done.await(60, TimeUnit.SECONDS)) {
                throw new AssertionError("the swap thread hangs");
            }
        } catch (InterruptedException interrupted) {
            throw new AssertionError(interrupted);
        }
    }

    public IommuDevice device(String name) {
        return platform.device(name).orElseThrow();
    }

    public Domain domain(DomainType type) {
        return platform.allocDomain(device("nic"), DomainRequest.of(type));
    }

    public Domain domain() {
        return domain(DomainType.UNMANAGED);
    }

    /** A paging domain with these devices attached. */
    public Domain attached(String... devices) {
        Domain domain = domain();
        for (String name : devices) {
            domain.attach(device(name));
        }
        return domain;
    }

    /** A paging domain with these devices attached, ready for private spaces. */
    public Domain prepared(String... devices) {
        Domain domain = attached(devices);
        for (String name : devices) {
            device(name).initSva(SvaParameters.any());
        }
        return domain;
    }

    public AddressSpace space() {
        return domain().space();
    }

    /** A private space of a device that was just attached to a domain of its own. */
    public IoMm ioMm(String device) {
        Domain domain = attached(device);
        device(device).initSva(SvaParameters.any());
        return domain.allocPasid(device(device));
    }

    public long counter(String name) {
        return platform.read().get(name);
    }

    @Override
    public void close() {
        platform.close();
    }
}
