package org.sluice.core.sva;

import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.api.ProviderMissingException;
import org.sluice.spi.sva.ProcessAddressSpace;
import org.sluice.spi.sva.ProcessAddressSpaces;

/** Who knows processes at this moment. Any thread may call it. */
public final class Processes {
    private final List<ProcessAddressSpaces> services = new CopyOnWriteArrayList<>();

    /** Nobody yet. */
    public Processes() {}

    /**
     * One came.
     *
     * @param service knows processes
     */
    public void add(ProcessAddressSpaces service) {
        services.add(service);
    }

    /**
     * One left; its processes exited before.
     *
     * @param service as added
     */
    public void remove(ProcessAddressSpaces service) {
        services.remove(service);
    }

    /**
     * Finds a process.
     *
     * @param process its number
     * @return its address space
     * @throws IommuException ESRCH nobody knows it, or it exits
     * @throws ProviderMissingException no bundle knows processes at all
     */
    public ProcessAddressSpace find(long process) {
        if (services.isEmpty()) {
            throw new ProviderMissingException(
                    "service of process address spaces",
                    "no bundle offers it, so there is no process " + process + "; nothing was bound");
        }
        return services.stream()
                .map(service -> service.find(process))
                .flatMap(Optional::stream)
                .findFirst()
                .orElseThrow(
                        () -> new IommuException(Errno.ESRCH, "process " + process + " is not there, or it exits"));
    }
}
