package org.sluice.trace.internal.capture;

import java.nio.file.Path;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

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

    private static final Pattern GROUP = Pattern.compile("^group \\d+ type=(\\S+) devices:(.*)$", Pattern.MULTILINE);
    private static final Pattern PASSTHROUGH = Pattern.compile("(?:^|\\s)iommu\\.passthrough=([01])(?=\\s|$)");

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

    static DefaultDomains read(Optional<Path> groups, Optional<Path> commandLine) {
        return groups.map(file -> ofGroups(Sidecar.read(file)))
                .or(() -> commandLine.map(file -> ofCommandLine(Sidecar.read(file))))
                .orElse(UNKNOWN);
    }

    static DefaultDomains ofGroups(String text) {
        Set<String> identity = new HashSet<>();
        Matcher group = GROUP.matcher(text);
        boolean any = false;
        while (group.find()) {
            any = true;
            if (group.group(1).equals("identity")) {
                identity.addAll(Set.of(group.group(2).strip().split("\\s+")));
            }
        }
        return any ? new DefaultDomains(true, false, identity) : UNKNOWN;
    }

    static DefaultDomains ofCommandLine(String text) {
        Matcher passthrough = PASSTHROUGH.matcher(text);
        boolean identity = false;
        boolean known = false;
        while (passthrough.find()) {
            // The kernel takes the last one.
            known = true;
            identity = passthrough.group(1).equals("1");
        }
        return known ? new DefaultDomains(true, identity, Set.of()) : UNKNOWN;
    }
}
