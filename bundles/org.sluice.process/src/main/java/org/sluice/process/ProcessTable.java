package org.sluice.process;

import java.util.List;
import java.util.Optional;
import org.osgi.annotation.versioning.ProviderType;

/** Every process; a service. Any thread may call it. */
@ProviderType
public interface ProcessTable {
    /**
     * Starts a process with nothing in its address space.
     *
     * @param request where, and with what page table
     * @return the process
     * @throws org.sluice.api.IommuException ENODEV no such board; ENOMEM; the errors of the format. Nothing stays allocated.
     * @throws org.sluice.api.ProviderMissingException no bundle offers the page-table format
     */
    Process start(ProcessRequest request);

    /**
     * Finds a process.
     *
     * @param number its number
     * @return empty once it has exited
     */
    Optional<Process> process(long number);

    /**
     * Every process.
     *
     * @return a snapshot, by number
     */
    List<Process> processes();
}
