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

/** The story on an SMMUv2 whose tables the GPU loads by itself. */
@Component(service = Callable.class, property = "sluice.demo=gpu")
public final class SwitchingGpuDemo implements Callable<List<String>> {
    private final BundleContext context;
    private final ConfigurationAdmin configurations;

    /**
     * The demonstration.
     *
     * @param context of this bundle
     * @param configurations where its board is configured
     */
    @Activate
    public SwitchingGpuDemo(BundleContext context, @Reference ConfigurationAdmin configurations) {
        this.context = context;
        this.configurations = configurations;
    }

    @Override
    public List<String> call() throws Exception {
        Map<String, Object> board = Map.of(
                "iommu.compatible", "qcom,adreno-smmu",
                "models.target", "(sluice.model.compatible=qcom,adreno-smmu)",
                "iommu.profile", "qcom",
                "power", "switched",
                "endpoints", "gpu;sid=0;compatible=qcom,adreno;stall=true");
        List<String> lines = new ArrayList<>();
        lines.add("Two processes on one GPU");
        lines.add(GpuStory.HARDWARE
                + "SMMUv2: the GPU loads a process's table into TTBR0 by itself; TTBR1 is the kernel's");
        try (GpuMachine machine = GpuMachine.powerOn(context, configurations, "gpu-smmuv2", board)) {
            lines.addAll(new GpuStory(machine, true).tell());
        }
        return lines;
    }
}
