package org.sluice.smmuv3.model;

import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.spi.board.AtsEndpoint;
import org.sluice.spi.board.AtsModel;

/**
 * Endpoints with a device TLB by StreamID. Any thread. An endpoint that throws is one that does not answer: neither commands
 * nor other endpoints come to harm.
 */
final class AtsPorts {
    private final ConcurrentMap<Integer, AtsEndpoint> endpoints = new ConcurrentHashMap<>();

    AtsModel.Connection connect(int streamId, AtsEndpoint endpoint) {
        if (endpoints.putIfAbsent(streamId, endpoint) != null) {
            throw new IommuException(
                    Errno.EBUSY, String.format("StreamID 0x%x has an endpoint with a device TLB already", streamId));
        }
        return () -> endpoints.remove(streamId, endpoint);
    }

    /**
     * Sends an invalidation request.
     *
     * @return false for a time-out; where nobody is, the request is unsupported, which is none
     */
    boolean invalidate(int streamId, int substreamId, boolean global, long address, int log2bytes) {
        AtsEndpoint endpoint = endpoints.get(streamId);
        if (endpoint == null) {
            return true;
        }
        try {
            return endpoint.invalidate(substreamId, global, address, log2bytes);
        } catch (RuntimeException e) {
            report(e);
            return false;
        }
    }

    /** Answers a page request group. */
    void respond(int streamId, int substreamId, int group, AtsEndpoint.Response response) {
        AtsEndpoint endpoint = endpoints.get(streamId);
        if (endpoint != null) {
            try {
                endpoint.respond(substreamId, group, response);
            } catch (RuntimeException e) {
                report(e);
            }
        }
    }

    private static void report(RuntimeException defect) {
        Thread thread = Thread.currentThread();
        thread.getUncaughtExceptionHandler().uncaughtException(thread, defect);
    }
}
