package org.sluice.tck.driver;

import java.util.List;
import org.sluice.spi.board.Board;

/** Where boards come from. */
@FunctionalInterface
public interface BoardSource {
    /** First byte of a board's memory. */
    long MEMORY = 0x4000_0000L;

    /** Bytes of a board's memory: enough for an aligned 512 MiB block. */
    long MEMORY_BYTES = 0x2800_0000L;

    /** First byte of the part that the allocator has; the rest is the suite's. */
    long POOL = 0x6000_0000L;

    /** Bytes of that part. */
    long POOL_BYTES = 0x800_0000L;

    /**
     * Powers a board on, with an SMMUv3 or an SMMUv2 and with an endpoint for each StreamID, alone in its group. Memory and pool are as
     * the constants say.
     *
     * @param streamIds StreamIDs, in the order of the endpoints
     * @return a board in reset state
     */
    Powered powerOn(List<Integer> streamIds);

    /**
     * A board that is on.
     *
     * @param board the board
     * @param powerOff switches it off
     */
    record Powered(Board board, Runnable powerOff) {}
}
