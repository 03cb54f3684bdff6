package org.sluice.vendor.msm;

import java.util.Map;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.sluice.api.ActivationKind;
import org.sluice.api.ClientTable;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.spi.driver.MmAllocation;
import org.sluice.spi.driver.MmAllocator;
import org.sluice.spi.driver.MmRequest;
import org.sluice.spi.pgtable.PageTableConfig;
import org.sluice.spi.pgtable.Quirk;

/**
 * Private spaces for Adreno GPUs: the IOMMU's configuration is left alone, and the client gets what its ring buffer needs
 * to switch TTBR0 by itself. Any thread may call it.
 *
 * <p>The table is a clone of the kernel's upper-half configuration without the upper half, as drm/msm makes it; the ASID is
 * the context's own, so that invalidating by ASID reaches a table that is not loaded at the moment; as an option all share one, as drm/msm has it,
 * and the GPU drops its translations when it switches.
 */
@Component(immediate = true, property = MmAllocator.COMPATIBLE + "=qcom,adreno")
public final class AdrenoMmAllocator implements MmAllocator {
    static final String FORMAT = "ARM_64_LPAE_S1";

    /** The GPU's switch packet writes this bank and no other. */
    static final int BANK = 0;

    private static final int LARGEST_ASID = 0xffff;
    private static final int ROOT_BITS = 48;

    /** What drm/msm loads with every table. */
    static final int SHARED_ASID = 0;

    /** Property: {@code unique} gives each space an ASID, {@code shared} gives all the same, as drm/msm does. */
    static final String ASID = "asid";

    private final ProcessIds ids;
    private final boolean shared;

    /**
     * Made by the component runtime; counts start at the time of day, so that two instances seldom agree.
     *
     * @param properties {@value #ASID}
     * @throws IommuException EINVAL an unknown value
     */
    @Activate
    public AdrenoMmAllocator(Map<String, Object> properties) {
        this(
                new ProcessIds((int) (System.currentTimeMillis() >>> 4)),
                isShared(String.valueOf(properties.getOrDefault(ASID, "unique"))));
    }

    AdrenoMmAllocator(ProcessIds ids) {
        this(ids, false);
    }

    AdrenoMmAllocator(ProcessIds ids, boolean shared) {
        this.ids = ids;
        this.shared = shared;
    }

    private static boolean isShared(String value) {
        if (!value.equals("unique") && !value.equals("shared")) {
            throw new IommuException(
                    Errno.EINVAL, "property " + ASID + " is '" + value + "': it must be unique or shared");
        }
        return value.equals("shared");
    }

    @Override
    public MmAllocation mmAlloc(MmRequest request) {
        int asid = request.context().tag();
        if (asid < 1 || asid > LARGEST_ASID) {
            throw new IommuException(
                    Errno.EINVAL,
                    "tag " + asid + " of " + request.device().name() + " is no ASID for TTBR0: 1 to " + LARGEST_ASID);
        }
        long root = request.createTable(configuration(request.suggested()));
        if (root >>> ROOT_BITS != 0) {
            throw new IommuException(
                    Errno.ERANGE, String.format("root 0x%x of a table does not fit TTBR0[%d:0]", root, ROOT_BITS - 1));
        }
        return new MmAllocation(
                ActivationKind.CLIENT_SWITCHED,
                new ClientTable(root, shared ? SHARED_ASID : asid, ids.take(asid), BANK));
    }

    private static PageTableConfig configuration(PageTableConfig suggested) {
        return new PageTableConfig(
                FORMAT,
                suggested.pageSizes(),
                suggested.inputBits(),
                suggested.outputBits(),
                suggested.coherentWalk(),
                suggested.quirks() & ~Quirk.ARM_TTBR1);
    }

    @Override
    public void mmFree(MmAllocation allocation) {
        if (allocation.clientTable() == null) {
            throw new IommuException(
                    Errno.EINVAL, "allocation of kind " + allocation.activation() + " is not from this bundle");
        }
        ids.giveBack(allocation.clientTable().contextIdr());
    }
}
