package org.sluice.demo.gpu;

import java.io.IOException;
import java.util.Dictionary;
import java.util.Hashtable;
import java.util.List;
import java.util.Map;
import org.osgi.framework.BundleContext;
import org.osgi.framework.InvalidSyntaxException;
import org.osgi.service.cm.Configuration;
import org.osgi.service.cm.ConfigurationAdmin;
import org.osgi.util.tracker.ServiceTracker;
import org.sluice.api.Errno;
import org.sluice.api.Iommu;
import org.sluice.api.IommuDevice;
import org.sluice.api.IommuException;
import org.sluice.api.UnitStatus;
import org.sluice.spi.board.Board;
import org.sluice.spi.board.Endpoint;

/** A board with a GPU, powered on for a story. */
final class GpuMachine implements AutoCloseable {
    private static final long PATIENCE_MILLIS = 10_000;
    private static final String PID = "org.sluice.board.model";

    private final BundleContext context;
    private final String name;
    private final Configuration configuration;

    private GpuMachine(BundleContext context, String name, Configuration configuration) {
        this.context = context;
        this.name = name;
        this.configuration = configuration;
    }

    /**
     * Powers it on and waits until its IOMMU runs.
     *
     * @param properties of the board, beside name and memory
     * @throws IommuException ETIMEDOUT, with what is missing
     */
    static GpuMachine powerOn(
            BundleContext context, ConfigurationAdmin configurations, String name, Map<String, Object> properties)
            throws IOException, InterruptedException {
        Configuration configuration = configurations.getFactoryConfiguration(PID, name, "?");
        Dictionary<String, Object> all = new Hashtable<>(properties);
        all.put("name", name);
        all.put("memory", new String[] {"0x80000000+0x20000000"});
        all.put("pool", "0x90000000+0x10000000");
        all.put("iommu.name", name + "-smmu");
        configuration.update(all);
        GpuMachine machine = new GpuMachine(context, name, configuration);
        try {
            machine.awaitRunning();
        } catch (RuntimeException | InterruptedException failed) {
            machine.close();
            throw failed;
        }
        return machine;
    }

    private void awaitRunning() throws InterruptedException {
        long deadline = System.nanoTime() + PATIENCE_MILLIS * 1_000_000;
        while (!isRunning()) {
            if (System.nanoTime() - deadline > 0) {
                throw new IommuException(
                        Errno.ETIMEDOUT,
                        "the IOMMU of board " + name + " does not run after " + PATIENCE_MILLIS / 1000
                                + " s: sluice:status tells what is missing");
            }
            Thread.sleep(10);
        }
    }

    private boolean isRunning() throws InterruptedException {
        return iommu().status().stream()
                        .anyMatch(
                                unit -> unit.name().equals(name + "-smmu") && unit.state() == UnitStatus.State.RUNNING)
                && iommu().device("gpu").isPresent();
    }

    /** Names of the hooks that its IOMMU's driver uses. */
    List<String> hooks() throws InterruptedException {
        return iommu().status().stream()
                .filter(unit -> unit.name().equals(name + "-smmu"))
                .flatMap(unit -> unit.hooks().stream())
                .map(hook -> hook.substring(0, hook.indexOf(": ")))
                .toList();
    }

    Iommu iommu() throws InterruptedException {
        return await(Iommu.class, "(objectClass=*)");
    }

    Board board() throws InterruptedException {
        return await(Board.class, "(" + Board.NAME + "=" + name + ")");
    }

    IommuDevice device() throws InterruptedException {
        return iommu().device("gpu").orElseThrow();
    }

    Endpoint endpoint() throws InterruptedException {
        return board().endpoints().get(0);
    }

    private <T> T await(Class<T> type, String filter) throws InterruptedException {
        try {
            ServiceTracker<T, T> tracker = new ServiceTracker<>(
                    context, context.createFilter("(&(objectClass=" + type.getName() + ")" + filter + ")"), null);
            tracker.open();
            try {
                T service = tracker.waitForService(PATIENCE_MILLIS);
                if (service == null) {
                    throw new IommuException(Errno.ENODEV, "no bundle offers " + type.getName());
                }
                return service;
            } finally {
                tracker.close();
            }
        } catch (InvalidSyntaxException e) {
            throw new IllegalArgumentException(e);
        }
    }

    /** Powers it off. */
    @Override
    public void close() throws IOException {
        configuration.delete();
    }
}
