package org.sluice.process.internal;

import org.sluice.spi.board.Board;
import org.sluice.spi.pgtable.PageTableFormat;

/** Gives the component what the registry would give it. */
public final class ProcessesDoor {
    private ProcessesDoor() {}

    public static Processes open(Board board, PageTableFormat format) {
        Processes processes = new Processes();
        processes.addBoard(board);
        processes.addFormat(format);
        return processes;
    }
}
