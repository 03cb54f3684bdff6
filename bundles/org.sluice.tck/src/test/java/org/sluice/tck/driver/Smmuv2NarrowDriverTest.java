package org.sluice.tck.driver;

import java.util.List;
import java.util.Map;
import org.sluice.memory.ResidentMemoryFactory;
import org.sluice.pgtable.arm.Stage1Format32;
import org.sluice.pgtable.arm.Stage2Format32;
import org.sluice.smmuv2.driver.Smmuv2Driver;
import org.sluice.smmuv2.model.Smmuv2ModelFactory;
import org.sluice.smmuv2.testkit.board.Smmuv2Board;
import org.sluice.spi.memory.MemoryRegion;

/** The driver of SMMUv2 on one that walks long tables of AArch32 only. */
class Smmuv2NarrowDriverTest extends DriverTck {
    @Override
    protected DriverUnderTest underTest() {
        return new DriverUnderTest(
                "the model of SMMUv2 without AArch64",
                new Smmuv2Driver(null),
                List.of(new Stage1Format32(), new Stage2Format32()),
                streamIds -> {
                    Smmuv2Board board = new Smmuv2Board(
                            "tck",
                            "arm,smmu-v2",
                            Map.of("idr2.PTFSV8_4K", 0, "idr2.PTFSV8_16K", 0, "idr2.PTFSV8_64K", 0),
                            streamIds,
                            new ResidentMemoryFactory(),
                            new MemoryRegion(BoardSource.MEMORY, BoardSource.MEMORY_BYTES),
                            new MemoryRegion(BoardSource.POOL, BoardSource.POOL_BYTES),
                            new Smmuv2ModelFactory());
                    return new BoardSource.Powered(board, board::close);
                });
    }
}
