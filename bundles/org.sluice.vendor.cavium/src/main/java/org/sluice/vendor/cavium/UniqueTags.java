package org.sluice.vendor.cavium;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.osgi.service.component.annotations.Component;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.spi.bus.RegisterFile;
import org.sluice.spi.quirk.HardwareIdentity;
import org.sluice.spi.quirk.Smmuv2Hooks;
import org.sluice.spi.quirk.Smmuv2Limits;

/**
 * ThunderX erratum 27704: its SMMUs look at each other's TLB entries, so no two may use the same ASID or VMID. Each gets a
 * part of the tags for its own.
 *
 * <p>Which part follows from the SMMU's number: the property {@value #PROPERTY}, else the number at the end of its name, else
 * 0. Linux counts as it probes; a number that is the SMMU's own stays the same when this bundle is replaced.
 */
@Component(immediate = true)
public final class UniqueTags implements Smmuv2Hooks {
    static final String PROPERTY = "cavium,instance";

    private static final String COMPATIBLE = "cavium,smmu-v2";
    private static final Pattern NUMBER_AT_END = Pattern.compile("\\d{1,9}$");
    private static final int INSTANCES = 16;
    /** Tags have 16 bits, and 0 is not used. */
    private static final int TAGS = 0xffff / INSTANCES;

    @Override
    public String name() {
        return "Cavium erratum 27704";
    }

    @Override
    public Optional<String> match(HardwareIdentity identity) {
        return identity.compatible().equals(COMPATIBLE) ? Optional.of("compatible is " + COMPATIBLE) : Optional.empty();
    }

    @Override
    public Smmuv2Limits probe(HardwareIdentity identity, RegisterFile registers, Smmuv2Limits found) {
        int first = 1 + instance(identity) * TAGS;
        return found.withTagsFrom(first, first).withTags(TAGS);
    }

    private static int instance(HardwareIdentity identity) {
        String number = identity.properties().get(PROPERTY);
        String source = PROPERTY;
        if (number == null) {
            Matcher end = NUMBER_AT_END.matcher(identity.iommu());
            number = end.find() ? end.group() : "0";
            source = "the number at the end of its name";
        }
        if (!number.matches("\\d{1,9}") || Integer.parseInt(number) >= INSTANCES) {
            throw new IommuException(
                    Errno.EINVAL,
                    String.format(
                            "%s of %s is '%s', it must be 0 to %d for ASIDs and VMIDs of its own",
                            source, identity.iommu(), number, INSTANCES - 1));
        }
        return Integer.parseInt(number);
    }
}
