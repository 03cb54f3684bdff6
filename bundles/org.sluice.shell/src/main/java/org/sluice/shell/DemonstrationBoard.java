package org.sluice.shell;

import java.io.IOException;
import java.util.Dictionary;
import java.util.Hashtable;
import java.util.Map;
import org.osgi.framework.BundleContext;
import org.osgi.framework.ServiceReference;
import org.osgi.service.cm.Configuration;
import org.osgi.service.cm.ConfigurationAdmin;
import org.sluice.api.Iommu;
import org.sluice.api.UnitStatus;

/**
 * A small machine for the console: one SMMUv3, a disk, a network card and a GPU of the kind that switches its tables by itself,
 * or what somebody makes of it.
 */
final class DemonstrationBoard implements AutoCloseable {
    private static final String COMPATIBLE = "iommu.compatible";
    private static final long PATIENCE_MILLIS = 5_000;

    private final Configuration configuration;
    private final BundleContext context;

    private DemonstrationBoard(Configuration configuration, BundleContext context) {
        this.configuration = configuration;
        this.context = context;
    }

    /**
     * Powers one on.
     *
     * @param other properties of {@code org.sluice.board.model} that stand in for these or come on top
     */
    static DemonstrationBoard powerOn(BundleContext context, Map<String, String> other)
            throws IOException, InterruptedException {
        Configuration configuration = Services.await(context, ConfigurationAdmin.class)
                .getFactoryConfiguration("org.sluice.board.model", "demonstration", "?");
        Dictionary<String, Object> properties = new Hashtable<>();
        properties.put("name", "demonstration");
        properties.put("memory", new String[] {"0x40000000+0x40000000", "0x800000000+0x10000000"});
        properties.put("pool", "0x800000000+0x10000000");
        properties.put("iommu.name", "smmu0");
        properties.put("iommu.profile", "full");
        properties.put("endpoints", new String[] {
            "0000:00:01.0;sid=0x8;pasids=8", "0000:00:02.0;sid=0x10;pasids=8", "gpu;sid=0x20;compatible=qcom,adreno"
        });
        if (other.containsKey(COMPATIBLE)) {
            properties.put("models.target", "(sluice.model.compatible=" + other.get(COMPATIBLE) + ")");
        }
        other.forEach(properties::put);
        configuration.update(properties);
        return new DemonstrationBoard(configuration, context);
    }

    /** Waits a bounded time until the board's IOMMU runs; a console is useful without, too, so it then goes on. */
    void awaitRunning() throws InterruptedException {
        long deadline = System.nanoTime() + PATIENCE_MILLIS * 1_000_000;
        while (!isRunning() && System.nanoTime() < deadline) {
            Thread.sleep(10);
        }
    }

    private boolean isRunning() {
        ServiceReference<Iommu> reference = context.getServiceReference(Iommu.class);
        Iommu iommu = reference == null ? null : context.getService(reference);
        return iommu != null && iommu.status().stream().anyMatch(unit -> unit.state() == UnitStatus.State.RUNNING);
    }

    @Override
    public void close() throws IOException {
        configuration.delete();
    }
}
