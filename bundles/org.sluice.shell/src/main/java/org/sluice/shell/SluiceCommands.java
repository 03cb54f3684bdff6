package org.sluice.shell;

import java.util.List;
import org.apache.felix.service.command.Descriptor;
import org.apache.felix.service.command.annotations.GogoCommand;
import org.osgi.framework.BundleContext;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.annotations.ReferenceCardinality;
import org.osgi.service.component.annotations.ReferencePolicy;
import org.osgi.service.component.annotations.ReferencePolicyOption;
import org.sluice.api.Counters;
import org.sluice.api.Iommu;
import org.sluice.api.IommuDevice;
import org.sluice.api.UnitStatus;

/** Gogo commands of scope {@code sluice}. They return what the console prints, a line an element. */
@Component(service = SluiceCommands.class)
@GogoCommand(
        scope = "sluice",
        function = {"status", "devices", "counters"})
public final class SluiceCommands {
    private final Offers offers;

    @Reference(
            cardinality = ReferenceCardinality.OPTIONAL,
            policy = ReferencePolicy.DYNAMIC,
            policyOption = ReferencePolicyOption.GREEDY)
    private volatile Iommu iommu;

    @Reference(policyOption = ReferencePolicyOption.GREEDY)
    private volatile List<Counters> counters = List.of();

    /**
     * Commands over the registry of a container.
     *
     * @param context of this bundle
     */
    @Activate
    public SluiceCommands(BundleContext context) {
        this.offers = new Offers(context);
    }

    /**
     * What runs, what the registry offers and what is missing.
     *
     * @return lines
     */
    @Descriptor("what runs, what the registry offers, what is missing and why")
    public List<String> status() {
        List<String> lines = offers.lines();
        if (iommu == null) {
            lines.add("no IOMMU core: start org.sluice.core");
            return lines;
        }
        for (UnitStatus unit : iommu.status()) {
            lines.add(describe(unit));
            unit.hooks().forEach(hooks -> lines.add("  uses " + hooks));
        }
        return lines;
    }

    /**
     * Devices with their streams and domains.
     *
     * @return lines
     */
    @Descriptor("DMA-capable devices, their streams, groups and domains")
    public List<String> devices() {
        return iommu == null
                ? List.of("no IOMMU core: start org.sluice.core")
                : iommu.devices().stream().map(SluiceCommands::describe).toList();
    }

    /**
     * Counters of every part.
     *
     * @return lines
     */
    @Descriptor("counters of every part of the platform that are not 0")
    public List<String> counters() {
        return counters.stream()
                .flatMap(each -> each.read().entrySet().stream()
                        .filter(entry -> entry.getValue() != 0)
                        .map(entry -> each.subject() + "  " + entry.getKey() + "  " + entry.getValue()))
                .sorted()
                .toList();
    }

    private static String describe(UnitStatus unit) {
        return unit.name() + "  " + unit.state() + "  " + unit.driver() + "  " + unit.devices() + " devices"
                + (unit.cause().isEmpty() ? "" : "  " + unit.cause());
    }

    private static String describe(IommuDevice device) {
        StringBuilder line = new StringBuilder(device.name()).append("  streams");
        device.streamIds().forEach(id -> line.append(String.format(" 0x%x", id)));
        line.append("  group ").append(device.group().id());
        return line.append("  ")
                .append(device.domain().map(domain -> domain.type().name()).orElse("no domain"))
                .toString();
    }
}
