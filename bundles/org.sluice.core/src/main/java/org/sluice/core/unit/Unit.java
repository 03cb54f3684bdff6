package org.sluice.core.unit;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Supplier;
import org.sluice.api.Domain;
import org.sluice.api.DomainRequest;
import org.sluice.api.Errno;
import org.sluice.api.IommuDevice;
import org.sluice.api.IommuException;
import org.sluice.api.IommuGroup;
import org.sluice.api.UnitStatus;
import org.sluice.core.offer.Offer;
import org.sluice.core.offer.Provider;
import org.sluice.core.space.Commons;
import org.sluice.core.space.HardwareSide;
import org.sluice.core.space.Hold;
import org.sluice.core.space.Space;
import org.sluice.core.space.Translator;
import org.sluice.spi.board.DmaProperties;
import org.sluice.spi.board.Endpoint;
import org.sluice.spi.board.IommuHardware;
import org.sluice.spi.driver.IommuUnit;
import org.sluice.spi.driver.MmAllocator;
import org.sluice.spi.driver.PageResponseOperations;
import org.sluice.spi.driver.PasidOperations;
import org.sluice.spi.driver.UnitHost;
import org.sluice.spi.memory.PageAllocator;
import org.sluice.spi.memory.PhysicalMemory;
import org.sluice.spi.pgtable.PageTableFormat;

/**
 * One IOMMU of a board: its devices and groups exist from the moment the board is there, whether a driver serves it or not.
 *
 * <p>What changes is guarded by the {@link BoardLock}.
 */
public final class Unit implements Translator {
    private final String name;
    private final Site site;
    private final IommuHardware hardware;
    private final Population population;
    private final UnitFaults faults;
    private final Quarantine quarantine;
    private final PasidSpace pasids = new PasidSpace();
    private final Set<TranslationDomain> domains = new LinkedHashSet<>(); // guarded by the lock
    private final List<HardwareSide> sides = new CopyOnWriteArrayList<>(); // changed under the lock

    private final Driving driving;
    private final Creation creation;
    private final DefaultDomains defaults;
    private final SharedSpaces shared;

    /**
     * An IOMMU that nobody drives yet.
     *
     * @param site where it is
     * @param hardware the IOMMU
     */
    Unit(Site site, IommuHardware hardware) {
        this.name = hardware.name();
        this.site = site;
        this.hardware = hardware;
        this.population = new Population(this);
        this.faults = new UnitFaults(this, site.listeners(), site.workers());
        this.quarantine = new Quarantine(this);
        this.driving = new Driving(name, hardware.compatible(), site.commons(), site.lock());
        this.creation = new Creation(this);
        this.defaults = new DefaultDomains(this, site.policy());
        this.shared = new SharedSpaces(this);
    }

    /**
     * The IOMMU of a device.
     *
     * @param device of this platform
     * @return its IOMMU
     * @throws IommuException EINVAL another implementation's device
     */
    public static Unit of(IommuDevice device) {
        if (device instanceof Device own) {
            return own.unit();
        }
        throw new IommuException(
                Errno.EINVAL, "device " + (device == null ? "null" : device.name()) + " is not one of this platform");
    }

    /** The IOMMU of a side; there are no other translators. */
    static Unit of(HardwareSide side) {
        return (Unit) side.unit();
    }

    @Override
    public String name() {
        return name;
    }

    /**
     * Where it is.
     *
     * @return the board with its IOMMUs
     */
    public Site site() {
        return site;
    }

    Population population() {
        return population;
    }

    /**
     * Who drives it.
     *
     * @return the same for the life of this object
     */
    public Driving driving() {
        return driving;
    }

    /**
     * The lock of its board.
     *
     * @return the same for all IOMMUs of the board
     */
    public BoardLock lock() {
        return site.lock();
    }

    /**
     * Runs something under the lock of its board.
     *
     * @param action what
     * @param <T> its answer
     * @return its answer
     */
    public <T> T withLock(Supplier<T> action) {
        return site.withLock(action);
    }

    /** Something happened here that a client or an operator may care about; see {@link org.sluice.core.event.Events#post}. */
    void tell(String topic, Supplier<Map<String, Object>> properties) {
        commons().events().post(topic, properties);
    }

    @Override
    public IommuUnit iommu() {
        return driving.iommu();
    }

    @Override
    public List<HardwareSide> sides() {
        return sides;
    }

    /**
     * The spaces that were made here, those in quarantine included.
     *
     * @return a snapshot
     */
    public List<Space> spaces() {
        return sides.stream()
                .filter(HardwareSide::isHome)
                .map(HardwareSide::space)
                .toList();
    }

    /** Lists a space that was made here. */
    void add(Space space) {
        sides.add(space.ledger().home());
    }

    Set<TranslationDomain> domains() {
        return domains;
    }

    /**
     * Makes a domain.
     *
     * @param request what kind
     * @return the domain
     * @throws IommuException EOPNOTSUPP, ENOSPC, ENOMEM, ENODEV
     */
    public Domain allocDomain(DomainRequest request) {
        return withLock(() -> creation.domain(request));
    }

    /**
     * The device in the core's terms.
     *
     * @throws IommuException EINVAL it is behind another IOMMU
     */
    Device own(IommuDevice device) {
        if (device instanceof Device own && own.unit() == this) {
            return own;
        }
        throw new IommuException(
                Errno.EINVAL, "device " + (device == null ? "null" : device.name()) + " is not behind " + name);
    }

    Creation creation() {
        return creation;
    }

    UnitFaults faults() {
        return faults;
    }

    PasidSpace pasids() {
        return pasids;
    }

    Quarantine quarantine() {
        return quarantine;
    }

    /**
     * Processes that its devices share the address space of.
     *
     * @return the same for the life of this object
     */
    public SharedSpaces shared() {
        return shared;
    }

    PasidOperations pasidOperations() {
        if (iommu() instanceof PasidOperations operations) {
            return operations;
        }
        throw new IommuException(
                Errno.ENODEV, "driver " + driving.driverName() + " has no PASID operations (mm_attach, mm_detach)");
    }

    Optional<Offer<PageTableFormat>> bestFormat(String format) {
        return site.catalogue().formats().best(format);
    }

    Optional<Offer<MmAllocator>> allocatorFor(Device device) {
        return device.compatible().isEmpty()
                ? Optional.empty()
                : site.catalogue().allocators().best(device.compatible());
    }

    boolean hasAllocatorFor(Device device) {
        return allocatorFor(device).isPresent();
    }

    Optional<Offer<MmAllocator>> successorOf(Provider allocator) {
        return site.catalogue().allocators().successor(allocator);
    }

    Commons commons() {
        return site.commons();
    }

    DmaProperties dmaProperties(Endpoint endpoint) {
        return site.board().dmaProperties(endpoint);
    }

    PhysicalMemory memory() {
        return site.board().memory();
    }

    PageAllocator allocator() {
        return site.board().allocator();
    }

    // What follows is for the swap package.

    /**
     * The IOMMU itself.
     *
     * @return as the board describes it
     */
    public IommuHardware hardware() {
        return hardware;
    }

    /**
     * What its driver gets from the core.
     *
     * @return the host; outlives drivers
     */
    public UnitHost host() {
        return faults;
    }

    /** Tells a driver that took over which tables devices load by themselves. */
    public void allowTablesAgain() {
        for (HardwareSide side : sides) {
            if (side.space() instanceof BondedSpace bonded) {
                bonded.allowAgain();
            }
        }
    }

    /**
     * Its ledger.
     *
     * @return to be used under the lock
     */
    public UnitLedger ledger() {
        return new UnitLedger(this);
    }

    /** Frees what a bundle that came has made free; under the lock. */
    public void sweep() {
        quarantine.sweep();
        DomainUnits.sweep(this);
    }

    /**
     * Takes or leaves a driver; under the lock.
     *
     * @param object of the driver, or null
     * @param provider who that is, or null
     */
    public void serve(IommuUnit object, Provider provider) {
        driving.serve(object, provider);
        faults.pages().serve(object instanceof PageResponseOperations operations ? operations : null);
    }

    /**
     * Notes that a driver left: nothing calls it any more once operations in flight were drained. Under the lock.
     *
     * @param why the hold of its spaces
     */
    public void hold(Hold why) {
        driving.hold(why);
        faults.pages().serve(null);
    }

    /** Gives groups the default domains that the policy wants, as far as bundles for them are there; under the lock. */
    public void applyDefaults() {
        if (iommu() != null) {
            defaults.apply();
        }
    }

    /**
     * Takes every space away and switches the hardware off: the board or the core goes. Without a driver the hardware is
     * left as it is. Hardware that does not answer any more, because the board died, let go of nothing: its clients hear of
     * the end all the same, but the memory of its tables is not given to anybody else.
     */
    public void shutdown() {
        withLock(() -> {
            new UnitShutdown(this).run();
            return null;
        });
    }

    /**
     * Private spaces that a plug-in made and that still live.
     *
     * @param allocator the plug-in
     * @return a count
     */
    public int spacesOf(Provider allocator) {
        return (int) spaces().stream()
                .filter(space -> space instanceof PrivateSpace own
                        && own.allocator() != null
                        && allocator.succeeds(own.allocator()))
                .count();
    }

    /**
     * Devices behind it.
     *
     * @return constant
     */
    public List<IommuDevice> devices() {
        return List.copyOf(population.devices());
    }

    /**
     * Groups behind it.
     *
     * @return constant
     */
    public List<IommuGroup> groups() {
        return List.copyOf(population.groups());
    }

    /**
     * State, with the cause; takes no lock.
     *
     * @return a snapshot
     */
    public UnitStatus status() {
        boolean driven = driving.driver() != null;
        Hold closed = driving.hold();
        if (closed == null && driven) {
            closed = sides.stream()
                    .map(side -> side.space().ledger().table().hold())
                    .filter(Objects::nonNull)
                    .findFirst()
                    .orElse(null);
        }
        UnitStatus.State state =
                closed != null ? UnitStatus.State.HELD : driven ? UnitStatus.State.RUNNING : UnitStatus.State.NO_DRIVER;
        String cause = closed != null && driven ? closed.cause() : driving.cause();
        return new UnitStatus(
                name, state, driving.driverName(), cause, population.devices().size(), driving.hooks());
    }
}
