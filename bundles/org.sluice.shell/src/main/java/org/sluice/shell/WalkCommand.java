package org.sluice.shell;

import java.util.List;
import java.util.OptionalLong;
import org.apache.felix.service.command.Descriptor;
import org.apache.felix.service.command.annotations.GogoCommand;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.annotations.ReferenceCardinality;
import org.osgi.service.component.annotations.ReferencePolicy;
import org.osgi.service.component.annotations.ReferencePolicyOption;
import org.sluice.api.AddressSpace;
import org.sluice.api.Domain;
import org.sluice.api.Iommu;
import org.sluice.api.IommuDevice;
import org.sluice.api.IommuException;

/** A Gogo command that asks tables and hardware the same question. */
@Component(service = WalkCommand.class)
@GogoCommand(scope = "sluice", function = "walk")
public final class WalkCommand {
    @Reference(
            cardinality = ReferenceCardinality.OPTIONAL,
            policy = ReferencePolicy.DYNAMIC,
            policyOption = ReferencePolicyOption.GREEDY)
    private volatile Iommu iommu;

    /**
     * Walks twice.
     *
     * @param device name of a device
     * @param iova input address
     * @return lines
     */
    @Descriptor("what the tables and what the IOMMU itself make of an address of a device's domain")
    public List<String> walk(@Descriptor("name of a device") String device, @Descriptor("input address") String iova) {
        Iommu core = iommu;
        if (core == null) {
            return List.of("no IOMMU core: start org.sluice.core");
        }
        Long address = Numbers.parse(iova);
        if (address == null) {
            return List.of("'" + iova + "' is no number");
        }
        return core.devices().stream()
                .filter(candidate -> candidate.name().equals(device))
                .findFirst()
                .map(found -> lines(found, address))
                .orElse(List.of("no device is '" + device + "'; sluice:devices lists them"));
    }

    private static List<String> lines(IommuDevice device, long iova) {
        Domain domain = device.domain().orElse(null);
        if (domain == null) {
            return List.of(device.name() + " has no domain");
        }
        try {
            return lines(domain.space(), iova);
        } catch (IommuException refused) {
            return List.of(refused.getMessage());
        }
    }

    /** The two answers, and what it means when they differ. */
    static List<String> lines(AddressSpace space, long iova) {
        long tables = space.iovaToPhys(iova);
        OptionalLong hardware = space.hardwareWalk(iova);
        String first = "tables    " + answer(tables);
        if (hardware.isEmpty()) {
            return List.of(
                    first, "hardware  no answer: no translation operations for this domain, or off, or too late");
        }
        String second = "hardware  " + answer(hardware.getAsLong());
        return hardware.getAsLong() == tables
                ? List.of(first, second)
                : List.of(
                        first,
                        second,
                        "they differ: the IOMMU does not walk these tables, or was asked while they changed");
    }

    private static String answer(long physical) {
        return physical == 0 ? "nothing is mapped" : String.format("0x%x", physical);
    }
}
