package org.sluice.trace;

import org.osgi.annotation.versioning.ProviderType;

/**
 * Replays DMA traces: builds a machine for the devices and the physical pages that a trace names, sends every event of the
 * trace through the core, and proves the outcome by DMA. A service.
 *
 * <p>Any thread may call it; replays run one after the other, since the devices of two traces may have the same names.
 */
@ProviderType
public interface TraceReplay {
    /**
     * Replays captures, one after the other, each on a machine of its own.
     *
     * @param request what to replay and how
     * @param progress is told how far it is, on the calling thread
     * @return what happened; wrong behaviour of the platform is a mismatch in the report, not an exception
     * @throws org.sluice.api.IommuException EINVAL a file or folder that is no capture, a truncated {@code .gz}, or with
     *     {@link ReplayRequest#strict()} the first malformed line; ENODEV the machine did not come up, naming what is
     *     missing
     */
    ReplayReport replay(ReplayRequest request, ReplayProgress progress);
}
