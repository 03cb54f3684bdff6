package org.sluice.spi.quirk;

import java.util.BitSet;
import java.util.Optional;
import org.osgi.annotation.versioning.ConsumerType;
import org.sluice.spi.bus.RegisterFile;
import org.sluice.spi.driver.Attachment;
import org.sluice.spi.driver.DeviceRecord;

/**
 * Where an implementation of SMMUv2 can differ from the architecture: the hooks of Linux's {@code arm_smmu_impl}, each
 * optional. Of {@code context_fault_needs_threaded_irq} nothing is left, because faults are always served by a thread.
 *
 * <p>Hooks that change a value are asked one after the other, each with what the one before answered. Those of a bundle that
 * appears or vanishes while an IOMMU runs count from the next call on; what was written to registers stays.
 */
@ConsumerType
public interface Smmuv2Hooks extends ImplementationHooks {
    /**
     * How registers are reached ({@code read_reg}, {@code write_reg} and their 64-bit forms). Called once for each matched
     * IOMMU, and again when hooks come or go.
     *
     * @param identity of the IOMMU
     * @param registers as they are without this hook
     * @return the same, or a file that stands before it
     */
    default RegisterFile registers(HardwareIdentity identity, RegisterFile registers) {
        return registers;
    }

    /**
     * What of the hardware may be used ({@code cfg_probe}).
     *
     * @param identity of the IOMMU
     * @param registers after {@link #registers}
     * @param found as far as the registers and earlier hooks go
     * @return the same or less
     */
    default Smmuv2Limits probe(HardwareIdentity identity, RegisterFile registers, Smmuv2Limits found) {
        return found;
    }

    /**
     * The same for an SMMU that runs and is taken over ({@link org.sluice.spi.driver.IommuDriver#adopt}): nothing is written.
     * To be overridden where {@link #probe} writes, or finds what it reads only on an SMMU that was just reset.
     *
     * @param identity of the IOMMU
     * @param registers after {@link #registers}; read only
     * @param found as far as the registers and earlier hooks go
     * @return what {@link #probe} answered when the SMMU was brought up
     */
    default Smmuv2Limits probeRunning(HardwareIdentity identity, RegisterFile registers, Smmuv2Limits found) {
        return probe(identity, registers, found);
    }

    /**
     * Entries of stream matching that the boot loader left and that stay through the reset ({@code cfg_probe} of Linux's
     * {@code qcom_smmu_impl}). What they match passes, until a device with such a stream is attached; it takes the entry over,
     * mask and all.
     *
     * @param identity of the IOMMU
     * @param registers after {@link #registers}; before the reset
     * @param limits after {@link #probe}
     * @return their indices
     */
    default BitSet keptStreams(HardwareIdentity identity, RegisterFile registers, Smmuv2Limits limits) {
        return new BitSet();
    }

    /**
     * After the driver has reset the IOMMU and before it enables it ({@code reset}).
     *
     * @param identity of the IOMMU
     * @param registers after {@link #registers}
     * @param limits after {@link #probe}
     */
    default void reset(HardwareIdentity identity, RegisterFile registers, Smmuv2Limits limits) {}

    /**
     * The registers of a bank before they are written ({@code init_context}, {@code write_sctlr}).
     *
     * @param identity of the IOMMU
     * @param device the first device that uses the bank
     * @param bank as it would be written; its ACTLR is null
     * @return what to write
     */
    default Smmuv2Bank initContext(HardwareIdentity identity, DeviceRecord device, Smmuv2Bank bank) {
        return bank;
    }

    /**
     * Whether banks cannot translate the upper half of the addresses (TTBR1), which nothing in the ID registers tells
     * ({@code init_context} of Linux's {@code qcom_adreno_smmu}, which asks its own list of chips).
     *
     * @param identity of the IOMMU
     * @return the chip and why, for the message to who asks for a space there; empty where they can
     */
    default Optional<String> withoutUpperHalf(HardwareIdentity identity) {
        return Optional.empty();
    }

    /**
     * Chooses a context bank ({@code alloc_context_bank}).
     *
     * @param identity of the IOMMU
     * @param device who will use it
     * @param free banks that can be taken; not to be changed
     * @return one that is free, or -1 for the driver's choice
     * @throws org.sluice.api.IommuException EBUSY when the device needs a bank that is taken
     */
    default int contextBank(HardwareIdentity identity, DeviceRecord device, BitSet free) {
        return -1;
    }

    /**
     * A stream's entry before it is written ({@code write_s2cr}).
     *
     * @param identity of the IOMMU
     * @param device whose stream it is, or null for an entry of nobody
     * @param index which S2CR
     * @param s2cr as it would be written
     * @return what to write
     */
    default int streamEntry(HardwareIdentity identity, DeviceRecord device, int index, int s2cr) {
        return s2cr;
    }

    /**
     * What a device's untagged traffic does while nobody attached it ({@code def_domain_type}).
     *
     * @param identity of the IOMMU
     * @param device the device
     * @return BLOCKED or IDENTITY; empty for the driver's way
     */
    default Optional<Attachment.Kind> defaultRoute(HardwareIdentity identity, DeviceRecord device) {
        return Optional.empty();
    }

    /**
     * Whether tables that were unlinked are invalidated by ASID at once rather than address by address
     * ({@code flush_walk_prefer_tlbiasid}, which {@code init_context} sets).
     *
     * @param identity of the IOMMU
     * @return true if so; constant
     */
    default boolean invalidatesTablesByTag(HardwareIdentity identity) {
        return false;
    }

    /**
     * Completes TLB maintenance ({@code tlb_sync}).
     *
     * @param identity of the IOMMU
     * @param registers after {@link #registers}
     * @param sync offset of the register that starts it, in bytes
     * @param status offset of the register that tells when it is over
     * @return true if this hook did it; false leaves it to the driver
     */
    default boolean sync(HardwareIdentity identity, RegisterFile registers, long sync, long status) {
        return false;
    }

    /**
     * A context fault, before the driver looks at it ({@code context_fault}).
     *
     * @param identity of the IOMMU
     * @param registers after {@link #registers}
     * @param bank which bank
     * @return true if this hook dealt with it
     */
    default boolean contextFault(HardwareIdentity identity, RegisterFile registers, int bank) {
        return false;
    }

    /**
     * A global fault, before the driver looks at it ({@code global_fault}).
     *
     * @param identity of the IOMMU
     * @param registers after {@link #registers}
     * @return true if this hook dealt with it
     */
    default boolean globalFault(HardwareIdentity identity, RegisterFile registers) {
        return false;
    }

    /**
     * A device was added and its entries are written ({@code probe_finalize}).
     *
     * @param identity of the IOMMU
     * @param device the device
     */
    default void deviceAdded(HardwareIdentity identity, DeviceRecord device) {}
}
