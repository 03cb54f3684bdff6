package org.sluice.api;

import org.osgi.annotation.versioning.ProviderType;

/** A streaming mapping as an object, for clients that would rather close something than remember its address and size. */
@ProviderType
public interface DmaMapping extends AutoCloseable {
    /**
     * What the device is told.
     *
     * @return DMA address in bytes
     */
    long address();

    /**
     * Length.
     *
     * @return bytes
     */
    long size();

    /**
     * Which way data goes.
     *
     * @return the direction
     */
    DmaDirection direction();

    /** Unmaps it, from the domain where it was mapped even if the device moved on; the second time nothing happens. */
    @Override
    void close();
}
