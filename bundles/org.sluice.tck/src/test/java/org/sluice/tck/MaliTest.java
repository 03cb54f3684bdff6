package org.sluice.tck;

import java.util.List;
import org.sluice.api.Prot;
import org.sluice.memory.ResidentMemoryFactory;
import org.sluice.pgtable.arm.MaliFormat;
import org.sluice.spi.memory.MemoryFactory;
import org.sluice.spi.pgtable.PageTableConfig;

/** ARM_MALI_LPAE: four levels however few bits there are. */
class MaliTest extends PageTableFormatTck {
    @Override
    protected FormatUnderTest underTest() {
        return FormatUnderTest.of(
                        new MaliFormat(),
                        List.of(
                                new PageTableConfig("ARM_MALI_LPAE", 0x40201000L, 48, 40, true, 0),
                                new PageTableConfig("ARM_MALI_LPAE", 0x40201000L, 33, 40, false, 0)))
                .withProtections(Protections.exactly(prot -> prot & ~Prot.PRIV, Prot.WRITE))
                .withSplitting(config -> true);
    }

    @Override
    protected MemoryFactory memory() {
        return new ResidentMemoryFactory();
    }
}
