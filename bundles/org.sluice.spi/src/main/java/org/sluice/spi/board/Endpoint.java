package org.sluice.spi.board;

import java.util.List;
import org.sluice.spi.bus.DevicePort;

/**
 * A DMA-capable device of a board.
 *
 * @param name name on its bus, e.g. {@code 0000:00:02.0}; unique in the container
 * @param compatible firmware's or bus's name for the kind of device, by which vendor plug-ins match, e.g.
 *     {@code qcom,adreno}; empty for an ordinary one
 * @param iommu name of the {@link IommuHardware} that its traffic passes
 * @param streamIds its StreamIDs, unsigned, at least one
 * @param pasidBits width of the PASIDs it can send, 0 to 20; 0 for none
 * @param isolationGroup endpoints with the same number cannot be isolated from each other; -1 for alone
 * @param dma its DMA port, with the first StreamID
 * @param port its ATS and PRI switches
 * @param position what decides with whom it shares a group, beside {@code isolationGroup} and equal StreamIDs
 */
public record Endpoint(
        String name,
        String compatible,
        String iommu,
        List<Integer> streamIds,
        int pasidBits,
        int isolationGroup,
        Dma dma,
        DevicePort port,
        BusPosition position) {
    /** Copies the StreamIDs. */
    public Endpoint {
        streamIds = List.copyOf(streamIds);
    }

    /**
     * A device without ATS and PRI.
     *
     * @param name name on its bus
     * @param compatible kind of device
     * @param iommu name of the IOMMU
     * @param streamIds its StreamIDs
     * @param pasidBits width of the PASIDs it can send
     * @param isolationGroup isolation group, -1 for alone
     * @param dma its DMA port
     */
    public Endpoint(
            String name,
            String compatible,
            String iommu,
            List<Integer> streamIds,
            int pasidBits,
            int isolationGroup,
            Dma dma) {
        this(name, compatible, iommu, streamIds, pasidBits, isolationGroup, dma, DevicePort.NONE);
    }

    /**
     * A trusted device at the root.
     *
     * @param name name on its bus
     * @param compatible kind of device
     * @param iommu name of the IOMMU
     * @param streamIds its StreamIDs
     * @param pasidBits width of the PASIDs it can send
     * @param isolationGroup isolation group, -1 for alone
     * @param dma its DMA port
     * @param port its ATS and PRI switches
     */
    public Endpoint(
            String name,
            String compatible,
            String iommu,
            List<Integer> streamIds,
            int pasidBits,
            int isolationGroup,
            Dma dma,
            DevicePort port) {
        this(name, compatible, iommu, streamIds, pasidBits, isolationGroup, dma, port, BusPosition.ROOT);
    }
}
