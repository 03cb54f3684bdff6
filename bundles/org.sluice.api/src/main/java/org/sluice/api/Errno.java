package org.sluice.api;

/** The kernel's name for an error, so that people and tools that know Linux's IOMMU API recognise it. */
public enum Errno {
    /** Not permitted: somebody else owns the group. */
    EPERM,
    /** A device or memory error. */
    EIO,
    /** The address cannot be represented in the format. */
    ENXIO,
    /** Out of memory for tables. */
    ENOMEM,
    /** Busy: attached, claimed or in use. */
    EBUSY,
    /** Exists already: an IOVA that is mapped, a device that is initialised. */
    EEXIST,
    /** No such device, driver or operation. */
    ENODEV,
    /** A misaligned, malformed or unsupported argument. */
    EINVAL,
    /** No space left: PASIDs, ASIDs, VMIDs. */
    ENOSPC,
    /** Outside the range that the format, the device or the IOMMU can reach. */
    ERANGE,
    /** The PASID is larger than the device or the IOMMU can carry. */
    EOVERFLOW,
    /** The hardware or the driver does not support it. */
    EOPNOTSUPP,
    /** The hardware or a missing provider did not answer in time. */
    ETIMEDOUT,
    /** Arguments that do not go together: features that differ from those of the shared space. */
    EDOM,
    /** Bad address: nothing is mapped there, or not for that access. */
    EFAULT,
    /** No such process. */
    ESRCH,
    /** No such object: the space was revoked. */
    ESTALE
}
