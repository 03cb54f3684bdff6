package org.sluice.tck;

import java.util.List;
import org.sluice.memory.ResidentMemoryFactory;
import org.sluice.spi.memory.MemoryFactory;

/** The toy without a defect passes: what {@link DefectTest} finds is the defect. */
class ToyTest extends PageTableFormatTck {
    static FormatUnderTest with(Defect defect) {
        return FormatUnderTest.of(new ToyFormat(defect), List.of(ToyFormat.CONFIG))
                .withProtections(Protections.exactly(prot -> prot))
                .withDirtyMarks(new DirtyMarks(ToyAbilities.DIRTY, 0, false))
                .withSplitting(config -> true);
    }

    @Override
    protected FormatUnderTest underTest() {
        return with(Defect.NONE);
    }

    @Override
    protected MemoryFactory memory() {
        return new ResidentMemoryFactory();
    }
}
