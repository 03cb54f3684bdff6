package org.sluice.spi.driver;

import org.osgi.annotation.versioning.ConsumerType;

/**
 * One IOMMU under a driver. The core serialises the calls of this interface per unit; the {@link TranslationContext}s it
 * makes are used by many threads. Optional abilities are further interfaces that the same object implements:
 * {@link PasidOperations}.
 */
@ConsumerType
public interface IommuUnit {
    /**
     * What it can do.
     *
     * @return constant
     */
    UnitCapabilities capabilities();

    /**
     * Makes a context: allocates a tag (ASID, VMID) and says what page table the hardware wants.
     *
     * @param request what kind
     * @return the context; nothing reaches the hardware before it is attached
     * @throws org.sluice.api.IommuException EOPNOTSUPP, ENOSPC no tag
     */
    TranslationContext createContext(ContextRequest request);

    /**
     * Makes the object for a context that the hardware uses already.
     *
     * @param record as {@link TranslationContext#record()} gave it
     * @return the context
     * @throws org.sluice.api.IommuException EINVAL the tag is another's
     */
    TranslationContext adoptContext(ContextRecord record);

    /**
     * Frees the tag. The caller detached it everywhere before.
     *
     * @param context of this unit; its TLB entries are invalidated and the invalidation is synced before the tag is free
     */
    void freeContext(TranslationContext context);

    /**
     * Makes room for a device's streams; they abort until it is attached.
     *
     * @param device the device
     * @throws org.sluice.api.IommuException ERANGE StreamID too large, EBUSY the stream is another device's, ENOMEM
     */
    void addDevice(DeviceRecord device);

    /**
     * Forgets a device: its streams abort, and that is synced.
     *
     * @param device added before
     */
    void removeDevice(DeviceRecord device);

    /**
     * Routes the untagged traffic of a device: from whatever it was to this, with DMA seeing only old or new where the
     * hardware allows that. PASIDs that are attached stay so.
     *
     * @param device added before
     * @param attachment where to
     * @throws org.sluice.api.IommuException EBUSY not possible while PASIDs are attached, ENOMEM, EIO the device is shut out;
     *     nothing changed. ETIMEDOUT the hardware did not answer: nobody can say what it uses, so the device aborts as soon as
     *     it looks, counts as BLOCKED, and the contexts of before and after stay in use until a later change of the device, or
     *     its removal, was acknowledged
     */
    void attach(DeviceRecord device, Attachment attachment);

    /**
     * Whether the first attach of a device waits until somebody uses it: its streams translate as an earlier kernel left
     * them, and a DMA that is still running would fault otherwise.
     *
     * @param device added before
     * @return false unless the driver took over such streams
     */
    default boolean isAttachDeferred(DeviceRecord device) {
        return false;
    }

    /**
     * Stops everything that this object does on its own (threads, subscriptions) and leaves the hardware translating. No
     * method is called afterwards. Waits a bounded time for its threads.
     */
    void handOver();

    /** Disables the hardware so that streams abort, and frees everything. No method is called afterwards. */
    void shutdown();
}
