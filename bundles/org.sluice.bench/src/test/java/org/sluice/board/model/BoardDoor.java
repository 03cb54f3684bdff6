package org.sluice.board.model;

import java.util.Map;
import org.sluice.memory.ResidentMemoryFactory;
import org.sluice.smmuv3.model.Smmuv3ModelFactory;
import org.sluice.spi.board.Board;

/** Powers a model board on without a container, for benchmarks. */
public final class BoardDoor {
    /** What its IOMMU is. */
    public static final String COMPATIBLE = "arm,smmu-v3";

    private BoardDoor() {}

    /** A board with these properties, as the README of the bundle lists them. */
    public static Board powerOn(Map<String, Object> properties) {
        return new ModelBoard(BoardConfig.parse(properties), new ResidentMemoryFactory(), new Smmuv3ModelFactory());
    }
}
