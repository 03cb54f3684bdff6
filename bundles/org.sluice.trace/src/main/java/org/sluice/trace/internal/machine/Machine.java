package org.sluice.trace.internal.machine;

import java.util.Map;
import java.util.Optional;
import org.sluice.api.Iommu;
import org.sluice.process.ProcessTable;
import org.sluice.spi.board.Board;

/** A running machine with everything that a replay needs. Closing it powers it off. */
public interface Machine extends AutoCloseable {
    /**
     * The platform's entrance.
     *
     * @return the core
     */
    Iommu iommu();

    /**
     * The board.
     *
     * @return the board
     */
    Board board();

    /**
     * Its devices.
     *
     * @return by name, in the order of the trace
     */
    Map<String, Stream> streams();

    /**
     * What its IOMMU reported.
     *
     * @return the log
     */
    FaultLog faults();

    /**
     * Counters of its IOMMU.
     *
     * @return values by name, now
     */
    Map<String, Long> counters();

    /**
     * Processes in its memory.
     *
     * @return empty while no bundle offers any
     */
    Optional<ProcessTable> processes();

    @Override
    void close();
}
