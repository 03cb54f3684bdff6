package org.sluice.demo.gpu;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.osgi.framework.BundleContext;
import org.osgi.service.cm.ConfigurationAdmin;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/** The same story on an SMMUv3, which finds a process's table by PASID. */
@Component(service = Callable.class, property = "sluice.demo=gpu-pasid")
public final class PasidGpuDemo implements Callable<List<String>> {
    private final BundleContext context;
    private final ConfigurationAdmin configurations;

    /**
     * The demonstration.
     *
     * @param context of this bundle
     * @param configurations where its board is configured
     */
    @Activate
    public PasidGpuDemo(BundleContext context, @Reference ConfigurationAdmin configurations) {
        this.context = context;
        this.configurations = configurations;
    }

    @Override
    public List<String> call() throws Exception {
        Map<String, Object> board = Map.of(
                "iommu.profile", "full",
                "iommu.idr0.STALL_MODEL", "0",
                "endpoints", "gpu;sid=0;pasids=8;stall=true");
        List<String> lines = new ArrayList<>();
        lines.add("Two processes on one GPU");
        lines.add(GpuStory.HARDWARE + "SMMUv3: the GPU tags its traffic with PASIDs; the SMMU finds the table");
        try (GpuMachine machine = GpuMachine.powerOn(context, configurations, "gpu-smmuv3", board)) {
            lines.addAll(new GpuStory(machine, false).tell());
        }
        return lines;
    }
}
