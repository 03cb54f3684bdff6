package org.sluice.board.model;

import java.util.Map;
import org.sluice.memory.ResidentMemoryFactory;
import org.sluice.smmuv3.model.Smmuv3ModelFactory;
import org.sluice.tck.driver.BoardSource;

/** Powers a model board on without a container. */
public final class ModelBoardDoor {
    private ModelBoardDoor() {}

    /** A board with these properties, as the README of the bundle lists them. */
    public static BoardSource.Powered powerOn(Map<String, Object> properties) {
        ModelBoard board =
                new ModelBoard(BoardConfig.parse(properties), new ResidentMemoryFactory(), new Smmuv3ModelFactory());
        return new BoardSource.Powered(board, board::close);
    }
}
