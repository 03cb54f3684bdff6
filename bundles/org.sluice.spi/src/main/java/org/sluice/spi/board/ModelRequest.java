package org.sluice.spi.board;

import java.util.Map;
import java.util.function.Consumer;
import org.sluice.spi.memory.PhysicalMemory;

/**
 * What a model is made of.
 *
 * @param name name of the IOMMU, e.g. {@code smmu0}
 * @param memory where tables and queues are read and written
 * @param dmaMemory where translated transactions go; normally the same
 * @param interrupt is told the name of a line when it is raised; must not block
 * @param properties identity and options, e.g. {@code profile}; the model's README lists them
 */
public record ModelRequest(
        String name,
        PhysicalMemory memory,
        PhysicalMemory dmaMemory,
        Consumer<String> interrupt,
        Map<String, Object> properties) {
    /** Copies the properties. */
    public ModelRequest {
        properties = Map.copyOf(properties);
    }
}
