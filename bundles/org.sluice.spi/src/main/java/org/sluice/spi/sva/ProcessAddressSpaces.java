package org.sluice.spi.sva;

import java.util.Optional;
import org.osgi.annotation.versioning.ConsumerType;

/** Knows processes: a service. Any thread may call it. */
@ConsumerType
public interface ProcessAddressSpaces {
    /**
     * Finds the address space of a process.
     *
     * @param process number of the process
     * @return empty if there is none, or if it exits already
     */
    Optional<ProcessAddressSpace> find(long process);
}
