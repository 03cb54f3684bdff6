package org.sluice.core.unit;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executor;
import java.util.function.Supplier;
import org.sluice.api.Domain;
import org.sluice.api.DomainRequest;
import org.sluice.api.Errno;
import org.sluice.api.FaultListener;
import org.sluice.api.IommuDevice;
import org.sluice.api.IommuException;
import org.sluice.api.IommuGroup;
import org.sluice.api.SpaceState;
import org.sluice.api.UnitStatus;
import org.sluice.core.fault.FaultWorkers;
import org.sluice.core.offer.Catalogue;
import org.sluice.core.offer.Offer;
import org.sluice.core.offer.Provider;
import org.sluice.core.space.Commons;
import org.sluice.core.space.Hold;
import org.sluice.core.space.Space;
import org.sluice.spi.board.Board;
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
 * <p>What changes is guarded by the lock of {@link Driving}, one per IOMMU.
 */
public final class Unit {
    private static final System.Logger LOG = System.getLogger("org.sluice.core");

    private final String name;
    private final Board board;
    private final IommuHardware hardware;
    private final Commons commons;
    private final Catalogue catalogue;
    private final Executor later;
    private final FaultWorkers workers;
    private final UnitFaults faults;
    private final Quarantine quarantine;
    private final PasidSpace pasids = new PasidSpace();
    private final List<Device> devices = new ArrayList<>(); // constant once the board is bound
    private final List<Group> groups = new ArrayList<>(); // constant once the board is bound
    private final Map<Integer, Device> byStream = new ConcurrentHashMap<>();
    private final Set<TranslationDomain> domains = new LinkedHashSet<>(); // guarded by the lock
    private final List<Space> spaces = new CopyOnWriteArrayList<>(); // changed under the lock

    private final Driving driving;
    private final Creation creation;
    private final DefaultDomains defaults;
    private final SharedSpaces shared;

    /**
     * An IOMMU that nobody drives yet.
     *
     * @param board where it is
     * @param hardware the IOMMU
     * @param commons what spaces share
     * @param catalogue what the registry offers
     * @param later the swap thread
     * @param listeners who hears of faults
     * @param workers who repair faults
     * @param policy where devices go that nobody attached
     */
    public Unit(
            Board board,
            IommuHardware hardware,
            Commons commons,
            Catalogue catalogue,
            Executor later,
            List<FaultListener> listeners,
            FaultWorkers workers,
            DefaultPolicy policy) {
        this.name = hardware.name();
        this.board = board;
        this.hardware = hardware;
        this.commons = commons;
        this.catalogue = catalogue;
        this.later = later;
        this.workers = workers;
        this.faults = new UnitFaults(this, listeners, workers);
        this.quarantine = new Quarantine(this);
        this.driving = new Driving(name, hardware.compatible(), commons);
        this.creation = new Creation(this);
        this.defaults = new DefaultDomains(this, policy);
        this.shared = new SharedSpaces(this);
    }

    /**
     * Adds the devices behind it, grouped as they can be isolated.
     *
     * @param endpoints of the board, those of other IOMMUs are skipped
     * @param firstGroup number of the first group
     * @return number for the next group
     */
    public int addEndpoints(List<Endpoint> endpoints, int firstGroup) {
        int next = firstGroup;
        List<Endpoint> own = endpoints.stream()
                .filter(endpoint -> endpoint.iommu().equals(name))
                .toList();
        for (List<Endpoint> together : Grouping.of(own)) {
            Group group = new Group(this, next++);
            groups.add(group);
            for (Endpoint endpoint : together) {
                Device device = new Device(this, group, endpoint);
                devices.add(device);
                endpoint.streamIds().forEach(stream -> byStream.putIfAbsent(stream, device));
            }
        }
        return next;
    }

    /**
     * Who drives it, and its lock.
     *
     * @return the same for the life of this object
     */
    public Driving driving() {
        return driving;
    }

    /**
     * Runs something under the lock of this IOMMU.
     *
     * @param action what
     * @param <T> its answer
     * @return its answer
     */
    public <T> T withLock(Supplier<T> action) {
        return driving.withLock(action);
    }

    /**
     * The driver's object; under the lock.
     *
     * @return null while there is none
     */
    public IommuUnit iommu() {
        return driving.iommu();
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

    /**
     * The group in the core's terms.
     *
     * @throws IommuException EINVAL it is behind another IOMMU
     */
    Group own(IommuGroup group) {
        if (group instanceof Group own && own.unit() == this) {
            return own;
        }
        throw new IommuException(
                Errno.EINVAL, "group " + (group == null ? "null" : group.id()) + " is not behind " + name);
    }

    /**
     * The domain in the core's terms.
     *
     * @throws IommuException EINVAL it is another IOMMU's
     */
    TranslationDomain own(Domain domain) {
        if (domain instanceof TranslationDomain own && own.unit() == this) {
            return own;
        }
        throw new IommuException(Errno.EINVAL, "domain " + domain + " is not of " + name);
    }

    Creation creation() {
        return creation;
    }

    UnitFaults faults() {
        return faults;
    }

    List<Group> groupList() {
        return groups;
    }

    /**
     * Processes that its devices share the address space of.
     *
     * @return the same for the life of this object
     */
    public SharedSpaces shared() {
        return shared;
    }

    /** A page-fault handler has returned; somebody may wait for that in quarantine. */
    void handlerLeft() {
        if (quarantine.size() > 0) {
            later(this::sweep);
        }
    }

    /**
     * Waits for page-fault handlers of spaces that were taken away, and frees what waited for them. Not under the lock: a
     * handler may want it.
     */
    void settle(Collection<? extends Space> taken) {
        List<? extends Space> ended = taken.stream()
                .filter(space -> space.state() == SpaceState.REVOKED)
                .toList();
        if (!ended.isEmpty() && !driving.isHeldByCaller()) {
            faults.pages().awaitQuiet(ended::contains);
            withLock(() -> {
                if (iommu() != null) {
                    sweep();
                }
                return null;
            });
        }
    }

    Device deviceOfStream(int streamId) {
        return byStream.get(streamId);
    }

    PasidOperations pasidOperations() {
        if (iommu() instanceof PasidOperations operations) {
            return operations;
        }
        throw new IommuException(
                Errno.ENODEV, "driver " + driving.driverName() + " has no PASID operations (mm_attach, mm_detach)");
    }

    Optional<Offer<PageTableFormat>> bestFormat(String format) {
        return catalogue.formats().best(format);
    }

    Optional<Offer<MmAllocator>> allocatorFor(Device device) {
        return device.compatible().isEmpty()
                ? Optional.empty()
                : catalogue.allocators().best(device.compatible());
    }

    boolean hasAllocatorFor(Device device) {
        return allocatorFor(device).isPresent();
    }

    Optional<Offer<MmAllocator>> successorOf(Provider allocator) {
        return catalogue.allocators().successor(allocator);
    }

    /** Runs something on the swap thread, under the lock. */
    void later(Runnable action) {
        later.execute(() -> withLock(() -> {
            action.run();
            return null;
        }));
    }

    /** The same after a while. */
    void later(long millis, Runnable action) {
        workers.after(millis, () -> later(action));
    }

    Commons commons() {
        return commons;
    }

    PasidSpace pasids() {
        return pasids;
    }

    Quarantine quarantine() {
        return quarantine;
    }

    Set<TranslationDomain> domains() {
        return domains;
    }

    DmaProperties dmaProperties(Endpoint endpoint) {
        return board.dmaProperties(endpoint);
    }

    PhysicalMemory memory() {
        return board.memory();
    }

    PageAllocator allocator() {
        return board.allocator();
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
        for (Space space : spaces) {
            if (space instanceof BondedSpace bonded) {
                bonded.allowAgain();
            }
        }
    }

    /**
     * Its spaces, those in quarantine included.
     *
     * @return a live list; changed under the lock
     */
    public List<Space> spaces() {
        return spaces;
    }

    /**
     * Its devices.
     *
     * @return constant
     */
    List<Device> members() {
        return devices;
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
     * Attaches a device whose first attach was deferred, because somebody is about to use it.
     *
     * @param device of this IOMMU
     */
    public void completeDeferredAttach(IommuDevice device) {
        withLock(() -> {
            Device target = own(device);
            if (target.isDeferred()) {
                IommuUnit iommu = driving.serving();
                target.current().prepare(target);
                iommu.attach(target.record(), target.current().attachment());
                target.setDeferred(false);
            }
            return null;
        });
    }

    /**
     * Takes every space away and switches the hardware off: the board or the core goes. Without a driver the hardware is
     * left as it is. Hardware that does not answer any more, because the board died, let go of nothing: its clients hear of
     * the end all the same, but the memory of its tables is not given to anybody else.
     */
    public void shutdown() {
        withLock(() -> {
            driving.end();
            String why = name + " went away";
            IommuUnit iommu = driving.iommu();
            if (iommu == null) {
                spaces.forEach(space -> space.ledger().revoke(why));
            } else {
                // Nested domains after their parents were made, so before them here.
                List<TranslationDomain> all = new ArrayList<>(domains);
                Collections.reverse(all);
                groups.forEach(group -> all.addAll(List.of(group.fallback(), group.blocking())));
                attempt("sharing with processes", () -> shared.abandon(why));
                all.forEach(domain -> attempt(domain.name(), domain::abandon));
                attempt("what waits for repair", faults.pages()::close);
                attempt("the quarantine", quarantine::abandon);
                attempt("the hardware", iommu::shutdown);
                serve(null, null);
                all.forEach(TranslationDomain::forsake);
                spaces.forEach(space -> forsake(space, why));
            }
            driving.blame("the board or the core was stopped");
            driving.signal();
            return null;
        });
    }

    private static void forsake(Space space, String why) {
        space.ledger().revoke(why);
        if (space instanceof BondedSpace bonded) {
            bonded.forsake();
        }
    }

    private void attempt(String what, Runnable end) {
        try {
            end.run();
        } catch (RuntimeException failed) {
            LOG.log(System.Logger.Level.WARNING, "{0} of {1} did not end cleanly: {2}", what, name, failed.toString());
        }
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

    /**
     * Private spaces that a plug-in made and that still live.
     *
     * @param allocator the plug-in
     * @return a count
     */
    public int spacesOf(Provider allocator) {
        return (int) spaces.stream()
                .filter(space -> space instanceof PrivateSpace own
                        && own.allocator() != null
                        && allocator.succeeds(own.allocator()))
                .count();
    }

    /**
     * Name.
     *
     * @return e.g. {@code smmu0}
     */
    public String name() {
        return name;
    }

    /**
     * Devices behind it.
     *
     * @return constant
     */
    public List<IommuDevice> devices() {
        return List.copyOf(devices);
    }

    /**
     * Groups behind it.
     *
     * @return constant
     */
    public List<IommuGroup> groups() {
        return List.copyOf(groups);
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
            closed = spaces.stream()
                    .map(space -> space.ledger().tableHold())
                    .filter(Objects::nonNull)
                    .findFirst()
                    .orElse(null);
        }
        UnitStatus.State state =
                closed != null ? UnitStatus.State.HELD : driven ? UnitStatus.State.RUNNING : UnitStatus.State.NO_DRIVER;
        String cause = closed != null && driven ? closed.cause() : driving.cause();
        return new UnitStatus(name, state, driving.driverName(), cause, devices.size(), driving.hooks());
    }

    /**
     * Faults that its driver reported.
     *
     * @return a count
     */
    public long faultCount() {
        return faults.count();
    }

    /**
     * PASIDs in use, those in quarantine included.
     *
     * @return a count
     */
    public int pasidCount() {
        return withLock(pasids::inUse);
    }

    /**
     * Spaces in quarantine.
     *
     * @return a count
     */
    public int quarantined() {
        return quarantine.size();
    }

    /**
     * Those of them that wait for a fence.
     *
     * @return a count
     */
    public int unfenced() {
        return quarantine.unfenced();
    }

    /**
     * Table memory in quarantine.
     *
     * @return bytes
     */
    public long quarantinedBytes() {
        return quarantine.bytes();
    }
}
