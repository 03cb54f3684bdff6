package org.sluice.smmuv3.driver;

/**
 * Where the queues of an SMMU begin: as registers hold it, index and wrap bit.
 *
 * @param command both indices of the command queue, which is empty
 * @param events of the event queue
 * @param requests of the page request queue
 */
record QueuePositions(long command, Position events, Position requests) {
    /** A queue without records at index 0. */
    static final Position EMPTY = new Position(0, 0);

    /** Queues that were never used. */
    static final QueuePositions INITIAL = new QueuePositions(0, EMPTY, EMPTY);

    /**
     * Both indices of a queue that the SMMU fills.
     *
     * @param producer where the next record goes
     * @param consumer the next record to read
     */
    record Position(long producer, long consumer) {}
}
