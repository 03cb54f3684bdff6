package org.sluice.trace.fake;

/** What the fake platform does wrong. */
public enum Defect {
    NONE,
    /** An unmap leaves the TLB as it is. */
    STALE_TLB,
    /** DMA lands one page off. */
    WRONG_PAGE,
    /** PASIDs 1 and 2 are taken for each other, 3 and 4, and so on. */
    SWAPPED_PASIDS,
    /** A freed PASID reaches what it reached. */
    STALE_PASID,
    /** Faults are not reported. */
    SILENT,
    /** Read-only pages can be written. */
    WRITABLE,
    /** Unmap reports nothing. */
    FORGETFUL_UNMAP,
    /** The tables hold another physical address than the device sees. */
    WRONG_DESCRIPTOR,
    /** Every map fails. */
    NO_MAP,
    /** Bypassed streams abort. */
    NO_BYPASS,
    /** A fault that nobody provoked is reported. */
    SPURIOUS_EVENT,
    /** A device's write to a page of a process that a child shares changes the child's too. */
    NO_COPY,
    /** Pages of a process do not come when a device touches them. */
    NO_DEMAND,
    /** A device that was unbound from a process goes on. */
    DEAF_UNBIND,
    /** A process's exit changes nothing for devices. */
    DEAF_EXIT
}
