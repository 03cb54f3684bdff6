package org.sluice.board.qemu;

import java.util.Map;
import org.sluice.memory.ResidentMemoryFactory;
import org.sluice.tck.driver.BoardSource;

/** Powers a board behind QEMU on without a container. */
public final class QemuBoardDoor {
    private QemuBoardDoor() {}

    /** What a program says of itself; fails in words if it is none. */
    public static String version(String binary) {
        return QemuProgram.find(binary).version().text();
    }

    /** A board with these properties, as the README of the bundle lists them. */
    public static BoardSource.Powered powerOn(Map<String, Object> properties) {
        QemuBoard board = new QemuBoard(QemuConfig.parse(properties), new ResidentMemoryFactory(), System.err::println);
        return new BoardSource.Powered(board, board::close);
    }
}
