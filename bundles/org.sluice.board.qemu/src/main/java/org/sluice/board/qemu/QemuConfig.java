package org.sluice.board.qemu;

import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.sluice.board.base.Properties;
import org.sluice.spi.memory.MemoryRegion;

/**
 * The configuration of a board.
 *
 * @param name property {@code name}
 * @param binary property {@code qemu}: the program, by path or to be found in PATH
 * @param socket property {@code socket}: of a QEMU that runs already; empty to start one
 * @param log property {@code log}: where that QEMU logs invalid accesses; empty if it does not
 * @param stage property {@code iommu.stage}: {@code 1}, {@code 2} or {@code nested}; empty for what QEMU does by default
 * @param memory property {@code memory}
 * @param pool property {@code pool}: for tables and queues, inside the memory
 * @param iommuName property {@code iommu.name}
 * @param endpoints property {@code endpoints}
 */
record QemuConfig(
        String name,
        String binary,
        String socket,
        String log,
        String stage,
        MemoryRegion memory,
        MemoryRegion pool,
        String iommuName,
        List<EndpointConfig> endpoints) {
    /** Where the memory of QEMU's machine begins. */
    static final long MEMORY_BASE = 0x4000_0000L;

    private static final String BINARY = "qemu-system-aarch64";
    private static final long MIB = 1L << 20;
    private static final List<String> STAGES = List.of("", "1", "2", "nested");
    private static final List<String> KNOWN =
            List.of("name", "qemu", "socket", "log", "memory", "pool", "endpoints", "iommu.name", "iommu.stage");

    /**
     * Reads a configuration. Properties with a dot that do not begin with {@code iommu.} belong to the container.
     *
     * @throws org.sluice.api.IommuException EINVAL, naming the property, its value and what is allowed
     */
    static QemuConfig parse(Map<String, ?> properties) {
        for (String key : properties.keySet()) {
            boolean ours = key.indexOf('.') < 0 || key.startsWith("iommu.");
            if (ours && !KNOWN.contains(key)) {
                throw Properties.invalid(key, properties.get(key), "known are " + KNOWN);
            }
        }
        List<String> regions = Properties.strings(properties.get("memory"));
        if (regions.size() != 1) {
            throw Properties.invalid("memory", regions, "QEMU's machine has one region of it");
        }
        MemoryRegion memory = Properties.region("memory", regions.get(0));
        if (memory.base() != MEMORY_BASE || memory.size() % MIB != 0) {
            throw Properties.invalid(
                    "memory",
                    regions.get(0),
                    String.format("QEMU's memory begins at 0x%x and is a multiple of 1 MiB", MEMORY_BASE));
        }
        MemoryRegion pool = Properties.region("pool", required(properties, "pool"));
        if (!memory.contains(pool.base(), pool.size())) {
            throw Properties.invalid("pool", pool, "it must lie inside memory, which is " + memory);
        }
        String stage = optional(properties, "iommu.stage", "");
        if (!STAGES.contains(stage)) {
            throw Properties.invalid("iommu.stage", stage, "known are 1, 2 and nested");
        }
        List<EndpointConfig> endpoints = Properties.strings(properties.get("endpoints")).stream()
                .map(EndpointConfig::parse)
                .toList();
        checkUnique(endpoints);
        return new QemuConfig(
                required(properties, "name"),
                optional(properties, "qemu", BINARY),
                optional(properties, "socket", ""),
                optional(properties, "log", ""),
                stage,
                memory,
                pool,
                optional(properties, "iommu.name", "smmu0"),
                endpoints);
    }

    private static String required(Map<String, ?> properties, String key) {
        String value = optional(properties, key, "");
        if (value.isEmpty()) {
            throw Properties.invalid(key, "", "a board needs it");
        }
        return value;
    }

    private static String optional(Map<String, ?> properties, String key, String other) {
        Object value = properties.get(key);
        return value == null || value.toString().isEmpty() ? other : value.toString();
    }

    private static void checkUnique(List<EndpointConfig> endpoints) {
        Set<Object> taken = new HashSet<>();
        for (EndpointConfig endpoint : endpoints) {
            if (!taken.add(endpoint.name())) {
                throw Properties.invalid("endpoint " + endpoint.name(), endpoint.name(), "the name is taken");
            }
            if (!taken.add(endpoint.streamId())) {
                throw Properties.invalid(
                        "endpoint " + endpoint.name() + ": sid", endpoint.streamId(), "the StreamID is taken");
            }
        }
    }
}
