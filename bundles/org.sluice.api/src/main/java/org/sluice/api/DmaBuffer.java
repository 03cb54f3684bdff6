package org.sluice.api;

import org.osgi.annotation.versioning.ProviderType;

/** Coherent memory of a device: allocated, zeroed and mapped in both directions until it is closed. */
@ProviderType
public interface DmaBuffer extends DmaMapping {
    /**
     * Where it is for the CPU.
     *
     * @return physical address in bytes
     */
    long physicalAddress();
}
