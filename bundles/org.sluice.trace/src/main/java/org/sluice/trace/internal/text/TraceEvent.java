package org.sluice.trace.internal.text;

/** What a line of a trace says. Addresses and sizes are bytes, unsigned. */
public sealed interface TraceEvent {
    /** Stands for a domain that the trace does not name, which is so in the tracepoint form. */
    long UNNAMED = 0;

    /** Stands for protection bits that the trace does not tell. */
    int UNTOLD = -1;

    /**
     * Name of the event in the trace.
     *
     * @return e.g. {@code map} or {@code smmu_map_pages}
     */
    String name();

    /** An event that belongs to a domain. */
    sealed interface OfDomain extends TraceEvent {
        /**
         * The kernel's pointer to the domain.
         *
         * @return the pointer, or {@link #UNNAMED}
         */
        long domain();
    }

    /**
     * A mapping was made.
     *
     * @param name event name
     * @param domain pointer or {@link #UNNAMED}
     * @param iova first byte
     * @param paddr physical address
     * @param size bytes
     * @param pageSize size of the leaves, or 0 if the trace does not tell
     * @param prot Linux's protection bits, or {@link #UNTOLD}
     */
    record Map(String name, long domain, long iova, long paddr, long size, long pageSize, int prot)
            implements OfDomain {}

    /**
     * A mapping was removed.
     *
     * @param name event name
     * @param domain pointer or {@link #UNNAMED}
     * @param iova first byte
     * @param size bytes
     */
    record Unmap(String name, long domain, long iova, long size) implements OfDomain {}

    /**
     * A device moved to a domain.
     *
     * @param name event name
     * @param domain pointer or {@link #UNNAMED}
     * @param device name of the device
     */
    record Attach(String name, long domain, String device) implements OfDomain {}

    /**
     * A device became member of a group.
     *
     * @param name event name
     * @param group number of the group
     * @param device name of the device
     */
    record Join(String name, int group, String device) implements TraceEvent {}

    /**
     * The kernel was told of a fault.
     *
     * @param name event name
     * @param device name of the device
     * @param iova address that faulted
     * @param flags the kernel's flags
     */
    record PageFault(String name, String device, long iova, int flags) implements TraceEvent {}

    /**
     * Anything else.
     *
     * @param name event name
     */
    record Other(String name) implements TraceEvent {}
}
