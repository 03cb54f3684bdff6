package org.sluice.board.model;

import org.sluice.spi.board.AtsEndpoint.Response;
import org.sluice.spi.board.AtsModel;
import org.sluice.spi.board.AtsPageRequest;
import org.sluice.spi.board.Dma;
import org.sluice.spi.board.IommuModel;

/**
 * The page requests of an endpoint: a group is the page that is missing and those behind it, as far as its driver allows so
 * many requests to be unanswered. Any thread; guarded by this, but never while the IOMMU is called.
 */
final class PageRequests {
    private static final long PAGE = 4096;

    private final AtsModel iommu;
    private final int streamId;
    private final boolean pasidExpected;
    private final int pages;
    // by group: null for a free one
    private final Group[] groups = new Group[AtsModel.GROUPS];
    private int next;
    private int allowed;
    private int unanswered;
    private boolean closed;

    private static final class Group {
        final int index;
        final int pasid;
        final int pages;
        Response response;

        Group(int index, int pasid, int pages) {
            this.index = index;
            this.pasid = pasid;
            this.pages = pages;
        }
    }

    /**
     * No requests yet, and none allowed.
     *
     * @param pasidExpected whether an answer in a PASID's name is known only by its PASID
     * @param pages in a group
     */
    PageRequests(AtsModel iommu, int streamId, boolean pasidExpected, int pages) {
        this.iommu = iommu;
        this.streamId = streamId;
        this.pasidExpected = pasidExpected;
        this.pages = pages;
    }

    synchronized void enable(int outstanding) {
        allowed = Math.min(outstanding, groups.length);
        notifyAll();
    }

    /** No requests from now on; those that wait have failed. */
    synchronized void disable() {
        allowed = 0;
        for (Group group : groups) {
            if (group != null && group.response == null) {
                group.response = Response.FAILURE;
            }
        }
        notifyAll();
    }

    /** Powered off, for good. */
    synchronized void close() {
        closed = true;
        disable();
    }

    /**
     * Asks for a page, and waits for the answer. If it may not have the pages behind it too, it asks for that one alone.
     *
     * @param flags of the access
     * @return whether it is worth to try again
     */
    boolean request(int pasid, long address, int flags) {
        Response response = request(pasid, address, flags, pages);
        if (response == Response.INVALID_REQUEST && pages > 1) {
            response = request(pasid, address, flags, 1);
        }
        return response == Response.SUCCESS;
    }

    private Response request(int pasid, long address, int flags, int wanted) {
        Group group = begin(pasid, wanted);
        if (group == null) {
            return Response.FAILURE;
        }
        boolean write = (flags & IommuModel.WRITE) != 0;
        for (int page = 0; page < group.pages; page++) {
            iommu.requestPage(
                    streamId,
                    new AtsPageRequest(
                            pasid,
                            address + page * PAGE,
                            !write,
                            write,
                            (flags & Dma.EXECUTE) != 0,
                            (flags & Dma.PRIVILEGED) != 0,
                            page == group.pages - 1,
                            group.index));
        }
        return await(group);
    }

    // null if requests are off
    private synchronized Group begin(int pasid, int wanted) {
        boolean interrupted = false;
        while (!closed && allowed > 0 && unanswered + Math.min(wanted, allowed) > allowed) {
            interrupted |= waitInterrupted();
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        if (closed || allowed == 0) {
            return null;
        }
        while (groups[next] != null) {
            next = (next + 1) % groups.length;
        }
        Group group = new Group(next, pasid, Math.min(wanted, allowed));
        // in turn, so that an answer that comes late meets no other request for long
        next = (next + 1) % groups.length;
        groups[group.index] = group;
        unanswered += group.pages;
        return group;
    }

    private synchronized Response await(Group group) {
        boolean interrupted = false;
        while (group.response == null) {
            interrupted |= waitInterrupted();
        }
        groups[group.index] = null;
        unanswered -= group.pages;
        notifyAll();
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        return group.response;
    }

    // only software ends a page request, as only it can on a bus
    private boolean waitInterrupted() {
        try {
            wait();
            return false;
        } catch (InterruptedException e) {
            return true;
        }
    }

    /** An answer; one that is not expected changes nothing. A failure ends all requests. */
    synchronized void respond(int pasid, int index, Response response) {
        if (response == Response.FAILURE) {
            disable();
            return;
        }
        Group group = index >= 0 && index < groups.length ? groups[index] : null;
        if (group == null || group.response != null) {
            return;
        }
        int expected = pasidExpected ? group.pasid : Dma.NO_PASID;
        if (pasid == expected) {
            group.response = response;
            notifyAll();
        }
    }
}
