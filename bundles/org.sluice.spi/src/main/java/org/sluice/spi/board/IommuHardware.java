package org.sluice.spi.board;

import java.util.Map;
import org.sluice.spi.bus.InterruptLines;
import org.sluice.spi.bus.PlatformCalls;
import org.sluice.spi.bus.PowerDomain;
import org.sluice.spi.bus.RegisterFile;

/**
 * One IOMMU on a board, as firmware describes it.
 *
 * @param name unique in the container, e.g. {@code smmu0}
 * @param compatible firmware's name for the programming interface, e.g. {@code arm,smmu-v3}
 * @param registers its registers
 * @param interrupts its interrupt lines
 * @param properties firmware properties, e.g. quirks by their device-tree name
 * @param power its power
 * @param platform the machine around it
 */
public record IommuHardware(
        String name,
        String compatible,
        RegisterFile registers,
        InterruptLines interrupts,
        Map<String, String> properties,
        PowerDomain power,
        PlatformCalls platform) {
    /** Copies the properties. */
    public IommuHardware {
        properties = Map.copyOf(properties);
    }

    /**
     * One on a machine that is asked for nothing.
     *
     * @param name unique in the container
     * @param compatible firmware's name for the programming interface
     * @param registers its registers
     * @param interrupts its interrupt lines
     * @param properties firmware properties
     * @param power its power
     */
    public IommuHardware(
            String name,
            String compatible,
            RegisterFile registers,
            InterruptLines interrupts,
            Map<String, String> properties,
            PowerDomain power) {
        this(name, compatible, registers, interrupts, properties, power, PlatformCalls.NONE);
    }

    /**
     * One that is never switched off.
     *
     * @param name unique in the container
     * @param compatible firmware's name for the programming interface
     * @param registers its registers
     * @param interrupts its interrupt lines
     * @param properties firmware properties
     */
    public IommuHardware(
            String name,
            String compatible,
            RegisterFile registers,
            InterruptLines interrupts,
            Map<String, String> properties) {
        this(name, compatible, registers, interrupts, properties, PowerDomain.ALWAYS_ON);
    }
}
