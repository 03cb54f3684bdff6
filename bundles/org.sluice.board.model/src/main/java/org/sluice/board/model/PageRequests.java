package org.sluice.board.model;

import org.sluice.spi.board.AtsEndpoint.Response;
import org.sluice.spi.board.AtsModel;
import org.sluice.spi.board.AtsPageRequest;
import org.sluice.spi.board.Dma;
import org.sluice.spi.board.IommuModel;

/**
 * The page requests of an endpoint: one page a group, as many unanswered as its driver allows. Any thread; guarded by this,
 * but never while the IOMMU is called.
 */
final class PageRequests {
    private final AtsModel iommu;
    private final int streamId;
    private final boolean pasidExpected;
    // by group: null for a free one
    private final Group[] groups = new Group[AtsModel.GROUPS];
    private int next;
    private int allowed;
    private int unanswered;
    private boolean closed;

    private static final class Group {
        final int pasid;
        Response response;

        Group(int pasid) {
            this.pasid = pasid;
        }
    }

    /**
     * No requests yet, and none allowed.
     *
     * @param pasidExpected whether an answer in a PASID's name is known only by its PASID
     */
    PageRequests(AtsModel iommu, int streamId, boolean pasidExpected) {
        this.iommu = iommu;
        this.streamId = streamId;
        this.pasidExpected = pasidExpected;
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
     * Asks for a page, and waits for the answer.
     *
     * @param flags of the access
     * @return whether it is worth to try again
     */
    boolean request(int pasid, long address, int flags) {
        int index = begin(pasid);
        if (index < 0) {
            return false;
        }
        boolean write = (flags & IommuModel.WRITE) != 0;
        iommu.requestPage(
                streamId,
                new AtsPageRequest(
                        pasid,
                        address,
                        !write,
                        write,
                        (flags & Dma.EXECUTE) != 0,
                        (flags & Dma.PRIVILEGED) != 0,
                        true,
                        index));
        return await(index) == Response.SUCCESS;
    }

    // a free group; none if requests are off
    private synchronized int begin(int pasid) {
        boolean interrupted = false;
        while (!closed && allowed > 0 && unanswered >= allowed) {
            interrupted |= waitInterrupted();
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        if (closed || allowed == 0) {
            return -1;
        }
        while (groups[next] != null) {
            next = (next + 1) % groups.length;
        }
        int index = next;
        // in turn, so that an answer that comes late meets no other request for long
        next = (next + 1) % groups.length;
        groups[index] = new Group(pasid);
        unanswered++;
        return index;
    }

    private synchronized Response await(int index) {
        Group group = groups[index];
        boolean interrupted = false;
        while (group.response == null) {
            interrupted |= waitInterrupted();
        }
        groups[index] = null;
        unanswered--;
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
