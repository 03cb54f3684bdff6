package org.sluice.tck.driver;

import java.util.List;
import java.util.Map;
import org.sluice.memory.ResidentMemoryFactory;
import org.sluice.pgtable.arm.Stage1Format;
import org.sluice.pgtable.arm.Stage2Format;
import org.sluice.smmuv2.driver.Smmuv2Driver;
import org.sluice.smmuv2.model.Smmuv2ModelFactory;
import org.sluice.smmuv2.testkit.board.Smmuv2Board;
import org.sluice.spi.memory.MemoryRegion;

/** The driver of SMMUv2 on the model of one with everything. */
class Smmuv2DriverTest extends DriverTck {
    @Override
    protected DriverUnderTest underTest() {
        return new DriverUnderTest(
                "the model of SMMUv2",
                new Smmuv2Driver(null),
                List.of(new Stage1Format(), new Stage2Format()),
                streamIds -> {
                    Smmuv2Board board = new Smmuv2Board(
                            "tck",
                            "arm,smmu-v2",
                            Map.of("profile", "full"),
                            streamIds,
                            new ResidentMemoryFactory(),
                            new MemoryRegion(BoardSource.MEMORY, BoardSource.MEMORY_BYTES),
                            new MemoryRegion(BoardSource.POOL, BoardSource.POOL_BYTES),
                            new Smmuv2ModelFactory());
                    return new BoardSource.Powered(board, board::close);
                });
    }
}
