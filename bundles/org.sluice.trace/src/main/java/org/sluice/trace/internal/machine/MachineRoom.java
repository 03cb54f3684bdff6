package org.sluice.trace.internal.machine;

import java.io.IOException;
import java.time.Duration;
import java.util.Dictionary;
import java.util.Hashtable;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.osgi.framework.BundleContext;
import org.osgi.framework.Constants;
import org.osgi.framework.FrameworkUtil;
import org.osgi.framework.InvalidSyntaxException;
import org.osgi.framework.ServiceRegistration;
import org.osgi.service.cm.Configuration;
import org.osgi.service.cm.ConfigurationAdmin;
import org.osgi.util.tracker.ServiceTracker;
import org.sluice.api.Errno;
import org.sluice.api.FaultListener;
import org.sluice.api.Iommu;
import org.sluice.api.IommuException;
import org.sluice.api.ProviderMissingException;
import org.sluice.api.UnitStatus;
import org.sluice.process.ProcessTable;
import org.sluice.spi.board.Board;
import org.sluice.spi.board.Endpoint;
import org.sluice.trace.Injection;
import org.sluice.trace.MachineKind;

/** Brings machines up in the container, by a configuration of a board, and takes them down again. */
public final class MachineRoom {
    private static final String BOARD_FACTORIES = "org.sluice.board.";

    /** Property of the framework: a QEMU other than that of PATH. */
    private static final String QEMU = "sluice.qemu";

    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final long POLL_MILLIS = 10;
    private static final long LOOK_MILLIS = 200;

    private final BundleContext context;
    private final ConfigurationAdmin configurations;
    private final Iommu iommu;

    /**
     * A room in this container.
     *
     * @param context of this bundle
     * @param configurations where boards are configured
     * @param iommu the core
     */
    public MachineRoom(BundleContext context, ConfigurationAdmin configurations, Iommu iommu) {
        this.context = context;
        this.configurations = configurations;
        this.iommu = iommu;
    }

    /**
     * Builds a machine and waits until every device of it translates.
     *
     * @param plan what it is made of
     * @param inject defect between driver and device
     * @return the machine, running
     * @throws IommuException EBUSY a device of that name is there already; ProviderMissingException it did not come up in
     *     30 s, naming what is missing. Nothing is left behind.
     */
    public Machine build(MachinePlan plan, Injection inject) {
        for (String device : plan.streams().keySet()) {
            if (iommu.device(device).isPresent()) {
                throw new IommuException(
                        Errno.EBUSY, "device " + device + " of the trace exists already on another board");
            }
        }
        Configuration configuration = configure(plan, inject);
        FaultLog faults = new FaultLog(plan.iommu());
        ServiceRegistration<FaultListener> listener =
                context.registerService(FaultListener.class, faults, new Hashtable<>());
        boolean up = false;
        try {
            Board board = board(plan, configuration.getPid());
            awaitDevices(plan);
            Machine machine = new Running(plan, board, faults, streams(plan, board), configuration, listener);
            up = true;
            return machine;
        } finally {
            if (!up) {
                listener.unregister();
                delete(configuration);
            }
        }
    }

    private Configuration configure(MachinePlan plan, Injection inject) {
        try {
            Configuration configuration = configurations.createFactoryConfiguration(factory(plan), "?");
            Dictionary<String, Object> properties = plan.properties(inject);
            String qemu = context.getProperty(QEMU);
            if (plan.kind() == MachineKind.QEMU && qemu != null) {
                properties.put("qemu", qemu);
            }
            configuration.update(properties);
            return configuration;
        } catch (IOException cause) {
            throw new IommuException(Errno.EIO, "cannot configure board " + plan.board() + ": " + cause);
        }
    }

    private static String factory(MachinePlan plan) {
        return BOARD_FACTORIES + plan.kind().word();
    }

    /** The board object outlives the tracker's look-up: it is a service of a bundle that stays. */
    private Board board(MachinePlan plan, String pid) {
        String wanted = "(&(" + Constants.OBJECTCLASS + "=" + Board.class.getName() + ")(" + Board.NAME + "="
                + plan.board() + "))";
        try {
            ServiceTracker<Board, Board> tracker =
                    new ServiceTracker<>(context, FrameworkUtil.createFilter(wanted), null);
            tracker.open();
            try {
                long deadline = System.nanoTime() + PATIENCE.toNanos();
                while (true) {
                    Board board = tracker.waitForService(LOOK_MILLIS);
                    if (board != null) {
                        return board;
                    }
                    Optional<String> failure = StartFailure.of(context, pid);
                    if (failure.isPresent() || System.nanoTime() - deadline > 0) {
                        throw new ProviderMissingException(
                                "board " + plan.board(),
                                failure.orElse("no board came within "
                                        + PATIENCE.toSeconds() + " s for the configuration " + factory(plan)
                                        + "; is that bundle started, with a memory and a device model?"));
                    }
                }
            } finally {
                tracker.close();
            }
        } catch (InvalidSyntaxException impossible) {
            throw new IommuException(Errno.EINVAL, "board name " + plan.board() + " makes no filter");
        } catch (InterruptedException stop) {
            Thread.currentThread().interrupt();
            throw new IommuException(Errno.EBUSY, "interrupted while waiting for board " + plan.board());
        }
    }

    private void awaitDevices(MachinePlan plan) {
        if (!await(() -> unit(plan)
                        .filter(status -> status.state() == UnitStatus.State.RUNNING)
                        .isPresent()
                && plan.streams().keySet().stream()
                        .allMatch(name -> iommu.device(name).isPresent()))) {
            throw new ProviderMissingException(
                    "IOMMU " + plan.iommu(),
                    "not running within " + PATIENCE.toSeconds() + " s: "
                            + unit(plan)
                                    .map(status -> status.state() + ", driver " + status.driver() + ", "
                                            + status.devices() + " of "
                                            + plan.streams().size() + " devices, "
                                            + status.cause())
                                    .orElse("the core does not know it"));
        }
    }

    private Optional<UnitStatus> unit(MachinePlan plan) {
        return iommu.status().stream()
                .filter(status -> status.name().equals(plan.iommu()))
                .findFirst();
    }

    private Map<String, Stream> streams(MachinePlan plan, Board board) {
        Map<String, Stream> streams = new LinkedHashMap<>();
        for (String name : plan.streams().keySet()) {
            Endpoint endpoint = board.endpoints().stream()
                    .filter(each -> each.name().equals(name))
                    .findFirst()
                    .orElseThrow(() ->
                            new IommuException(Errno.ENODEV, "board " + plan.board() + " has no endpoint " + name));
            streams.put(name, new Stream(iommu.device(name).orElseThrow(), endpoint));
        }
        return streams;
    }

    private static boolean await(BooleanSupplier condition) {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        try {
            while (!condition.getAsBoolean()) {
                if (System.nanoTime() - deadline > 0) {
                    return false;
                }
                TimeUnit.MILLISECONDS.sleep(POLL_MILLIS);
            }
            return true;
        } catch (InterruptedException stop) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    private static void delete(Configuration configuration) {
        try {
            configuration.delete();
        } catch (IOException cause) {
            throw new IommuException(Errno.EIO, "cannot remove configuration " + configuration.getPid() + ": " + cause);
        }
    }

    /** A machine that is up. */
    private final class Running implements Machine {
        private final MachinePlan plan;
        private final Board board;
        private final FaultLog faults;
        private final Map<String, Stream> streams;
        private final Configuration configuration;
        private final ServiceRegistration<FaultListener> listener;
        private final ServiceTracker<ProcessTable, ProcessTable> processes;

        Running(
                MachinePlan plan,
                Board board,
                FaultLog faults,
                Map<String, Stream> streams,
                Configuration configuration,
                ServiceRegistration<FaultListener> listener) {
            this.plan = plan;
            this.board = board;
            this.faults = faults;
            this.streams = streams;
            this.configuration = configuration;
            this.listener = listener;
            this.processes = new ServiceTracker<>(context, ProcessTable.class, null);
            processes.open();
        }

        @Override
        public Iommu iommu() {
            return iommu;
        }

        @Override
        public Board board() {
            return board;
        }

        @Override
        public Map<String, Stream> streams() {
            return streams;
        }

        @Override
        public FaultLog faults() {
            return faults;
        }

        @Override
        public Map<String, Long> counters() {
            return CounterReading.of(context, plan.iommu());
        }

        @Override
        public Optional<ProcessTable> processes() {
            return Optional.ofNullable(processes.getService());
        }

        @Override
        public void close() {
            processes.close();
            listener.unregister();
            delete(configuration);
            if (!await(() -> streams.keySet().stream()
                    .noneMatch(name -> iommu.device(name).isPresent()))) {
                throw new IommuException(
                        Errno.EBUSY,
                        "devices of board " + plan.board() + " are still there " + PATIENCE.toSeconds()
                                + " s after its configuration was removed");
            }
        }
    }
}
