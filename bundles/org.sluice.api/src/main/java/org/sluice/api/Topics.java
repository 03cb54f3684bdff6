package org.sluice.api;

import java.util.List;

/**
 * Topics under which the core tells, by OSGi's Event Admin where there is one, what a client or an operator may care about. Each
 * is also a counter of subject {@code core}: {@code event.} and the last part of the topic in lower case. Properties are
 * strings, boxed numbers and booleans only; which ones an event has is said here. All events have {@code iommu}, the name of the
 * IOMMU, where they concern one.
 */
public final class Topics {
    /** What all begin with; subscribe to {@code org/sluice/iommu/*} for everything. */
    public static final String PREFIX = "org/sluice/iommu/";

    /** A DMA faulted: {@code device}, {@code pasid} (-1 for none), {@code iova}, {@code reason}, {@code record}, {@code write}, {@code stalled}. */
    public static final String FAULT = PREFIX + "FAULT";
    /** A bundle was exchanged or refused: {@code service}, {@code bundle}, {@code from}, {@code to}, {@code adopted}, {@code findings}. */
    public static final String SWAP = PREFIX + "SWAP";
    /** The untagged traffic of a device goes to a domain: {@code device}, {@code domain}, {@code type}. */
    public static final String ATTACHED = PREFIX + "ATTACHED";
    /** It goes there no more: {@code device}, {@code domain}, {@code type}. */
    public static final String DETACHED = PREFIX + "DETACHED";
    /** An address space has a PASID: {@code device}, {@code space}, {@code pasid}. */
    public static final String PASID_ALLOCATED = PREFIX + "PASID_ALLOCATED";
    /** A PASID may be handed out again: {@code space}, {@code pasid}. */
    public static final String PASID_FREED = PREFIX + "PASID_FREED";
    /** A PASID that the client chose reaches a domain: {@code device}, {@code domain}, {@code pasid}. */
    public static final String PASID_ATTACHED = PREFIX + "PASID_ATTACHED";
    /** It reaches that domain no more: {@code device}, {@code domain}, {@code pasid}. */
    public static final String PASID_DETACHED = PREFIX + "PASID_DETACHED";
    /** A device shares the address space of a process: {@code device}, {@code process}, {@code pasid}. */
    public static final String BOUND = PREFIX + "BOUND";
    /** It does so no more: {@code device}, {@code process}, {@code pasid}. */
    public static final String UNBOUND = PREFIX + "UNBOUND";
    /** A page fault was not repaired, or the rest of its group did not come, in time: {@code device}, {@code pasid} (-1 for none). */
    public static final String PAGE_FAULT_TIMEOUT = PREFIX + "PAGE_FAULT_TIMEOUT";
    /** The hardware lost page requests, and devices ask again: {@code forgotten}, requests that waited for the rest of their group. */
    public static final String PAGE_REQUESTS_LOST = PREFIX + "PAGE_REQUESTS_LOST";
    /** A device reaches nothing until its reset is over: {@code device}. */
    public static final String RESET_BEGUN = PREFIX + "RESET_BEGUN";
    /** It is over: {@code device}, {@code complete} (false: not everything could be attached again). */
    public static final String RESET_DONE = PREFIX + "RESET_DONE";
    /** A group's DMA belongs to one owner: {@code group}, its number. */
    public static final String CLAIMED = PREFIX + "CLAIMED";
    /** It was given back: {@code group}. */
    public static final String RELEASED = PREFIX + "RELEASED";
    /** Dirty pages are noted, or no more: {@code space}, {@code on}. */
    public static final String DIRTY_TRACKING = PREFIX + "DIRTY_TRACKING";
    /** A driver drives an IOMMU that nobody drove before: {@code service}, {@code bundle}, {@code version}. */
    public static final String DRIVEN = PREFIX + "DRIVEN";
    /** The driver of an IOMMU left, and calls wait for another: {@code service}, {@code bundle}, {@code version}. */
    public static final String DRIVER_LEFT = PREFIX + "DRIVER_LEFT";
    /** An address space was taken from its client: {@code space}, {@code reason}. */
    public static final String REVOKED = PREFIX + "REVOKED";
    /** What was taken away cannot be freed yet: {@code space}, {@code fenced} (false: the client's fence is awaited). */
    public static final String QUARANTINED = PREFIX + "QUARANTINED";
    /** It was freed after all: {@code space}. */
    public static final String QUARANTINE_LEFT = PREFIX + "QUARANTINE_LEFT";
    /** More unmaps came than a flush queue has room for, and a client's thread had to flush: {@code space}. */
    public static final String FLUSH_QUEUE_OVERFLOW = PREFIX + "FLUSH_QUEUE_OVERFLOW";
    /** A space ended with mappings (while {@link MappingWatch} is on): {@code space}, {@code mappings}, {@code bytes}, {@code first}. */
    public static final String LEAK = PREFIX + "LEAK";
    /** A DMA faulted on memory just unmapped (while {@link MappingWatch} is on): {@code device}, {@code iova}, {@code mapped}, {@code unmapped}. */
    public static final String USE_AFTER_UNMAP = PREFIX + "USE_AFTER_UNMAP";

    /** All of them. */
    public static final List<String> ALL = List.of(
            FAULT,
            SWAP,
            ATTACHED,
            DETACHED,
            PASID_ALLOCATED,
            PASID_FREED,
            PASID_ATTACHED,
            PASID_DETACHED,
            BOUND,
            UNBOUND,
            PAGE_FAULT_TIMEOUT,
            PAGE_REQUESTS_LOST,
            RESET_BEGUN,
            RESET_DONE,
            CLAIMED,
            RELEASED,
            DIRTY_TRACKING,
            DRIVEN,
            DRIVER_LEFT,
            REVOKED,
            QUARANTINED,
            QUARANTINE_LEFT,
            FLUSH_QUEUE_OVERFLOW,
            LEAK,
            USE_AFTER_UNMAP);

    private Topics() {}
}
