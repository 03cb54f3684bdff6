package org.sluice.trace.internal.capture;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Isolation groups as the kernel told them when the machine was frozen.
 *
 * @param groups none if the capture does not tell
 */
public record IommuGroups(List<Group> groups) {
    /** The capture does not tell. */
    public static final IommuGroups UNKNOWN = new IommuGroups(List.of());

    private static final Pattern GROUP = Pattern.compile("^group (\\d+) type=(\\S+) devices:(.*)$", Pattern.MULTILINE);

    /** Copies the list. */
    public IommuGroups {
        groups = List.copyOf(groups);
    }

    /**
     * A group: devices that share a default domain.
     *
     * @param type of the default domain, in the kernel's words ({@code /sys/kernel/iommu_groups/N/type})
     * @param devices names
     */
    public record Group(String type, Set<String> devices) {
        /** Copies the set. */
        public Group {
            devices = Set.copyOf(devices);
        }

        /**
         * Whether DMA of the default domain is not translated.
         *
         * @return true for type identity
         */
        public boolean identity() {
            return type.equals("identity");
        }
    }

    static IommuGroups read(Path file) {
        return of(Sidecar.read(file));
    }

    static IommuGroups of(String text) {
        List<Group> groups = new ArrayList<>();
        Matcher group = GROUP.matcher(text);
        while (group.find()) {
            Set<String> devices =
                    new LinkedHashSet<>(List.of(group.group(3).strip().split("\\s+")));
            devices.remove("");
            groups.add(new Group(group.group(2), devices));
        }
        return new IommuGroups(groups);
    }

    /**
     * The group of a device.
     *
     * @param device name
     * @return empty if the capture does not tell
     */
    public Optional<Group> groupOf(String device) {
        return groups.stream().filter(group -> group.devices().contains(device)).findFirst();
    }
}
