package org.sluice.board.model;

import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.sluice.board.base.Properties;
import org.sluice.spi.memory.MemoryRegion;

/**
 * The configuration of a board.
 *
 * @param name property {@code name}
 * @param memory property {@code memory}
 * @param pool property {@code pool}: for tables and queues, inside one of the memory regions
 * @param iommuName property {@code iommu.name}
 * @param compatible property {@code iommu.compatible}: firmware's name for the IOMMU
 * @param firmware properties that begin with {@code firmware.}, without that
 * @param modelProperties the other properties that begin with {@code iommu.}, without that
 * @param endpoints property {@code endpoints}
 * @param switched property {@code power}: whether the devices can switch the IOMMU off
 * @param injection property {@code inject}
 */
record BoardConfig(
        String name,
        List<MemoryRegion> memory,
        MemoryRegion pool,
        String iommuName,
        String compatible,
        Map<String, String> firmware,
        Map<String, Object> modelProperties,
        List<EndpointConfig> endpoints,
        boolean switched,
        Injection injection) {
    private static final String IOMMU = "iommu.";
    private static final String FIRMWARE = "firmware.";
    private static final List<String> KNOWN = List.of("name", "memory", "pool", "endpoints", "power", "inject");

    /**
     * Reads a configuration. Properties with a dot that do not begin with {@code iommu.} belong to the container.
     *
     * @throws org.sluice.api.IommuException EINVAL, naming the property, its value and what is allowed
     */
    static BoardConfig parse(Map<String, ?> properties) {
        Map<String, Object> model = new TreeMap<>();
        Map<String, String> firmware = new TreeMap<>();
        String iommuName = "smmu0";
        String compatible = "arm,smmu-v3";
        for (Map.Entry<String, ?> property : properties.entrySet()) {
            String key = property.getKey();
            if (key.equals("iommu.name")) {
                iommuName = String.valueOf(property.getValue());
            } else if (key.equals("iommu.compatible")) {
                compatible = String.valueOf(property.getValue());
            } else if (key.startsWith(FIRMWARE)) {
                firmware.put(key.substring(FIRMWARE.length()), String.valueOf(property.getValue()));
            } else if (key.startsWith(IOMMU)) {
                model.put(key.substring(IOMMU.length()), property.getValue());
            } else if (key.indexOf('.') < 0 && !KNOWN.contains(key)) {
                throw Properties.invalid(key, property.getValue(), "known are " + KNOWN + " and iommu.*");
            }
        }
        List<MemoryRegion> memory = Properties.strings(properties.get("memory")).stream()
                .map(region -> Properties.region("memory", region))
                .toList();
        MemoryRegion pool = Properties.region("pool", required(properties, "pool"));
        if (memory.stream().noneMatch(region -> region.contains(pool.base(), pool.size()))) {
            throw Properties.invalid("pool", pool, "it must lie inside one region of memory, which is " + memory);
        }
        List<EndpointConfig> endpoints = Properties.strings(properties.get("endpoints")).stream()
                .map(EndpointConfig::parse)
                .toList();
        checkNames(endpoints);
        Object inject = properties.get("inject");
        return new BoardConfig(
                required(properties, "name"),
                memory,
                pool,
                iommuName,
                compatible,
                Map.copyOf(firmware),
                Map.copyOf(model),
                endpoints,
                isSwitched(properties.get("power")),
                inject == null ? Injection.NONE : Injection.named(inject.toString()));
    }

    private static boolean isSwitched(Object power) {
        if (power == null || power.equals("always") || power.equals("switched")) {
            return "switched".equals(power);
        }
        throw Properties.invalid("power", power, "it must be always or switched");
    }

    private static String required(Map<String, ?> properties, String key) {
        Object value = properties.get(key);
        if (value == null || value.toString().isEmpty()) {
            throw Properties.invalid(key, "", "a board needs it");
        }
        return value.toString();
    }

    private static void checkNames(List<EndpointConfig> endpoints) {
        Set<String> names = new HashSet<>();
        for (EndpointConfig endpoint : endpoints) {
            if (!names.add(endpoint.name())) {
                throw Properties.invalid("endpoint " + endpoint.name(), endpoint.name(), "the name is taken");
            }
        }
    }
}
