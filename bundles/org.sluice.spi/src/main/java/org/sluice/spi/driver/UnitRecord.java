package org.sluice.spi.driver;

import java.util.List;

/**
 * What is attached at one IOMMU, as the core's ledger knows it: version 1 of the hand-over. A driver compares it with
 * registers and tables when it adopts.
 *
 * @param version of this form, 1
 * @param devices every device that was added, with its routes
 */
public record UnitRecord(int version, List<Device> devices) {
    /** The form that this package describes. */
    public static final int VERSION = 1;

    /** Copies the list. */
    public UnitRecord {
        devices = List.copyOf(devices);
    }

    /**
     * One device.
     *
     * @param device the device
     * @param untagged where untagged traffic goes
     * @param context the context for TRANSLATED, else null
     * @param pasids PASIDs that are attached
     */
    public record Device(DeviceRecord device, Attachment.Kind untagged, ContextRecord context, List<Pasid> pasids) {
        /** Copies the list. */
        public Device {
            pasids = List.copyOf(pasids);
        }
    }

    /**
     * One PASID of a device.
     *
     * @param pasid the PASID
     * @param context what it reaches
     */
    public record Pasid(int pasid, ContextRecord context) {}
}
