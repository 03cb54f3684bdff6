package org.sluice.trace.internal.capture;

import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Which devices started in an identity domain, as far as a capture tells: from the types of its groups, else from the
 * kernel's command line. A group's type is that of its default domain (Linux: {@code /sys/kernel/iommu_groups/N/type}).
 *
 * @param known whether the capture tells
 * @param everyIdentity whether the command line made identity the default of all
 * @param identity devices of groups of type identity
 */
public record DefaultDomains(boolean known, boolean everyIdentity, Set<String> identity) {
    /** The capture does not tell. */
    public static final DefaultDomains UNKNOWN = new DefaultDomains(false, false, Set.of());

    /** The kernel takes every word of its {@code kstrtobool}: its first letter decides, behind an o the second. */
    private static final Pattern PASSTHROUGH =
            Pattern.compile("(?:^|\\s)iommu\\.passthrough=(?:([1yYtT]|[oO][nN])|[0nNfF]|[oO][fF])\\S*(?=\\s|$)");

    /** Copies the set. */
    public DefaultDomains {
        identity = Set.copyOf(identity);
    }

    /**
     * Whether a device's default domain is an identity.
     *
     * @param device name
     * @return true only if the capture says so
     */
    public boolean isIdentity(String device) {
        return everyIdentity || identity.contains(device);
    }

    static DefaultDomains read(IommuGroups groups, Optional<Path> commandLine) {
        return groups.groups().isEmpty()
                ? commandLine.map(file -> ofCommandLine(Sidecar.read(file))).orElse(UNKNOWN)
                : ofGroups(groups);
    }

    private static DefaultDomains ofGroups(IommuGroups groups) {
        return new DefaultDomains(
                true,
                false,
                groups.groups().stream()
                        .filter(IommuGroups.Group::identity)
                        .flatMap(group -> group.devices().stream())
                        .collect(Collectors.toSet()));
    }

    static DefaultDomains ofCommandLine(String text) {
        Matcher passthrough = PASSTHROUGH.matcher(text);
        boolean identity = false;
        boolean known = false;
        while (passthrough.find()) {
            // The kernel takes the last one.
            known = true;
            identity = passthrough.group(1) != null;
        }
        return known ? new DefaultDomains(true, identity, Set.of()) : UNKNOWN;
    }
}
