package org.sluice.process;

import java.util.List;
import org.osgi.annotation.versioning.ProviderType;
import org.sluice.spi.sva.ProcessAddressSpace;

/**
 * A process: what its CPU may do with its address space. Pages are 4 KiB; they come when they are touched first, by the process
 * or by a device, and are zero then. Any thread may call it; calls that change the address space run one after the other.
 */
@ProviderType
public interface Process {
    /** Size of a page in bytes. */
    long PAGE = 4096;

    /**
     * Number.
     *
     * @return 1 and up, never used again
     */
    long number();

    /**
     * Makes an area; no page comes yet.
     *
     * @param address virtual address in bytes, multiple of {@link #PAGE}
     * @param size bytes, multiple of {@link #PAGE}, above 0
     * @param prot {@link org.sluice.api.Prot} READ, WRITE and NOEXEC
     * @throws org.sluice.api.IommuException EINVAL misaligned, empty or other bits; ERANGE beyond the address space; EEXIST an
     *     area is there; ESRCH the process exited
     */
    void mmap(long address, long size, int prot);

    /**
     * Takes areas, or parts of them, away. When it returns, no device uses the pages.
     *
     * @param address virtual address in bytes, multiple of {@link #PAGE}
     * @param size bytes, multiple of {@link #PAGE}, above 0
     * @throws org.sluice.api.IommuException EINVAL, ERANGE, ESRCH
     * @throws org.sluice.api.ProviderMissingException the areas are gone, but a device may still use the pages, because an
     *     IOMMU has no driver: the frames are kept until a later call has made the device forget them
     */
    void munmap(long address, long size);

    /**
     * Changes rights. When it returns, no device has more than the new ones.
     *
     * @param address virtual address in bytes, multiple of {@link #PAGE}
     * @param size bytes, multiple of {@link #PAGE}, above 0
     * @param prot as for {@link #mmap}
     * @throws org.sluice.api.IommuException EINVAL, ERANGE, ESRCH; ENOMEM a part of the range is in no area, nothing changed
     * @throws org.sluice.api.ProviderMissingException the rights have changed, but a device may still use the old ones
     */
    void mprotect(long address, long size, int prot);

    /**
     * Makes a copy of the process that shares every page until one of the two writes to it.
     *
     * @return the child
     * @throws org.sluice.api.IommuException ENOMEM, ESRCH; there is no child then
     */
    Process fork();

    /**
     * Reads as the process's CPU does.
     *
     * @param address virtual address in bytes
     * @param target where to
     * @param offset first index
     * @param length bytes
     * @throws org.sluice.api.IommuException EFAULT the process may not read there; what was read before is unspecified
     */
    void read(long address, byte[] target, int offset, int length);

    /**
     * Writes as the process's CPU does.
     *
     * @param address virtual address in bytes
     * @param source where from
     * @param offset first index
     * @param length bytes
     * @throws org.sluice.api.IommuException EFAULT the process may not write there; pages before it were written
     */
    void write(long address, byte[] source, int offset, int length);

    /**
     * Ends the process: devices are detached, then pages and tables freed. Ending it again has no effect.
     *
     * @throws org.sluice.api.ProviderMissingException a device could not be detached, because an IOMMU has no driver: pages and
     *     tables stay; end it again later
     */
    void exit();

    /**
     * Areas.
     *
     * @return a snapshot, by address
     */
    List<Area> areas();

    /**
     * Pages that are there.
     *
     * @return a count; one that is shared after a fork counts in both
     */
    int residentPages();

    /**
     * What devices share.
     *
     * @return its address space
     */
    ProcessAddressSpace addressSpace();
}
