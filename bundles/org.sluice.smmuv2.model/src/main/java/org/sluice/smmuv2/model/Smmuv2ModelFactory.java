package org.sluice.smmuv2.model;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.osgi.service.component.annotations.Component;
import org.sluice.spi.board.IommuModel;
import org.sluice.spi.board.IommuModelFactory;
import org.sluice.spi.board.ModelRequest;

/**
 * Makes SMMUv2 models; the README lists the properties. A model implements {@link org.sluice.api.Counters} too, whose
 * subject is the request's name.
 */
@Component(
        immediate = true,
        property = {
            IommuModelFactory.COMPATIBLE + "=arm,smmu-v2",
            IommuModelFactory.COMPATIBLE + "=arm,mmu-500",
            IommuModelFactory.COMPATIBLE + "=qcom,smmu-v2",
            IommuModelFactory.COMPATIBLE + "=qcom,adreno-smmu",
            IommuModelFactory.COMPATIBLE + "=qcom,msm8996-smmu-v2",
            IommuModelFactory.COMPATIBLE + "=qcom,smmu-500",
            IommuModelFactory.COMPATIBLE + "=qcom,sdm845-smmu-500",
            IommuModelFactory.COMPATIBLE + "=nvidia,tegra186-smmu",
            IommuModelFactory.COMPATIBLE + "=nvidia,tegra194-smmu",
            IommuModelFactory.COMPATIBLE + "=nvidia,tegra234-smmu",
            IommuModelFactory.COMPATIBLE + "=cavium,smmu-v2",
            IommuModelFactory.COMPATIBLE + "=marvell,ap806-smmu-500",
            IommuModelFactory.COMPATIBLE + "=calxeda,smmu-secure-config-access"
        })
public final class Smmuv2ModelFactory implements IommuModelFactory {
    /** TLBs that several models share, by name: what Cavium's erratum 27704 is about. */
    private final Map<String, Tlb> shared = new ConcurrentHashMap<>();

    @Override
    public IommuModel create(ModelRequest request) {
        ModelOptions options = ModelOptions.parse(request.properties());
        if (options.instances() > 1) {
            return new MirroredModel(request, options);
        }
        Tlb tlb = options.sharedTlb().isEmpty()
                ? new Tlb(options.tlbEntries())
                : shared.computeIfAbsent(options.sharedTlb(), name -> new Tlb(options.tlbEntries()));
        return new Smmuv2Model(request, options, tlb);
    }
}
